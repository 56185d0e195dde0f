"""How fast the tool moves at full deflection, in steps."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mt3.errors import ConfigurationError
from mt3.types import FloatArray, require_finite_setting, require_positive


@dataclass(frozen=True, slots=True)
class OperatorSpeed:
    """Full speeds, and the shares of them that a person can choose.

    Args:
        speed_m_s: At full deflection and a share of 1.
        speed_rad_s: The same for turning.
        shares: Steps from slow to fast, rising, over 0 and up to 1; the first is the precise one.
        start: Which of them it begins with, from 0.

    Raises:
        ConfigurationError: A value out of range.
    """

    speed_m_s: float
    speed_rad_s: float
    shares: Sequence[float]
    start: int

    def __post_init__(self) -> None:
        for name in ("speed_m_s", "speed_rad_s"):
            require_finite_setting(name, getattr(self, name))
        require_positive("speed_m_s", self.speed_m_s)
        require_positive("speed_rad_s", self.speed_rad_s)
        for share in self.shares:
            require_finite_setting("shares", share)
        shares = tuple(self.shares)
        rises = all(a < b for a, b in zip((0.0, *shares), shares, strict=False))
        if not shares or not rises or not shares[-1] <= 1.0:
            raise ConfigurationError(
                f"shares: got {list(shares)}, expected rising numbers over 0 and up to 1"
            )
        whole = isinstance(self.start, int) and not isinstance(self.start, bool)
        if not whole or not 0 <= self.start < len(shares):
            raise ConfigurationError(
                f"start: got {self.start!r}, expected a whole number from 0 to {len(shares) - 1}"
            )
        object.__setattr__(self, "shares", shares)

    def twist(self, deflection: FloatArray, step: int) -> FloatArray:
        """The twist, (6,), m/s and rad/s, of a deflection, (6,), each -1 to 1.

        Moving and turning are each bounded as a whole: a diagonal is no faster than an axis.
        """
        speeds = (self.speed_m_s * self.shares[step], self.speed_rad_s * self.shares[step])
        parts = zip(deflection.reshape(2, 3), speeds, strict=True)
        return np.concatenate([part * (v / max(1.0, math.hypot(*part))) for part, v in parts])
