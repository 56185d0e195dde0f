"""One image of the calibration board: its corners, its pose, and whether it is good enough."""

import math
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from hardware.calibration.board import Board
from mt3.errors import BoardViewError, CalibrationError
from mt3.geometry import SE3
from mt3.perception import Intrinsics
from mt3.types import ColorImage, FloatArray, IntArray, frozen_array

_PATCH_SHARE = 0.35  # of a square: a patch around a corner that holds its four edges and no marker
_MAX_PATCH_PX = 12


@dataclass(frozen=True, slots=True)
class ViewRules:
    """When a view of the board is good enough.

    Args:
        min_corners: So many corners at least.
        max_edge_px: Width of the edges between black and white, at most: wider is blur.
        max_rms_px: Distance of the corners from where the board's pose puts them, at most.
        max_tilt_rad: Of the board from facing the camera, at most.
    """

    min_corners: int = 8
    max_edge_px: float = 5.0
    max_rms_px: float = 1.5
    max_tilt_rad: float = math.radians(60.0)


@dataclass(frozen=True, slots=True, eq=False)
class BoardView:
    """The board as one image shows it.

    Args:
        ids: Numbers of the corners that were found, (K,).
        corners_px: Where, (K, 2) as (u, v).
        T_CM: Pose of the board in the camera, from this image alone.
        rms_px: Distance of the corners from where this pose puts them.
        edge_px: Width of the edges between black and white; 2 is as sharp as can be.
    """

    ids: IntArray
    corners_px: FloatArray
    T_CM: SE3
    rms_px: float
    edge_px: float

    def __post_init__(self) -> None:
        corners_px = frozen_array("corners_px", self.corners_px, (None, 2))
        ids = frozen_array("ids", self.ids, (len(corners_px),), np.intp)
        object.__setattr__(self, "corners_px", corners_px)
        object.__setattr__(self, "ids", ids)

    def __reduce__(self) -> tuple[Any, ...]:
        return (BoardView, (self.ids, self.corners_px, self.T_CM, self.rms_px, self.edge_px))

    @property
    def tilt_rad(self) -> float:
        """Angle between the board's normal and the line of sight to its origin."""
        sight = self.T_CM.t / np.linalg.norm(self.T_CM.t)
        return float(np.arccos(np.clip(sight @ self.T_CM.R[:, 2], -1.0, 1.0)))


