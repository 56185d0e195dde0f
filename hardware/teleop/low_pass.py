"""Smoothing of what a hand asks for."""

import math

import numpy as np

from mt3.errors import ConfigurationError
from mt3.types import FloatArray, require_finite_setting

_LONGEST_GAP_S = 0.25
_REST = 0.01  # of full deflection: below it, what decays to zero is zero


class LowPass:
    """A first-order filter over time, for deflections from -1 to 1.

    It starts from zero, and starts again after a gap of over 0.25 s or where time went back: what
    was asked for before is of no account then. Asked for zero, it is exactly zero once it has
    decayed to 1 % of the range, after at most 4.7 time constants.

    Args:
        time_constant_s: In which it goes 63 % of the way; 0 does not smooth.

    Raises:
        ConfigurationError: Not a number of at least 0.
    """

    def __init__(self, time_constant_s: float) -> None:
        require_finite_setting("smoothing_s", time_constant_s)
        if time_constant_s < 0.0:
            raise ConfigurationError(f"smoothing_s: got {time_constant_s}, expected at least 0")
        self._time_constant_s = time_constant_s
        self.reset()

    def reset(self) -> None:
        """Start from zero."""
        self._last_s: float | None = None
        self._value: FloatArray = np.zeros(6)

    def apply(self, wanted: FloatArray, t_s: float) -> FloatArray:
        """The smoothed value, (6,).

        Args:
            wanted: (6,), each -1 to 1, since the last call.
            t_s: Now, on any steady clock.
        """
        if self._time_constant_s == 0.0:
            return wanted.copy()
        dt_s = 0.0 if self._last_s is None else t_s - self._last_s
        if not 0.0 <= dt_s <= _LONGEST_GAP_S:
            self.reset()
            dt_s = 0.0
        self._last_s = t_s
        share = -math.expm1(-dt_s / self._time_constant_s)
        self._value = self._value + share * (wanted - self._value)
        if not wanted.any() and np.abs(self._value).max() < _REST:
            self._value = np.zeros(6)
        return self._value.copy()
