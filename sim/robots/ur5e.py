"""Universal Robots' UR5e as airo-models describes it, with a generic parallel gripper."""

from pathlib import Path
from typing import Final

import numpy as np

from mt3.errors import ConfigurationError
from mt3.geometry import SE3
from sim.robots import parallel_gripper as gripper
from sim.robots.description import RobotDescription


def _urdf() -> Path:
    """Raises ``ConfigurationError`` where airo-models is not installed."""
    try:
        from airo_models import get_urdf_path
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "robot ur5e: its description is in airo-models, which is not installed, "
            "install it with: pip install 'mt3-robot[ur]'"
        ) from error
    return gripper.with_parallel_gripper(Path(get_urdf_path("ur5e")), "tool0")


UR5E: Final = RobotDescription(
    name="ur5e",
    urdf=_urdf,
    # The controller's base frame; the description's root, base_link, is turned by half a turn
    # against it, so that its x points forward (comment in the description, after REP 103).
    base_link="base",
    T_B_root=SE3.from_yaw(np.pi),
    arm_joints=(
        "shoulder_pan_joint",
        "shoulder_lift_joint",
        "elbow_joint",
        "wrist_1_joint",
        "wrist_2_joint",
        "wrist_3_joint",
    ),
    flange_link=gripper.FLANGE_LINK,
    tool_link=gripper.TOOL_LINK,
    T_flange_tool=gripper.T_FLANGE_TOOL,
    finger_joints=gripper.FINGER_JOINTS,
    finger_travel_m=gripper.FINGER_TRAVEL_M,
    gripper=gripper.GRIPPER,
    hand_mass_kg=gripper.MASS_KG,
    p_com_flange=gripper.P_COM_FLANGE,
    # E 0.30 m before the robot, 0.32 m above its base, fingers moving along y of B.
    observe_joints=np.array(
        [-0.46042736, -2.11676219, 2.00463673, -1.45867262, -1.57079633, -2.03122371]
    ),
    T_WB=SE3.from_yaw(np.pi),  # its elbow bends towards the table at small angles of the base
)
