"""How fast a tool moves, and how fast it may."""

from dataclasses import dataclass

import numpy as np

from mt3.errors import ConfigurationError
from mt3.geometry import compute_body_twists
from mt3.types import FloatArray


@dataclass(frozen=True, slots=True)
class ToolLimits:
    """Largest speeds and accelerations of E.

    Args:
        speed_m_s: Of its position.
        angular_speed_rad_s: Of its rotation.
        acceleration_m_s2: Of its position.
        angular_acceleration_rad_s2: Of its rotation.

    Raises:
        ConfigurationError: A value that is not positive.
    """

    speed_m_s: float
    angular_speed_rad_s: float
    acceleration_m_s2: float
    angular_acceleration_rad_s2: float

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not (np.isfinite(value := getattr(self, name)) and value > 0):
                raise ConfigurationError(f"{name}: got {value}, expected a positive number")

    def scaled(self, share: float) -> "ToolLimits":
        """A share of every limit."""
        return ToolLimits(*(share * getattr(self, name) for name in self.__slots__))

    @property
    def speeds(self) -> FloatArray:
        """Linear and angular speed, (2,), m/s and rad/s."""
        return np.array([self.speed_m_s, self.angular_speed_rad_s])

    @property
    def accelerations(self) -> FloatArray:
        """Linear and angular acceleration, (2,), m/s2 and rad/s2."""
        return np.array([self.acceleration_m_s2, self.angular_acceleration_rad_s2])


@dataclass(frozen=True, slots=True, eq=False)
class ToolPeaks:
    """Largest speeds and accelerations of E along a motion.

    Args:
        speeds: Linear and angular, (2,), m/s and rad/s.
        accelerations: Linear and angular, (2,), m/s2 and rad/s2.
    """

    speeds: FloatArray
    accelerations: FloatArray

    @classmethod
    def of(cls, t_s: FloatArray, T_AE: FloatArray, *, rests_at_ends: bool) -> "ToolPeaks":
        """Peaks between samples.

        Args:
            t_s: Times, (N,), strictly increasing, N >= 2.
            T_AE: Poses of E in any resting frame, (N, 4, 4).
            rests_at_ends: Whether to count the acceleration from rest to the first interval, and
                from the last one to rest.
        """
        V, dt_s = compute_body_twists(T_AE, t_s), np.diff(t_s)
        if rests_at_ends:
            V, dt_s = np.pad(V, ((1, 1), (0, 0))), np.pad(dt_s, 1)
        A = np.diff(V, axis=0) / (0.5 * (dt_s[:-1] + dt_s[1:]))[:, None]
        speeds, accelerations = (
            np.linalg.norm(rows.reshape(-1, 2, 3), axis=2).max(axis=0, initial=0.0)
            for rows in (V, A)
        )
        return cls(speeds, accelerations)

    def slowing(self, limits: ToolLimits) -> float:
        """Factor, at least 1, by which time must be stretched to stay within limits."""
        return float(
            max(
                1.0,
                (self.speeds / limits.speeds).max(),
                np.sqrt(self.accelerations / limits.accelerations).max(),
            )
        )
