"""Poses as Universal Robots writes them."""

from collections.abc import Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from mt3.geometry import SE3


def se3_from_ur(pose: Sequence[float]) -> SE3:
    """Pose from x, y, z in metres and a rotation vector in rad.

    Source: Universal Robots, script manual, types: a pose is p[x, y, z, ax, ay, az].
    """
    numbers = np.asarray(pose, dtype=np.float64)
    return SE3.from_rotation_translation(Rotation.from_rotvec(numbers[3:]).as_matrix(), numbers[:3])
