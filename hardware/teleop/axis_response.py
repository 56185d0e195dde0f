"""How far an axis of a stick counts as deflected."""

import math
from dataclasses import dataclass

from mt3.errors import ConfigurationError
from mt3.types import require_finite_setting


@dataclass(frozen=True, slots=True)
class AxisResponse:
    """Dead zone about the middle, then a curve: fine near the middle, full at the stop.

    Args:
        dead_zone: Share of the way that counts as the middle, from 0 to under 1.
        exponent: Of the curve: 1 straight, 2 finer near the middle; from 1.

    Raises:
        ConfigurationError: A value out of range.
    """

    dead_zone: float
    exponent: float

    def __post_init__(self) -> None:
        for name in ("dead_zone", "exponent"):
            require_finite_setting(name, getattr(self, name))
        if not 0.0 <= self.dead_zone < 1.0:
            raise ConfigurationError(f"dead_zone: got {self.dead_zone}, expected 0 to under 1")
        if not 1.0 <= self.exponent < math.inf:
            raise ConfigurationError(f"exponent: got {self.exponent}, expected at least 1")

    def apply(self, value: float) -> float:
        """From the raw deflection to the one that counts, both -1 to 1; continuous, odd, rising."""
        beyond = (min(abs(value), 1.0) - self.dead_zone) / (1.0 - self.dead_zone)
        return math.copysign(beyond**self.exponent, value) if beyond > 0.0 else 0.0
