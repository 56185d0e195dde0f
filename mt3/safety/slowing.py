"""How much slower a demonstrated interaction must be replayed to stay within the limits."""

import numpy as np

from mt3.geometry import compute_body_twists
from mt3.motion.robot_model import RobotModel
from mt3.motion.tool_limits import ToolPeaks
from mt3.safety.joint_peaks import JointPeaks
from mt3.safety.limits import SafetyLimits
from mt3.safety.motion_limits import MotionLimits
from mt3.types import FloatArray

_LEAST_SHARE = 0.05  # of the speed limits; plans keep away from where less is left


def required_slowing(
    model: RobotModel,
    limits: SafetyLimits,
    t_s: FloatArray,
    T_WE: FloatArray,
    joints: FloatArray,
    share: float,
    *,
    rests_at_ends: bool = False,
) -> float:
    """Factor, at least 1, by which time is stretched so that a reference stays within limits.

    Args:
        model: The arm.
        limits: Its limits.
        t_s: Times of the reference, (N,), strictly increasing, N >= 2.
        T_WE: Its tool poses in W, (N, 4, 4).
        joints: The joints that follow it, (N, n), rad.
        share: Of every limit that may be used, in (0, 1].
        rests_at_ends: Whether the tool rests before the first sample and after the last one.
    """
    tool = ToolPeaks.of(t_s, T_WE, rests_at_ends=rests_at_ends)
    joint = JointPeaks.of(t_s, joints, rests_at_ends=rests_at_ends)
    motion = MotionLimits.of(model, limits)
    faster = joint.speeds / (share * motion.joint_speeds)
    towards_singular = _singular_slowing(model, limits, motion, t_s, T_WE, joints) / share
    harder = np.sqrt(joint.accelerations / (share * motion.joint_accelerations))
    return max(
        tool.slowing(limits.tool.scaled(share)),
        float(faster.max()),
        float(harder.max()),
        towards_singular,
    )


def _singular_slowing(
    model: RobotModel,
    limits: SafetyLimits,
    motion: MotionLimits,
    t_s: FloatArray,
    T_WE: FloatArray,
    joints: FloatArray,
) -> float:
    """How many times faster than the gate lets it the arm comes near a singular posture."""
    dt_s = np.diff(t_s)[:, None]
    tool_speeds = np.linalg.norm(compute_body_twists(T_WE, t_s).reshape(-1, 2, 3), axis=2)
    used = np.hstack(
        [
            tool_speeds / motion.tool_speeds,
            np.abs(np.diff(joints, axis=0)) / dt_s / motion.joint_speeds,
        ]
    ).max(axis=1)
    conditions = np.array([model.condition(q) for q in joints])
    allowed = np.array([limits.share_at(condition) for condition in conditions])
    left = np.maximum(np.minimum(allowed[:-1], allowed[1:]), _LEAST_SHARE)
    return float(np.where(np.diff(conditions) > 0.0, used / left, 0.0).max(initial=0.0))
