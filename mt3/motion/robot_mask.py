"""Which pixels of an image show the robot."""

import numpy as np

from mt3.geometry import SE3
from mt3.motion.robot_model import RobotModel
from mt3.perception import RGBD
from mt3.types import BoolArray, FloatArray


def robot_mask(
    rgbd: RGBD, model: RobotModel, T_WB: SE3, joints: FloatArray, margin_m: float
) -> BoolArray:
    """Pixels, (H, W), whose points lie on the robot.

    Args:
        rgbd: The image.
        model: The arm.
        T_WB: Pose of the arm's base in W.
        joints: When the image was taken, (n,), rad.
        margin_m: Points this close to it belong to it.
    """
    mask = rgbd.depth_m > 0
    mask[mask] = model.contains(joints, T_WB.inverse() @ rgbd.points_W(mask), margin_m)
    return np.asarray(mask)
