"""UFACTORY's xArm 6 as PyBullet ships it, with a generic parallel gripper."""

from pathlib import Path
from typing import Final

import numpy as np
import pybullet_data

from mt3.geometry import SE3
from sim.robots import parallel_gripper as gripper
from sim.robots.description import RobotDescription


def _urdf() -> Path:
    arm = Path(pybullet_data.getDataPath()) / "xarm" / "xarm6_robot_white.urdf"
    return gripper.with_parallel_gripper(arm, "link6")


XARM6: Final = RobotDescription(
    name="xarm6",
    urdf=_urdf,
    base_link="link_base",
    T_B_root=SE3.identity(),
    arm_joints=tuple(f"joint{k}" for k in range(1, 7)),
    flange_link=gripper.FLANGE_LINK,
    tool_link=gripper.TOOL_LINK,
    T_flange_tool=gripper.T_FLANGE_TOOL,
    finger_joints=gripper.FINGER_JOINTS,
    finger_travel_m=gripper.FINGER_TRAVEL_M,
    gripper=gripper.GRIPPER,
    hand_mass_kg=gripper.MASS_KG,
    p_com_flange=gripper.P_COM_FLANGE,
    # E at (0.20, 0, 0.32) in B, fingers moving along y of B.
    observe_joints=np.array([0.0, -1.00667010, -0.63831576, 0.0, 1.64498586, 0.0]),
    T_WB=SE3.from_translation((0.12, 0.0, 0.0)),  # nearer to the table: it reaches 0.7 m
)
