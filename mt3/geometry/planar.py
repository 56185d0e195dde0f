"""Motions of things that stay upright: translation and yaw about the world's z axis."""

import numpy as np

from mt3.geometry.se3 import SE3
from mt3.types import FloatArray


def wrap_angle(angle_rad: float) -> float:
    """The same angle in (-pi, pi]."""
    wrapped = float(np.remainder(angle_rad, 2.0 * np.pi))
    return wrapped - 2.0 * np.pi if wrapped > np.pi else wrapped


def yaw_of(D_W: SE3) -> float:
    """Yaw of the upright rotation nearest to a rotation, radians in (-pi, pi].

    The nearest in the Frobenius norm: it maximises the trace of ``Rz(yaw)^T R``.
    """
    R = D_W.R
    return float(np.arctan2(R[1, 0] - R[0, 1], R[0, 0] + R[1, 1]))


def project_to_planar(D_W: SE3, pivot_W: FloatArray) -> SE3:
    """The 4-DoF motion (translation and yaw) nearest to a rigid one.

    Args:
        D_W: A rigid motion in W.
        pivot_W: Point whose image is kept, (3,), metres: usually the object's centre, because
            removing a tilt about a far origin would move the object.

    Returns:
        The motion that turns by the same yaw and takes ``pivot_W`` to the same place.
    """
    yaw_only = SE3.from_yaw(yaw_of(D_W))
    return SE3.from_rotation_translation(yaw_only.R, D_W @ pivot_W - yaw_only @ pivot_W)
