"""Non-linear least squares over the corners in the images: the last digit of a calibration."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from hardware.calibration.hand_eye_views import HandEyePose, HandEyeViews
from mt3.geometry import SE3
from mt3.types import FloatArray

_INLIER_PX = 2.0  # corners farther off count less and less: a wrong one hardly pulls
_MOST_STEPS = 30  # from a start worth refining it takes ten
_POSES = 12  # unknowns: a twist of the camera's pose, then one of the board's


@dataclass(frozen=True, slots=True, eq=False)
class Refinement:
    """A solution that explains the corners best.

    Args:
        pose: The solution.
        scale: True size of the board over the given one; 1 where it was not free.
    """

    pose: HandEyePose
    scale: float


def refine(views: HandEyeViews, start: HandEyePose, free_scale: bool = False) -> Refinement:
    """Move a solution to where the corners' distances in the images are least.

    The corners are what is noisy: of a board pose from one image the depth and the tilt are far
    less certain than the rest, which closed-form solvers cannot know.

    Args:
        views: What was measured.
        start: A solution near enough.
        free_scale: Find the size of the board too. The arm's motion says how large things are.
    """

    def residuals(x: FloatArray) -> FloatArray:
        moved = _moved(start, x)
        return views.gaps_px(moved.pose, moved.scale).ravel()

    unknowns = _POSES + int(free_scale)
    found = least_squares(
        residuals,
        np.zeros(unknowns),
        loss="soft_l1",
        f_scale=_INLIER_PX,
        x_scale="jac",
        max_nfev=_MOST_STEPS,
    )
    return _moved(start, found.x)


def _moved(start: HandEyePose, x: FloatArray) -> Refinement:
    """A solution moved by small twists, and the logarithm of the board's scale."""
    pose = HandEyePose(start.T_PC @ SE3.from_twist(x[:6]), start.T_QM @ SE3.from_twist(x[6:_POSES]))
    return Refinement(pose, math.exp(x[_POSES]) if len(x) > _POSES else 1.0)
