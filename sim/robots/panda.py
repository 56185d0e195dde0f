"""The Franka Panda with its hand, as PyBullet ships it."""

from pathlib import Path
from typing import Final

import numpy as np
import pybullet_data

from mt3.geometry import SE3
from sim.robots.description import RobotDescription


def _urdf() -> Path:
    return Path(pybullet_data.getDataPath()) / "franka_panda" / "panda.urdf"


PANDA: Final = RobotDescription(
    name="franka_panda",
    urdf=_urdf,
    base_link="panda_link0",
    T_B_root=SE3.identity(),
    arm_joints=tuple(f"panda_joint{k}" for k in range(1, 8)),
    flange_link="panda_link8",
    tool_link="panda_grasptarget",
    T_flange_tool=SE3.from_yaw(-np.pi / 4, (0.0, 0.0, 0.105)),
    finger_joints=("panda_finger_joint1", "panda_finger_joint2"),
    finger_travel_m=0.04,
    gripper="panda_hand",
    hand_mass_kg=1.01,
    p_com_flange=(0.0, 0.0, 0.05),
    # E at (0.30, 0, 0.32) in B, pointing straight down, fingers moving along y of B.
    observe_joints=np.array([0.0, -0.81337986, 0.0, -2.79586137, 0.0, 1.98248149, 0.78539816]),
    T_WB=SE3.identity(),
)
