"""How much slower a demonstrated interaction must be replayed to stay within the limits."""

import numpy as np

from mt3.motion.robot_model import RobotModel
from mt3.motion.tool_limits import ToolPeaks
from mt3.safety.joint_peaks import JointPeaks
from mt3.safety.limits import SafetyLimits
from mt3.safety.motion_limits import MotionLimits
from mt3.types import FloatArray


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
    harder = np.sqrt(joint.accelerations / (share * motion.joint_accelerations))
    return max(tool.slowing(limits.tool.scaled(share)), float(faster.max()), float(harder.max()))
