"""Where a person takes hold of an object from above: poses of E in the object's frame O."""

from collections.abc import Iterable

import numpy as np

from mt3.geometry import SE3

LOWEST_E_M = 0.013  # finger tips reach 7 mm below E
_FINGERS_ALONG_Y = np.diag([-1.0, 1.0, -1.0])
_TURNS = 8


def tool_pose_down(x: float, y: float, z: float, finger_angle_rad: float) -> SE3:
    """Pose of E pointing down at a point, fingers closing along an angle about z.

    In whatever upright frame the point and the angle are given in.
    """
    turn = SE3.from_yaw(finger_angle_rad - np.pi / 2)
    return SE3.from_rotation_translation(turn.R @ _FINGERS_ALONG_Y, (x, y, z))


def across_x(x: float, y: float, z: float) -> tuple[SE3, ...]:
    """One grasp at a point, fingers closing along y: on a handle or a bar that runs along x."""
    return (tool_pose_down(x, y, max(z, LOWEST_E_M), np.pi / 2),)


def around_wall(radius: float, z: float, angles_rad: Iterable[float]) -> tuple[SE3, ...]:
    """Grasps that straddle a round wall, fingers closing across it."""
    return tuple(
        tool_pose_down(radius * np.cos(a), radius * np.sin(a), z, float(a)) for a in angles_rad
    )


def on_axis(z: float, turns: int = _TURNS) -> tuple[SE3, ...]:
    """Grasps of a round thing on its axis, in several turns about it."""
    z = max(z, LOWEST_E_M)
    return tuple(tool_pose_down(0.0, 0.0, z, k * np.pi / turns) for k in range(turns))
