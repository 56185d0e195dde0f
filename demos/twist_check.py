"""Whether recorded poses and times agree with the velocities the arm itself reports.

Twists computed from poses and times return those poses whatever the clock, so only a second source
can show a wrong rate or frame.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mt3.geometry import compute_body_twists
from mt3.types import FloatArray

_SCALE_TOLERANCE = 0.05
_ANGLE_TOLERANCE_RAD = np.deg2rad(5.0)
_MIN_MOVING_SAMPLES = 10
_MIN_LINEAR_MPS = 0.02
_MIN_ANGULAR_RADPS = 0.1


@dataclass(frozen=True, slots=True)
class TwistAgreement:
    """How far one part of the reported twists agrees with the poses' differences.

    Args:
        samples: Intervals that moved well above noise, and were compared.
        scale: Median of reported over differenced speed.
        angle_rad: Median angle between the two directions.
    """

    samples: int
    scale: float
    angle_rad: float

    @property
    def ok(self) -> bool:
        """Whether both are within tolerance."""
        return abs(self.scale - 1.0) <= _SCALE_TOLERANCE and self.angle_rad <= _ANGLE_TOLERANCE_RAD


@dataclass(frozen=True, slots=True)
class TwistCheck:
    """Agreement of linear and angular part; None where hardly anything moved, or none reported."""

    linear: TwistAgreement | None
    angular: TwistAgreement | None

    def defects(self) -> list[str]:
        """What disagrees, in words."""
        parts = (("linear", self.linear), ("angular", self.angular))
        return [
            f"V_BE_E: the reported {name} velocity is {part.scale:.2f} times and "
            f"{np.rad2deg(part.angle_rad):.1f} deg off that of the poses and times over "
            f"{part.samples} samples, expected within 5 % and 5 deg (a wrong rate or frame?)"
            for name, part in parts
            if part is not None and not part.ok
        ]

    def as_json(self) -> dict[str, Any]:
        """The record's ``twist_check`` attribute."""
        if self.linear is None and self.angular is None:
            return {"status": "not possible"}
        return {"status": "failed" if self.defects() else "passed", **asdict(self)}


def compare_twists(t_s: FloatArray, T_BE: FloatArray, V_BE_E: FloatArray | None) -> TwistCheck:
    """Compare reported twists with differences of poses.

    A difference is a mean over its interval and a reported twist a moment's, so each difference
    is held against the mean of the reports at its two ends. Medians over the intervals that moved
    keep a few samples of contact or latency from deciding.

    Args:
        t_s: Times of the interaction, (T,).
        T_BE: Tool poses, (T, 4, 4).
        V_BE_E: Reported twists, (T, 6), m/s and rad/s in E, or None.
    """
    if V_BE_E is None or len(t_s) < 2:
        return TwistCheck(None, None)
    differenced = compute_body_twists(T_BE, t_s)
    reported = 0.5 * (V_BE_E[:-1] + V_BE_E[1:])
    return TwistCheck(
        _agreement(differenced[:, :3], reported[:, :3], _MIN_LINEAR_MPS),
        _agreement(differenced[:, 3:], reported[:, 3:], _MIN_ANGULAR_RADPS),
    )


def _agreement(
    differenced: FloatArray, reported: FloatArray, min_speed: float
) -> TwistAgreement | None:
    speeds = np.linalg.norm(differenced, axis=1)
    reported_speeds = np.linalg.norm(reported, axis=1)
    moving = np.maximum(speeds, reported_speeds) > min_speed
    if moving.sum() < _MIN_MOVING_SAMPLES:
        return None
    floor = 1e-3 * min_speed
    speeds = np.maximum(speeds[moving], floor)
    reported_speeds = np.maximum(reported_speeds[moving], floor)
    dots = np.einsum("ij,ij->i", differenced[moving], reported[moving])
    angles = np.arccos(np.clip(dots / (speeds * reported_speeds), -1.0, 1.0))
    scale = float(np.median(reported_speeds / speeds))
    return TwistAgreement(int(moving.sum()), scale, float(np.median(angles)))
