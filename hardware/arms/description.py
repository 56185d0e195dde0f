"""Where the descriptions (URDF) of arms come from, and the models made of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pybullet_data

from hardware.extra import import_extra
from mt3.errors import ConfigurationError
from mt3.motion.robot_model import RobotModel
from mt3.tool import ToolBox, ToolFrame

_UR_JOINTS = (
    "shoulder_pan_joint",
    "shoulder_lift_joint",
    "elbow_joint",
    "wrist_1_joint",
    "wrist_2_joint",
    "wrist_3_joint",
)
# Joints, base link and flange link. B is the base frame of the arm's controller: for a UR that is
# ``base``, and not ``base_link``, which is turned by half a turn against it.
_NAMES = {
    "ur3e": (_UR_JOINTS, "base", "tool0"),
    "ur5e": (_UR_JOINTS, "base", "tool0"),
    "xarm6": (tuple(f"joint{k}" for k in range(1, 7)), "link_base", "link6"),
    "panda": (tuple(f"panda_joint{k}" for k in range(1, 8)), "panda_link0", "panda_link8"),
}


def urdf_of(arm: str) -> Path:
    """The description of an arm: the UR's from airo-models, the others' from PyBullet's data.

    Raises:
        ConfigurationError: No such arm.
        DeviceError: airo-models is not installed; the message names the extra.
    """
    if arm not in _NAMES:
        raise ConfigurationError(f"arm: got {arm!r}, expected one of {', '.join(_NAMES)}")
    if arm.startswith("ur"):
        return Path(import_extra("airo_models", "ur").get_urdf_path(arm))
    data = Path(pybullet_data.getDataPath())
    if arm == "xarm6":
        return data / "xarm" / "xarm6_robot.urdf"
    return data / "franka_panda" / "panda.urdf"


def build_arm_model(
    arm: str,
    tool: ToolFrame,
    tool_boxes: Sequence[ToolBox],
    reference_joints: npt.ArrayLike,
    lower: npt.ArrayLike | None = None,
    upper: npt.ArrayLike | None = None,
    velocity_limit: npt.ArrayLike | None = None,
) -> RobotModel:
    """Kinematics and shape of a real arm with its tool; see ``RobotModel``.

    Args:
        arm: ``ur3e``, ``ur5e``, ``xarm6`` or ``panda``.
        tool: What is mounted at its flange.
        tool_boxes: What that occupies.
        reference_joints: A posture without self-collision, (n,), rad.
        lower: Lower joint limits, (n,), rad, where they are narrower than the description's.
        upper: Upper joint limits, (n,), rad; likewise.
        velocity_limit: Joint speed limits, (n,), rad/s; likewise.

    Raises:
        ConfigurationError: No such arm, or limits that leave no room.
        DeviceError: The description is in an extra that is not installed.
    """
    urdf = urdf_of(arm)
    joint_names, base_link, flange_link = _NAMES[arm]
    return RobotModel(
        urdf,
        joint_names,
        base_link,
        flange_link,
        tool.T_flange_tool,
        np.asarray(reference_joints, dtype=np.float64),
        lower,
        upper,
        velocity_limit,
        tool_boxes,
    )
