"""Hand-eye calibration: from views of a board to the pose of the camera, and how sure it is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hardware.calibration.board import Board
from hardware.calibration.hand_eye_quality import (
    HandEyeFigures,
    HandEyeRules,
    LeaveOneOut,
    motion_shortcomings,
    solution_shortcomings,
)
from hardware.calibration.hand_eye_refinement import refine
from hardware.calibration.hand_eye_solvers import SOLVERS, solve_all
from hardware.calibration.hand_eye_views import HandEyePose, HandEyeSample, HandEyeViews
from hardware.calibration.mounting import Mounting
from mt3.errors import CalibrationError
from mt3.geometry import SE3
from mt3.perception import Intrinsics
from mt3.types import FloatArray, IntArray

_FEWEST_VIEWS = 4  # three give two motions, the least there is a solution from; one is left out
_HALVES = 12  # of the views, drawn at random: one of them holds no wrong view, most likely
_ROUNDS = 10
_HOPELESS_PX = 50.0  # off at the best start: closed-form solutions of sound views are far better
_FAR_PX, _FAR_FACTOR = 2.0, 3.0  # a view this far off, and so many times the median, is wrong


@dataclass(frozen=True, slots=True)
class SolverComparison:
    """What a closed-form solver found from the same views.

    Args:
        name: Of the solver.
        distance_m: From its camera position to the refined one.
        distance_rad: Of the rotations.
        rms_px: Distance of the corners from where it puts them.
    """

    name: str
    distance_m: float
    distance_rad: float
    rms_px: float


@dataclass(frozen=True, slots=True, eq=False)
class HandEyeResult:
    """A hand-eye calibration, good or not.

    Args:
        mounting: Where the camera is.
        pose: What was found.
        used: Names of the views that it comes from.
        rejected: Names of the views that contradict them.
        figures: How well it explains them.
        solvers: The closed-form solvers in comparison.
        shortcomings: Why it may not be used, and which views to add; empty for a good one.
    """

    mounting: Mounting
    pose: HandEyePose
    used: tuple[str, ...]
    rejected: tuple[str, ...]
    figures: HandEyeFigures
    solvers: tuple[SolverComparison, ...]
    shortcomings: tuple[str, ...]

    @property
    def trusted(self) -> bool:
        """Whether it may be used."""
        return not self.shortcomings

    def require(self) -> HandEyePose:
        """The pose, of a calibration that may be used.

        Raises:
            CalibrationError: It may not be; the message says why, and which views to add.
        """
        if self.shortcomings:
            raise CalibrationError("hand-eye: " + "; ".join(self.shortcomings))
        return self.pose


def estimate_hand_eye(
    samples: Sequence[HandEyeSample],
    mounting: Mounting,
    board: Board,
    intrinsics: Intrinsics,
    rules: HandEyeRules | None = None,
) -> HandEyeResult:
    """Find where the camera is, and judge it.

    All solvers of OpenCV are tried; the best start is refined over the corners, views that
    contradict the others are left out, and each view in turn is predicted from the rest.

    Args:
        samples: Views of the board with the tool's poses.
        mounting: Where the camera is.
        board: The board, its squares as measured.
        intrinsics: Of the camera.
        rules: What must be reached; the defaults of ``HandEyeRules`` where left out.

    Raises:
        CalibrationError: There is nothing to solve: too few views, or no solver finds anything.
    """
    rules = HandEyeRules() if rules is None else rules
    if len(samples) < _FEWEST_VIEWS:
        raise CalibrationError(
            f"hand-eye: got {len(samples)} views, expected at least {rules.min_views}"
        )
    views = HandEyeViews.of(samples, mounting, board, intrinsics)
    start = _start(views)
    _require_hope(views, start, mounting, rules)
    pose, used = _fit(views, start)
    kept = views.only(used)
    figures = HandEyeFigures(
        used=len(used),
        rejected=len(samples) - len(used),
        rms_px=float(np.sqrt((kept.rms_px(pose) ** 2).mean())),
        leave_one_out=_leave_one_out(kept, pose, board.p_M_centre),
        scale=refine(kept, pose, free_scale=True).scale,
    )
    lacking = motion_shortcomings(kept.T_CM[:, :3, :3], rules)
    return HandEyeResult(
        mounting,
        pose,
        tuple(samples[k].name for k in used),
        tuple(sample.name for k, sample in enumerate(samples) if k not in used),
        figures,
        _compare_solvers(kept, pose),
        (*lacking, *solution_shortcomings(figures, rules)),
    )


def _start(views: HandEyeViews) -> HandEyePose:
    """The best of what all solvers find from all views and from some halves of them."""
    rng = np.random.default_rng(0)
    half = max(_FEWEST_VIEWS, len(views) // 2)
    found = list(solve_all(views).values())
    for _ in range(_HALVES):
        chosen = rng.choice(len(views), half, replace=False)
        try:
            found += solve_all(views.only(chosen)).values()
        except CalibrationError:
            continue  # a half without two rotations
    return min(found, key=lambda pose: float(np.median(views.rms_px(pose))))


def _require_hope(
    views: HandEyeViews, start: HandEyePose, mounting: Mounting, rules: HandEyeRules
) -> None:
    """Refuse views that nothing explains, before much time is spent on them."""
    off_px = float(np.median(views.rms_px(start)))
    if off_px <= _HOPELESS_PX:
        return
    reasons = (
        f"no solution explains the views, the best is {off_px:.0f} px off: does each image belong "
        f"to the pose it is stored with, and is the mounting {mounting}?",
        *motion_shortcomings(views.T_CM[:, :3, :3], rules),
    )
    raise CalibrationError("hand-eye: " + "; ".join(reasons))


def _fit(views: HandEyeViews, pose: HandEyePose) -> tuple[HandEyePose, IntArray]:
    """The refined solution, and the indices of the views that agree with it."""
    used = np.arange(0)
    for _ in range(_ROUNDS):
        errors_px = views.rms_px(pose)
        limit_px = max(_FAR_PX, _FAR_FACTOR * float(np.median(errors_px)))
        agreeing = np.flatnonzero(errors_px <= limit_px)
        if np.array_equal(agreeing, used):
            break
        used = agreeing
        pose = refine(views.only(used), pose).pose
    return pose, used


def _leave_one_out(views: HandEyeViews, pose: HandEyePose, p_M: FloatArray) -> LeaveOneOut:
    """Errors of each view as predicted from the others, and the jackknife's standard errors.

    Source:
        B. Efron, C. Stein, The Jackknife Estimate of Variance, Annals of Statistics 1981.
    """
    count = len(views)
    errors, moves = np.zeros((count, 2)), np.zeros((count, 6))
    for k in range(count):
        others = refine(views.only(np.delete(np.arange(count), k)), pose).pose
        predicted = others.T_CM(SE3(views.T_PQ[k]))
        seen = SE3(views.T_CM[k])
        errors[k] = np.linalg.norm(predicted @ p_M - seen @ p_M), predicted.angle_to_rad(seen)
        moves[k] = (pose.T_PC.inverse() @ others.T_PC).as_twist()
    rms = np.sqrt((errors**2).mean(axis=0))
    spread = (moves - moves.mean(axis=0)).reshape(count, 2, 3)
    uncertain = np.sqrt((count - 1) / count * (spread**2).sum(axis=(0, 2)))
    return LeaveOneOut(float(rms[0]), float(rms[1]), float(uncertain[0]), float(uncertain[1]))


def _compare_solvers(views: HandEyeViews, pose: HandEyePose) -> tuple[SolverComparison, ...]:
    found = solve_all(views)
    return tuple(
        SolverComparison(
            name,
            found[name].T_PC.translation_to_m(pose.T_PC),
            found[name].T_PC.angle_to_rad(pose.T_PC),
            float(np.sqrt((views.rms_px(found[name]) ** 2).mean())),
        )
        for name in SOLVERS
        if name in found
    )
