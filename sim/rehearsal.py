"""Whether an arm that is moved by twists can go somewhere, tried out on its kinematics alone."""

from collections.abc import Sequence

import numpy as np

from mt3.geometry import SE3, interpolate_poses
from mt3.types import FloatArray
from sim.kinematics import ChainKinematics

_STEP_S = 0.05
_JOINT_MARGIN_RAD = 0.15
_TOLERANCE_M = 0.01
_ENDS = np.array([0.0, 1.0])


def can_visit(
    kinematics: ChainKinematics,
    joints: FloatArray,
    goals_T_BE: Sequence[SE3],
    durations_s: Sequence[float],
) -> bool:
    """Whether straight moves to all goals stay inside the joint range and arrive.

    Args:
        kinematics: Of the arm.
        joints: Where it starts, (n,), rad.
        goals_T_BE: Poses of E in B, in order.
        durations_s: Of the move to each goal.
    """
    start = kinematics.forward(joints)
    for goal, duration_s in zip(goals_T_BE, durations_s, strict=True):
        steps = max(2, int(duration_s / _STEP_S))
        ends = np.stack([start.matrix, goal.matrix])
        for T_BE in interpolate_poses(np.linspace(0.0, 1.0, steps + 1)[1:], _ENDS, ends):
            V_E = (kinematics.forward(joints).inverse() @ SE3(T_BE)).as_twist() / _STEP_S
            joints = joints + kinematics.resolve_twist(joints, V_E) * _STEP_S
            room = min((joints - kinematics.lower).min(), (kinematics.upper - joints).min())
            if room < _JOINT_MARGIN_RAD:
                return False
        if kinematics.forward(joints).translation_to_m(goal) > _TOLERANCE_M:
            return False
        start = goal
    return True