@dataclass(frozen=True, slots=True, eq=False)
class BoardFinder:
    """Finds a board in the images of one camera.

    Args:
        board: The board.
        intrinsics: Of the camera, whose images are free of distortion.
        rules: When a view is good enough.
    """

    board: Board
    intrinsics: Intrinsics
    rules: ViewRules = field(default_factory=ViewRules)

    def find(self, color: ColorImage) -> BoardView:
        """The board in an image, (H, W, 3) uint8, RGB.

        Raises:
            BoardViewError: It is not seen well enough; the message says what to change.
        """
        gray = cv2.cvtColor(np.asarray(color), cv2.COLOR_RGB2GRAY)
        detector = cv2.aruco.CharucoDetector(self.board.as_charuco())
        corners, ids, _, _ = detector.detectBoard(gray)
        count = 0 if ids is None else len(ids)
        if count < self.rules.min_corners:
            raise BoardViewError(
                f"board: found {count} of {self.board.corner_count} corners, expected at least "
                f"{self.rules.min_corners}: is it in view, sharp, lit evenly, near enough, and "
                f"the board of the settings ({self.board})?"
            )
        corners_px = corners.reshape(-1, 2).astype(np.float64)
        view = self.view_of(ids.ravel().astype(np.intp), corners_px, self._edge_px(gray, corners_px))
        self._require_good(view)
        return view

    def view_of(self, ids: IntArray, corners_px: FloatArray, edge_px: float) -> BoardView:
        """The view with these corners.

        Raises:
            BoardViewError: They lie on a line, or no pose explains them.
        """
        p_M = self.board.corners_M()[ids]
        spread = np.linalg.svd(p_M - p_M.mean(axis=0), compute_uv=False)[1]
        if spread < self.board.square_m:
            raise BoardViewError("board: its visible corners lie on a line: show more of it")
        T_CM, rms_px = estimate_board_pose(p_M, corners_px, self.intrinsics)
        return BoardView(ids, corners_px, T_CM, rms_px, edge_px)

    def _require_good(self, view: BoardView) -> None:
        rules = self.rules
        if view.edge_px > rules.max_edge_px:
            raise BoardViewError(
                f"board: blurred, edges are {view.edge_px:.1f} px wide, expected at most "
                f"{rules.max_edge_px:g}: hold still, focus, more light"
            )
        if view.tilt_rad > rules.max_tilt_rad:
            raise BoardViewError(
                f"board: seen at {math.degrees(view.tilt_rad):.0f} deg, expected at most "
                f"{math.degrees(rules.max_tilt_rad):.0f}: turn it towards the camera"
            )
        if view.rms_px > rules.max_rms_px:
            raise BoardViewError(
                f"board: its corners are {view.rms_px:.2f} px from those of a flat board, expected "
                f"at most {rules.max_rms_px:g}: is it bent, or are board or intrinsics other ones?"
            )

    def _edge_px(self, gray: ColorImage, corners_px: FloatArray) -> float:
        """Contrast over steepest slope around the corners; the median, pixels."""
        image = gray.astype(np.float64)
        slope = np.hypot(*np.gradient(image))
        side = np.linalg.norm(corners_px[1:] - corners_px[:-1], axis=1).min()
        radius = int(np.clip(_PATCH_SHARE * side, 3, _MAX_PATCH_PX))
        widths = []
        for u, v in np.rint(corners_px).astype(int):
            patch = np.s_[max(v - radius, 0) : v + radius + 1, max(u - radius, 0) : u + radius + 1]
            low, high = np.percentile(image[patch], (5.0, 95.0))
            widths.append((high - low) / max(np.percentile(slope[patch], 95.0), 1e-9))
        return float(np.median(widths))


    def uncertainty_of(self, view: BoardView) -> tuple[float, float]:
        """Standard errors of a view's pose, at the board's centre: metres and radians.

        The corners' noise is taken from how far they are from where the pose puts them.
        """
        p = self.board.corners_M()[view.ids] - self.board.p_M_centre
        p_C = view.T_CM @ (p + self.board.p_M_centre)
        x, y, z = p_C.T / np.array([1.0, 1.0, 1.0])[:, None]
        zero, k = np.zeros_like(z), self.intrinsics
        by_point = np.stack(
            [
                np.stack([k.fx / z, zero, -k.fx * x / z**2], axis=-1),
                np.stack([zero, k.fy / z, -k.fy * y / z**2], axis=-1),
            ],
            axis=1,
        )
        px, py, pz = p.T
        turned = np.stack(
            [
                np.stack([zero, pz, -py], axis=-1),
                np.stack([-pz, zero, px], axis=-1),
                np.stack([py, -px, zero], axis=-1),
            ],
            axis=1,
        )
        by_twist = by_point @ view.T_CM.R @ np.concatenate(
            [np.broadcast_to(np.eye(3), turned.shape), turned], axis=2
        )
        J = by_twist.reshape(-1, 6)
        noise_px2 = len(p) * view.rms_px**2 / (len(J) - 6)
        variances = noise_px2 * np.diag(np.linalg.inv(J.T @ J))
        return float(np.sqrt(variances[:3].sum())), float(np.sqrt(variances[3:].sum()))


def estimate_board_pose(
    p_M: FloatArray, corners_px: FloatArray, intrinsics: Intrinsics
) -> tuple[SE3, float]:
    """Pose of flat points in the camera, and how far they are from where it puts them.

    A flat board may be explained by two poses, mirrored at the line of sight; the better one counts.

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
