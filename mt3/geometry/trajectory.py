"""Many poses at once: arrays of shape (..., 4, 4) and twists of shape (..., 6).

A twist is ``[v, w]``: linear (m/s) first, then angular (rad/s), in the body frame.
Source of the closed forms: Lynch and Park, "Modern Robotics", sections 3.2.3 and 3.3.3.
"""

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from mt3.errors import GeometryError
from mt3.types import FloatArray

_SMALL_ANGLE_RAD = 1e-4
_RIGID_TOLERANCE = 1e-6


def _skew(w: FloatArray) -> FloatArray:
    out = np.zeros((*w.shape[:-1], 3, 3))
    out[..., 0, 1], out[..., 0, 2] = -w[..., 2], w[..., 1]
    out[..., 1, 0], out[..., 1, 2] = w[..., 2], -w[..., 0]
    out[..., 2, 0], out[..., 2, 1] = -w[..., 1], w[..., 0]
    return out


def _left_jacobian_coefficients(angle: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(1 - cos a) / a^2 and (a - sin a) / a^3, by their series near zero."""
    small = angle < _SMALL_ANGLE_RAD
    safe = np.where(small, 1.0, angle)
    b = np.where(small, 0.5 - angle**2 / 24.0, (1.0 - np.cos(safe)) / safe**2)
    c = np.where(small, 1.0 / 6.0 - angle**2 / 120.0, (safe - np.sin(safe)) / safe**3)
    return b[..., None, None], c[..., None, None]


def require_rigid(name: str, T: FloatArray) -> None:
    """Check that every matrix is a rigid pose.

    Args:
        name: What the poses are called in an error message.
        T: (..., 4, 4), finite.

    Raises:
        GeometryError: One is not; the message says in what way, and which of many it is.
    """
    matrices = T.reshape(-1, 4, 4)
    R = matrices[:, :3, :3]
    last_row = np.abs(matrices[:, 3] - (0.0, 0.0, 0.0, 1.0)).max(axis=1)
    skewness = np.abs(R @ np.swapaxes(R, 1, 2) - np.eye(3)).max(axis=(1, 2))
    reflection = np.linalg.det(R) < 0
    bad = np.flatnonzero((np.maximum(last_row, skewness) > _RIGID_TOLERANCE) | reflection)
    if not len(bad):
        return
    k = bad[0]
    if last_row[k] > _RIGID_TOLERANCE:
        fault = f"last row {matrices[k, 3].tolist()}, expected [0, 0, 0, 1]"
    elif skewness[k] > _RIGID_TOLERANCE:
        fault = (
            f"a rotation part off orthonormal by {skewness[k]:.2e}, expected at most "
            f"{_RIGID_TOLERANCE:.0e} (is it scaled, or a projection matrix?)"
        )
    else:
        fault = "a reflection (determinant -1), expected a rotation"
    raise GeometryError(f"{name}{f'[{k}]' if T.ndim > 2 else ''}: got {fault}")


def exp_se3(xi: FloatArray) -> FloatArray:
    """Poses reached by moving along constant body twists for one second.

    Args:
        xi: Twists times time, (..., 6), ``[v, w]`` in metres and radians.

    Returns:
        Poses, (..., 4, 4).
    """
    xi = np.array(xi, dtype=np.float64)  # scipy refuses read-only arrays
    w = xi[..., 3:]
    skew = _skew(w)
    b, c = _left_jacobian_coefficients(np.linalg.norm(w, axis=-1))
    V = np.eye(3) + b * skew + c * (skew @ skew)
    T = np.zeros((*xi.shape[:-1], 4, 4))
    T[..., :3, :3] = Rotation.from_rotvec(w.reshape(-1, 3)).as_matrix().reshape(skew.shape)
    T[..., :3, 3] = (V @ xi[..., :3, None])[..., 0]
    T[..., 3, 3] = 1.0
    return T


def log_se3(T: FloatArray) -> FloatArray:
    """Body twists that reach poses in one second; the inverse of ``exp_se3``.

    Args:
        T: Poses, (..., 4, 4).

    Returns:
        Twists times time, (..., 6), ``[v, w]`` in metres and radians, angle at most pi.
    """
    T = np.asarray(T, dtype=np.float64)
    R = T[..., :3, :3]
    w = Rotation.from_matrix(R.reshape(-1, 3, 3)).as_rotvec().reshape(*R.shape[:-2], 3)
    skew = _skew(w)
    b, c = _left_jacobian_coefficients(np.linalg.norm(w, axis=-1))
    V = np.eye(3) + b * skew + c * (skew @ skew)
    v = np.linalg.solve(V, T[..., :3, 3, None])[..., 0]
    return np.concatenate([v, w], axis=-1)


def invert_poses(T: FloatArray) -> FloatArray:
    """Inverses of rigid poses, (..., 4, 4)."""
    out = np.zeros_like(T)
    R_inv = np.swapaxes(T[..., :3, :3], -1, -2)
    out[..., :3, :3] = R_inv
    out[..., :3, 3] = -(R_inv @ T[..., :3, 3, None])[..., 0]
    out[..., 3, 3] = 1.0
    return out


def compute_body_twists(T_WE: FloatArray, t_s: FloatArray) -> FloatArray:
    """Constant body twists between consecutive poses.

    Args:
        T_WE: Poses of E in W, (T, 4, 4).
        t_s: Their times, (T,), strictly increasing.

    Returns:
        ``V_WE_E``, (T - 1, 6), m/s and rad/s in E: ``log(T_k^-1 T_{k+1}) / (t_{k+1} - t_k)``.

    Raises:
        GeometryError: Lengths differ, or time does not increase.
    """
    if len(T_WE) != len(t_s):
        raise GeometryError(f"T_WE and t_s: got lengths {len(T_WE)} and {len(t_s)}, expected equal")
    dt_s = np.diff(t_s)
    if (dt_s <= 0).any():
        raise GeometryError(f"t_s: got a step of {dt_s.min():.6f} s, expected strictly increasing")
    return log_se3(invert_poses(T_WE[:-1]) @ T_WE[1:]) / dt_s[:, None]


def interpolate_poses(t_query_s: FloatArray, t_s: FloatArray, T: FloatArray) -> FloatArray:
    """Poses at other times: linear in position, spherical-linear in rotation.

    Args:
        t_query_s: Times asked for, (Q,); outside the range the nearest end is returned.
        t_s: Times of the poses, (N,), strictly increasing.
        T: Poses, (N, 4, 4).

    Returns:
        Poses, (Q, 4, 4).
    """
    t_query_s = np.clip(np.atleast_1d(t_query_s), t_s[0], t_s[-1])
    out = np.tile(np.eye(4), (len(t_query_s), 1, 1))
    if len(t_s) == 1:
        out[:] = T[0]
        return out
    out[:, :3, :3] = Slerp(t_s, Rotation.from_matrix(T[:, :3, :3]))(t_query_s).as_matrix()
    for axis in range(3):
        out[:, axis, 3] = np.interp(t_query_s, t_s, T[:, axis, 3])
    return out
