"""The tool centre point from touching one fixed point from several sides."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mt3.errors import CalibrationError
from mt3.geometry import SE3
from mt3.types import FloatArray, IntArray, require_positive

_FEWEST_TOUCHES = 4  # three leave no error to judge by; one is left out in turn
_FAR_FACTOR, _FAR_M = 4.0, 0.0015  # a touch off by this many medians, and so far, is wrong


@dataclass(frozen=True, slots=True)
class ToolPointRules:
    """What a tool centre point must reach.

    Args:
        min_touches: So many at least, those that were left out not counted.
        min_rotation: Root mean square turn in radians, roughly, that moves every line through the
            flange: the point cannot be seen along an axis that all turns share.
        max_error_m: Leave-one-out error, root mean square.
        max_uncertain_m: Standard error of the point.
        max_rejected_share: Of the touches.

    Raises:
        ConfigurationError: A value that is no positive number.
    """

    min_touches: int = 6
    min_rotation: float = math.radians(12.0)
    max_error_m: float = 0.002
    max_uncertain_m: float = 0.001
    max_rejected_share: float = 0.25

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            require_positive(field.name, getattr(self, field.name))


@dataclass(frozen=True, slots=True, eq=False)
class ToolPointResult:
    """A tool centre point, good or not.

    Args:
        p_flange: The point in the flange, (3,), metres.
        p_B: The touched point in the arm's base, (3,), metres.
        used: Indices of the touches that it comes from.
        rejected: Indices of those that contradict them.
        error_m: From the point as each touch shows it to where the others put it, root mean square.
        uncertain_m: Standard error of ``p_flange``.
        rotation: As in ``ToolPointRules``.
        shortcomings: Why it may not be used, and what to add; empty for a good one.
    """

    p_flange: FloatArray
    p_B: FloatArray
    used: tuple[int, ...]
    rejected: tuple[int, ...]
    error_m: float
    uncertain_m: float
    rotation: float
    shortcomings: tuple[str, ...]

    @property
    def trusted(self) -> bool:
        """Whether it may be used."""
        return not self.shortcomings

    def require(self) -> FloatArray:
        """The point in the flange, (3,), of a result that may be used.

        Raises:
            CalibrationError: It may not be; the message says why, and what to add.
        """
        if self.shortcomings:
            raise CalibrationError("tool: " + "; ".join(self.shortcomings))
        return self.p_flange


def estimate_tool_point(
    T_BF: Sequence[SE3], rules: ToolPointRules | None = None
) -> ToolPointResult:
    """Find the point of the tool that was at the same place in every pose of the flange.

    Args:
        T_BF: Poses of the flange in the arm's base, one for each touch.
        rules: What must be reached; the defaults of ``ToolPointRules`` where left out.

    Raises:
        CalibrationError: Too few touches to find anything.

    Source:
        Least squares over ``R_i t + p_i = c``, the algebraic one step method of Z. Yaniv, Which
        pivot calibration?, SPIE Medical Imaging 2015.
    """
    rules = ToolPointRules() if rules is None else rules
    if len(T_BF) < _FEWEST_TOUCHES:
        raise CalibrationError(
            f"tool: got {len(T_BF)} touches, expected at least {rules.min_touches}"
        )
    poses = np.stack([pose.matrix for pose in T_BF])
    used = np.arange(len(poses))
    while True:
        errors_m = _leave_one_out(poses[used])
        wrong = int(np.argmax(errors_m))
        far_m = max(_FAR_M, _FAR_FACTOR * float(np.median(errors_m)))
        if len(used) == _FEWEST_TOUCHES or errors_m[wrong] <= far_m:
            break
        used = np.delete(used, wrong)
    return _judged(poses, used, errors_m, rules)


def _judged(
    poses: FloatArray, used: IntArray, errors_m: FloatArray, rules: ToolPointRules
) -> ToolPointResult:
    kept = poses[used]
    p_flange, p_B = _pivot(kept)
    spread, axes = _rotation(kept)
    gaps = kept[:, :3, :3] @ p_flange + kept[:, :3, 3] - p_B
    noise_m2 = float((gaps**2).sum()) / (3 * len(kept) - 6)
    uncertain_m = math.sqrt(
        noise_m2 / len(kept) * float((1.0 / np.maximum(spread, 1e-6) ** 2).sum())
    )
    result = ToolPointResult(
        p_flange,
        p_B,
        tuple(int(k) for k in used),
        tuple(k for k in range(len(poses)) if k not in used),
        float(np.sqrt((errors_m**2).mean())),
        uncertain_m,
        float(spread[0]),
        (),
    )
    return dataclasses.replace(result, shortcomings=_shortcomings(result, axes[:, 0], rules))


def _pivot(poses: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The point in the flange and in the base, (3,) each, that fits (n, 4, 4) poses best."""
    count = len(poses)
    A = np.concatenate(
        [poses[:, :3, :3], np.broadcast_to(-np.eye(3), (count, 3, 3))], axis=2
    ).reshape(-1, 6)
    found = np.linalg.lstsq(A, -poses[:, :3, 3].ravel(), rcond=None)[0]
    return found[:3], found[3:]


def _leave_one_out(poses: FloatArray) -> FloatArray:
    """Distance of each touch from where the others put the point, (n,), metres."""
    errors = np.empty(len(poses))
    for k, pose in enumerate(poses):
        p_flange, p_B = _pivot(np.delete(poses, k, axis=0))
        errors[k] = np.linalg.norm(pose[:3, :3] @ p_flange + pose[:3, 3] - p_B)
    return errors


def _rotation(poses: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How much the turns move directions of the flange, (3,) rising, and which, columns (3, 3)."""
    R = poses[:, :3, :3]
    off = R - R.mean(axis=0)
    values, axes = np.linalg.eigh(np.einsum("nji,njk->ik", off, off) / len(R))
    return np.sqrt(np.maximum(values, 0.0)), axes


def _shortcomings(
    result: ToolPointResult, still: FloatArray, rules: ToolPointRules
) -> tuple[str, ...]:
    """Why a result may not be used; ``still`` is the direction of the flange that turns least."""
    found = []
    total = len(result.used) + len(result.rejected)
    if len(result.used) < rules.min_touches:
        found.append(f"got {len(result.used)} good touches, expected at least {rules.min_touches}")
    if len(result.rejected) > rules.max_rejected_share * total:
        found.append(
            f"{len(result.rejected)} of {total} touches contradict the others, expected at most "
            f"{rules.max_rejected_share:.0%}: did the point move?"
        )
    if result.rotation < rules.min_rotation:
        axis = "xyz"[int(np.argmax(np.abs(still)))]
        found.append(
            f"too little rotation, about {math.degrees(result.rotation):.1f} deg for the flange's "
            f"{axis} axis, expected at least {math.degrees(rules.min_rotation):.0f}: add touches "
            f"with the flange's {axis} axis tipped by 30 deg to several sides"
        )
    if result.error_m > rules.max_error_m:
        found.append(
            f"leave-one-out error {1e3 * result.error_m:.2f} mm, expected at most "
            f"{1e3 * rules.max_error_m:g}: touch a sharper point, more slowly"
        )
    if result.uncertain_m > rules.max_uncertain_m:
        found.append(
            f"uncertain to {1e3 * result.uncertain_m:.2f} mm, expected at most "
            f"{1e3 * rules.max_uncertain_m:g}: add touches, tipped farther to more sides"
        )
    return tuple(found)
