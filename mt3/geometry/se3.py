"""One rigid pose as an immutable value."""

import math
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from mt3.errors import GeometryError
from mt3.geometry.trajectory import exp_se3, log_se3, require_rigid
from mt3.types import FloatArray, frozen_array


@dataclass(frozen=True, slots=True, eq=False)
class SE3:
    """Pose of one frame in another: ``T_AB @ p_B`` is the same point in A.

    Args:
        matrix: (4, 4), rotation and translation in metres.

    Raises:
        GeometryError: The matrix is not a rigid pose.
    """

    matrix: FloatArray

    def __post_init__(self) -> None:
        matrix = frozen_array("pose", self.matrix, (4, 4))
        require_rigid("pose", matrix)
        object.__setattr__(self, "matrix", matrix)

    def __reduce__(self) -> tuple[Any, ...]:
        return (SE3, (np.array(self.matrix),))

    @classmethod
    def _trusted(cls, matrix: FloatArray) -> "SE3":
        """Wrap a product of valid poses without checking it again."""
        pose = object.__new__(cls)
        matrix.flags.writeable = False
        object.__setattr__(pose, "matrix", matrix)
        return pose

    @classmethod
    def identity(cls) -> "SE3":
        """The pose of a frame in itself."""
        return cls._trusted(np.eye(4))

    @classmethod
    def from_rotation_translation(cls, R: npt.ArrayLike, t: npt.ArrayLike) -> "SE3":
        """Pose from a (3, 3) rotation and a (3,) translation in metres."""
        matrix = np.eye(4)
        matrix[:3, :3] = R
        matrix[:3, 3] = t
        return cls(matrix)

    @classmethod
    def from_translation(cls, t: npt.ArrayLike) -> "SE3":
        """Pose without rotation, (3,) in metres."""
        return cls.from_rotation_translation(np.eye(3), t)

    @classmethod
    def from_quat_xyzw(cls, quat_xyzw: npt.ArrayLike, t: npt.ArrayLike) -> "SE3":
        """Pose from a quaternion with the scalar last, and a (3,) translation in metres."""
        quat = frozen_array("quat_xyzw", quat_xyzw, (4,))
        return cls.from_rotation_translation(Rotation.from_quat(quat).as_matrix(), t)

    @classmethod
    def from_yaw(cls, yaw_rad: float, t: npt.ArrayLike = (0.0, 0.0, 0.0)) -> "SE3":
        """Pose turned about z by an angle, at a (3,) translation in metres.

        Raises:
            GeometryError: More than two full turns: those are degrees.
        """
        if not abs(yaw_rad) <= 4.0 * math.pi:
            raise GeometryError(
                f"yaw_rad: got {yaw_rad}, expected radians, within two full turns; multiply "
                "degrees by 0.0174533"
            )
        return cls.from_rotation_translation(Rotation.from_euler("z", yaw_rad).as_matrix(), t)

    @classmethod
    def from_twist(cls, xi: npt.ArrayLike) -> "SE3":
        """Pose reached along a (6,) body twist ``[v, w]`` in one second."""
        return cls(exp_se3(frozen_array("twist", xi, (6,))))

    @property
    def R(self) -> FloatArray:
        """Rotation part, (3, 3), read-only."""
        return self.matrix[:3, :3]

    @property
    def t(self) -> FloatArray:
        """Translation part, (3,), metres, read-only."""
        return self.matrix[:3, 3]

    def as_quat_xyzw(self) -> FloatArray:
        """Rotation as a unit quaternion, scalar last, (4,)."""
        return np.asarray(Rotation.from_matrix(self.R).as_quat())

    def as_twist(self) -> FloatArray:
        """The (6,) body twist ``[v, w]`` that reaches this pose in one second."""
        return log_se3(self.matrix)

    def inverse(self) -> "SE3":
        """Pose of the outer frame in the inner one."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.R.T
        matrix[:3, 3] = -self.R.T @ self.t
        return SE3._trusted(matrix)

    @overload
    def __matmul__(self, other: "SE3") -> "SE3": ...
    @overload
    def __matmul__(self, other: FloatArray) -> FloatArray: ...
    def __matmul__(self, other: "SE3 | FloatArray") -> "SE3 | FloatArray":
        """Compose with a pose, or move (..., 3) points."""
        if isinstance(other, SE3):
            return SE3._trusted(self.matrix @ other.matrix)
        points = np.asarray(other)
        if points.ndim == 0 or points.shape[-1] != 3:
            raise GeometryError(f"points: got shape {points.shape}, expected (..., 3)")
        return points @ self.R.T + self.t

    def translation_to_m(self, other: "SE3") -> float:
        """Distance between the two origins, metres."""
        return float(np.linalg.norm(self.t - other.t))

    def angle_to_rad(self, other: "SE3") -> float:
        """Angle of the rotation between the two, radians in [0, pi]."""
        return float(Rotation.from_matrix(self.R.T @ other.R).magnitude())

    def is_close(self, other: "SE3", atol_m: float, atol_rad: float) -> bool:
        """Whether both origin and rotation agree within the tolerances."""
        return self.translation_to_m(other) <= atol_m and self.angle_to_rad(other) <= atol_rad
