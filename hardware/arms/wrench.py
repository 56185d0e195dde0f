"""What presses on a tool, from where a controller tells it to the tool centre point."""

import numpy as np

from mt3.types import FloatArray


def wrench_at_tool(R_EX: FloatArray, p_E_X: FloatArray, wrench_X: FloatArray) -> FloatArray:
    """The wrench about E and along its axes that equals one about X and along those of X.

    Args:
        R_EX: Axes of X in E, (3, 3).
        p_E_X: Point of X in E, (3,), metres.
        wrench_X: Force, and torque about X, expressed in X, (6,), N then Nm.

    Returns:
        wrench_E, (6,), N then Nm.
    """
    force_E = R_EX @ wrench_X[:3]
    return np.concatenate([force_E, R_EX @ wrench_X[3:] + np.cross(p_E_X, force_E)])
