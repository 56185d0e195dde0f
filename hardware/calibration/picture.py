"""A picture of a hand-eye calibration: what was seen, how well it fits, what solvers say."""

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hardware.calibration.board import Board
from hardware.calibration.board_view import BoardView
from hardware.calibration.hand_eye import HandEyeResult
from hardware.calibration.hand_eye_views import HandEyeSample, HandEyeViews
from mt3.perception import Intrinsics
from mt3.types import ColorImage, FloatArray

_GOOD, _BAD, _BLUE, _FAINT = "#1a7f37", "#c62828", "#2f6fde", "#8a8a8a"
_MAGNIFIED = 20.0  # residual arrows
_DPI = 110


def mark_corners(color: ColorImage, view: BoardView) -> ColorImage:
    """An image with the corners that were found marked; a copy, (H, W, 3) uint8, RGB."""
    marked = np.array(color, dtype=np.uint8)
    radius = max(3, color.shape[1] // 160)
    for u, v in np.rint(view.corners_px).astype(int).tolist():
        cv2.circle(marked, (u, v), radius + 1, (0, 0, 0), -1)
        cv2.circle(marked, (u, v), radius, (0, 220, 60), -1)
    return marked


def draw_hand_eye(
    result: HandEyeResult,
    samples: Sequence[HandEyeSample],
    board: Board,
    intrinsics: Intrinsics,
    path: Path,
) -> None:
    """Write a picture of a calibration, good or not.

    Args:
        result: The calibration.
        samples: All views it was made from.
        board: The board.
        intrinsics: Of the camera.
        path: Of the picture, ending in ``.png``; its folder exists.
    """
    views = HandEyeViews.of(samples, result.mounting, board, intrinsics)
    used = np.array([sample.name in result.used for sample in samples])
    figure = Figure(figsize=(15.0, 8.5), layout="constrained")
    FigureCanvasAgg(figure)
    coverage, bars, tilts, solvers = figure.subplots(2, 2).ravel()
    _draw_coverage(coverage, views, result, used)
    _draw_views(bars, views.rms_px(result.pose), [sample.name for sample in samples], used)
    _draw_directions(tilts, views, used)
    _draw_solvers(solvers, result)
    figure.suptitle(_title(result), fontsize=15, color=_GOOD if result.trusted else _BAD)
    figure.savefig(path, dpi=_DPI)


def _title(result: HandEyeResult) -> str:
    errors = result.figures.leave_one_out
    verdict = "good" if result.trusted else "refused"
    return (
        f"hand-eye, camera on the {result.mounting}: {verdict}; camera known to "
        f"{1e3 * errors.uncertain_m:.2f} mm, {math.degrees(errors.uncertain_rad):.3f} deg; "
        f"leave-one-out {1e3 * errors.error_m:.2f} mm, {math.degrees(errors.error_rad):.2f} deg"
    )


def _draw_coverage(
    axes: Axes, views: HandEyeViews, result: HandEyeResult, used: np.ndarray
) -> None:
    """Corners of all views, with arrows to where the solution puts them."""
    gaps, corners = views.gaps_px(result.pose), views.corners_px
    kept = used[views.view]
    u, v = corners.T
    axes.scatter(u[kept], v[kept], c=views.view[kept], cmap="viridis", s=9)
    axes.scatter(u[~kept], v[~kept], color=_BAD, marker="x", s=12)
    to_u, to_v = gaps[kept].T
    axes.quiver(
        u[kept],
        v[kept],
        to_u,
        to_v,
        width=0.002,
        angles="xy",
        scale_units="xy",
        scale=1.0 / _MAGNIFIED,
    )
    axes.set_xlim(0, views.intrinsics.width)
    axes.set_ylim(views.intrinsics.height, 0)
    axes.set_aspect("equal")
    axes.set_title(f"corners in the image, errors {_MAGNIFIED:g} times as long")


def _draw_views(axes: Axes, rms_px: FloatArray, names: Sequence[str], used: np.ndarray) -> None:
    axes.bar(range(len(names)), rms_px, color=[_BLUE if one else _BAD for one in used])
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yscale("log")
    axes.set_ylabel("corners off [px]")
    axes.set_title("views; red ones were left out")


def _draw_directions(axes: Axes, views: HandEyeViews, used: np.ndarray) -> None:
    """How each view's board is tilted, its distance by colour."""
    normals, depth_m = views.T_CM[:, :2, 2], views.T_CM[:, 2, 3]
    tilts_deg = np.degrees(np.arcsin(np.clip(normals, -1.0, 1.0)))
    left, top = tilts_deg.T
    shown = axes.scatter(left, top, c=depth_m, cmap="plasma", s=60)
    axes.scatter(left[~used], top[~used], color=_BAD, marker="x", s=90)
    axes.figure.colorbar(shown, ax=axes, label="distance [m]")
    axes.axhline(0.0, color=_FAINT, linewidth=0.8)
    axes.axvline(0.0, color=_FAINT, linewidth=0.8)
    axes.set_xlabel("left side away [deg]")
    axes.set_ylabel("top side away [deg]")
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_title("tilt of the board")


def _draw_solvers(axes: Axes, result: HandEyeResult) -> None:
    names = [solver.name for solver in result.solvers]
    axes.barh(names, [1e3 * solver.distance_m for solver in result.solvers], color=_BLUE)
    for row, solver in enumerate(result.solvers):
        axes.text(
            1e3 * solver.distance_m,
            row,
            f" {math.degrees(solver.distance_rad):.2f} deg",
            va="center",
        )
    axes.set_xlabel("camera from the refined one [mm]")
    axes.set_title("closed-form solvers")
    axes.margins(x=0.2)
