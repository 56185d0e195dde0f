"""The pose of a flat board from its corners in one image, and how sure it is."""

import cv2
import numpy as np

from mt3.errors import BoardViewError, CalibrationError
from mt3.geometry import SE3
from mt3.perception import Intrinsics
from mt3.types import FloatArray


def estimate_board_pose(
    p_M: FloatArray, corners_px: FloatArray, intrinsics: Intrinsics
) -> tuple[SE3, float]:
    """Pose of flat points in the camera, and how far they are from where it puts them.

    Two poses may explain a flat board, mirrored at the line of sight; the better one counts.

    Args:
        p_M: (N, 3), metres, z = 0.
        corners_px: (N, 2) as (u, v).
        intrinsics: Of the camera.

    Returns:
        T_CM, and the root of the mean squared distance, pixels.

    Raises:
        BoardViewError: No pose explains them.

    Source:
        T. Collins, A. Bartoli, Infinitesimal Plane-based Pose Estimation, IJCV 2014, as
        ``SOLVEPNP_IPPE`` of OpenCV, then Levenberg-Marquardt on the reprojection.
    """
    k = intrinsics
    matrix = np.array([[k.fx, 0.0, k.cx], [0.0, k.fy, k.cy], [0.0, 0.0, 1.0]])
    try:
        _, turns, shifts, _ = cv2.solvePnPGeneric(
            p_M, corners_px, matrix, None, flags=cv2.SOLVEPNP_IPPE
        )
    except cv2.error as error:
        raise BoardViewError(f"board: no pose explains its corners ({error.err})") from error
    found = []
    for turn, shift in zip(turns, shifts, strict=True):
        turn, shift = cv2.solvePnPRefineLM(p_M, corners_px, matrix, None, turn, shift)
        T_CM = SE3.from_rotation_translation(cv2.Rodrigues(turn)[0], shift.ravel())
        found.append((rms_of(T_CM, p_M, corners_px, intrinsics), T_CM))
    if not found:
        raise BoardViewError("board: no pose explains its corners")
    rms_px, T_CM = min(found, key=lambda one: one[0])
    return T_CM, rms_px


def rms_of(T_CM: SE3, p_M: FloatArray, corners_px: FloatArray, intrinsics: Intrinsics) -> float:
    """Root of the mean squared distance of points from where a pose puts them, pixels.

    Raises:
        CalibrationError: The pose puts a point behind the camera.
    """
    p_C = T_CM @ p_M
    if (p_C[:, 2] <= 0).any():
        raise CalibrationError("board: a pose puts it behind the camera")
    gaps = intrinsics.project(p_C) - corners_px
    return float(np.sqrt((gaps**2).sum(axis=1).mean()))


def estimate_uncertainty(
    T_CM: SE3, p_M: FloatArray, rms_px: float, intrinsics: Intrinsics
) -> tuple[float, float]:
    """Standard errors of a pose from one image, of the corners' middle and of the rotation.

    Args:
        T_CM: The pose.
        p_M: The corners it was found from, (N, 3), N at least 4.
        rms_px: How far they are from where it puts them: tells their noise.
        intrinsics: Of the camera.

    Returns:
        Metres and radians.
    """
    J = _pixels_by_twist(T_CM, p_M, p_M.mean(axis=0), intrinsics).reshape(-1, 6)
    noise_px2 = len(p_M) * rms_px**2 / (len(J) - 6)
    variances = noise_px2 * np.diag(np.linalg.inv(J.T @ J))
    return float(np.sqrt(variances[:3].sum())), float(np.sqrt(variances[3:].sum()))


def _pixels_by_twist(
    T_CM: SE3, p_M: FloatArray, centre_M: FloatArray, intrinsics: Intrinsics
) -> FloatArray:
    """How pixels move with a twist of the board about a point of it, (N, 2, 6)."""
    k, (x, y, z) = intrinsics, (T_CM @ p_M).T
    zero = np.zeros_like(z)
    by_point = np.array([[k.fx / z, zero, -k.fx * x / z**2], [zero, k.fy / z, -k.fy * y / z**2]])
    px, py, pz = (p_M - centre_M).T
    turned = np.array([[zero, pz, -py], [-pz, zero, px], [py, -px, zero]])  # e_k cross p, columns
    moved = np.broadcast_to(np.eye(3)[:, :, None], turned.shape)
    by_twist = np.concatenate([moved, turned], axis=1)
    return np.asarray(np.einsum("abn,bc,cdn->nad", by_point, T_CM.R, by_twist))
