"""A fixed rate without drift."""

import math
from dataclasses import dataclass, field

import numpy as np

from mt3.interfaces import Clock


@dataclass(frozen=True, slots=True)
class Punctuality:
    """How well the ticks of a loop kept their times.

    Args:
        ticks: How many there were.
        missed: Deadlines that had passed before they could be waited for; they were left out.
        late_p99_s: 99 % of the ticks came at most so long after their deadlines.
        late_p999_s: 99.9 % did.
        late_max_s: All did.
    """

    ticks: int = 0
    missed: int = 0
    late_p99_s: float = 0.0
    late_p999_s: float = 0.0
    late_max_s: float = 0.0


@dataclass(slots=True, eq=False)
class Ticker:
    """Deadlines at multiples of a period from the first one on.

    A deadline that has passed is left out and counted: the loop goes on at the next one, on the
    same grid, and never runs a burst to catch up.

    Args:
        clock: To sleep on.
        rate_hz: Deadlines a second.
    """

    clock: Clock
    rate_hz: float
    missed: int = 0
    _start_s: float = field(default=math.nan, init=False)
    _number: int = field(default=0, init=False)
    _late_s: list[float] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._start_s = self.clock.now_s()

    def wait(self) -> float:
        """Sleep until the next deadline that has not passed, and return the time then."""
        passed = math.floor((self.clock.now_s() - self._start_s) * self.rate_hz + 1e-6)
        self.missed += max(0, passed - self._number)
        self._number = max(passed, self._number) + 1
        deadline_s = self._start_s + self._number / self.rate_hz
        self.clock.sleep_until(deadline_s)
        now_s = self.clock.now_s()
        self._late_s.append(now_s - deadline_s)
        return now_s

    def punctuality(self) -> Punctuality:
        """How well the ticks so far kept their times."""
        if not self._late_s:
            return Punctuality()
        p99, p999 = np.quantile(self._late_s, (0.99, 0.999))
        worst = max(self._late_s)
        return Punctuality(len(self._late_s), self.missed, float(p99), float(p999), worst)
