"""How sure a share of successes is."""

from dataclasses import dataclass

import numpy as np

from mt3.errors import ConfigurationError

_Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Share:
    """Successes out of trials, with Wilson's 95 % interval.

    Args:
        successes: Of the trials.
        trials: How many there were.

    Raises:
        ConfigurationError: Negative, or more successes than trials.

    Source: Wilson, Probable Inference, the Law of Succession, and Statistical Inference, 1927.
    """

    successes: int
    trials: int

    def __post_init__(self) -> None:
        if not 0 <= self.successes <= self.trials:
            raise ConfigurationError(
                f"successes: got {self.successes} of {self.trials}, expected 0 to {self.trials}"
            )

    @property
    def value(self) -> float | None:
        """The share, None without trials."""
        return self.successes / self.trials if self.trials else None

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper bound at 95 %; everything is possible without trials."""
        if not self.trials:
            return 0.0, 1.0
        n, p, z2 = self.trials, self.successes / self.trials, _Z_95**2
        centre = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = _Z_95 / (1 + z2 / n) * float(np.sqrt(p * (1 - p) / n + z2 / (4 * n**2)))
        lower = 0.0 if self.successes == 0 else centre - half
        upper = 1.0 if self.successes == n else centre + half
        return lower, upper

    def as_json(self) -> dict[str, float | int | list[float] | None]:
        """Counts, share and interval."""
        return {
            "successes": self.successes,
            "trials": self.trials,
            "share": self.value,
            "interval_95": list(self.interval),
        }

    def __str__(self) -> str:
        if self.value is None:
            return "-"
        lower, upper = self.interval
        bounds = f"{100 * lower:.0f}-{100 * upper:.0f}"
        return f"{self.value:.0%} [{bounds}] {self.successes}/{self.trials}"
