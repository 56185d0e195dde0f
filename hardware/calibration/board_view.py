"""One image of the calibration board: its corners, its pose, and whether it is good enough."""

import math
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from hardware.calibration.board import Board
from hardware.calibration.board_pose import estimate_board_pose
from mt3.errors import BoardViewError
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
        gray = np.asarray(cv2.cvtColor(np.asarray(color), cv2.COLOR_RGB2GRAY), dtype=np.uint8)
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
        view = self.view_of(
            ids.ravel().astype(np.intp), corners_px, self._edge_px(gray, corners_px)
        )
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
