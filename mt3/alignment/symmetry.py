"""Which turns about the vertical leave an object looking the same."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from mt3.alignment.evidence import ViewEvidence
from mt3.alignment.hypotheses import (
    Hypotheses,
    ViewPair,
    evenly_spread_yaws,
    rotations_about_z,
)
from mt3.alignment.registration import Symmetry, YawMode
from mt3.geometry import SE3, wrap_angle
from mt3.types import FloatArray

_FOLDS = (2, 3, 4)
_FOLD_TOLERANCE_RAD = np.deg2rad(8.0)
_FULL_TURN_STEPS = 24

_AXIS_TURNS, _AXIS_POINTS, _AXIS_HIDDEN_BEHIND_M = 7, 70, 0.012
_AXIS_DEPTHS_M = np.arange(-0.015, 0.046, 0.0075)  # behind the middle of what is seen
_AXIS_STEP_M, _AXIS_REACH_M, _AXIS_TRIES = 0.004, 0.020, 30
_FAR_FROM_ROUND = 0.45  # mean cost of a turn: no axis will be found
_SHIFTS_ONLY = 3  # a cube that may turn as well turns to where it looks the same
_CHECK_TURNS, _CHECK_POINTS, _CHECK_ITERATIONS, _CHECK_HIDDEN_BEHIND_M = 12, 300, 3, 0.005


@dataclass(frozen=True, slots=True, eq=False)
class SymmetryVerdict:
    """A symmetry, and the motions it makes as good as the best one, which is first."""

    symmetry: Symmetry
    motions: tuple[SE3, ...]


def judge_symmetry(
    demo: Sequence[ViewEvidence],
    live: Sequence[ViewEvidence],
    pair: ViewPair,
    modes: tuple[YawMode, ...],
    full_tolerance: float,
    fold_tolerance: float,
    threads: int,
) -> SymmetryVerdict:
    """Say whether the object looks the same after some turn about the vertical.

    Full: the views of the demonstration, turned about some axis, agree with themselves, and so do
    the live ones. That holds for two round objects of different size as well.
    N-fold: the modes that fit as well as the best lie at the n-th parts of the circle.

    Args:
        demo: Views of the demonstration.
        live: Views of the live scene.
        pair: Both, thinned, to hold motions against.
        modes: Local best yaws, best first.
        full_tolerance: Largest mean cost of any turn of a round object's views.
        fold_tolerance: Modes that score within this of the best are as good.
        threads: See ``ViewPair``.
    """
    best = modes[0]
    axis_demo = find_axis(demo, full_tolerance, threads)
    axis_live = None if axis_demo is None else find_axis(live, full_tolerance, threads)
    if axis_demo is not None and axis_live is not None:
        return SymmetryVerdict("full", _turns_onto(pair, axis_demo, axis_live, best))
    alike = [m for m in modes if m.score - best.score < fold_tolerance]
    for fold in _FOLDS:
        partners = _fold_partners(best, alike, fold)
        if partners is not None and len(partners) == len(alike) - 1:
            return SymmetryVerdict("n-fold", (best.D_W, *(m.D_W for m in partners)))
    return SymmetryVerdict("none", (best.D_W,))


def find_axis(
    views: Sequence[ViewEvidence], tolerance: float, threads: int = 1
) -> FloatArray | None:
    """Where in W the axis of a round object stands, (2,), metres; None of an object not round.

    What the views show is turned and held against the same views. The axis is sought behind the
    middle of what is seen.

    Args:
        views: Of one scene.
        tolerance: Largest mean cost of any turn.
        threads: See ``ViewPair``.
    """
    rough = ViewPair(views, views, _AXIS_POINTS, _AXIS_HIDDEN_BEHIND_M)

    def cost(axis: FloatArray) -> float:
        fits = rough.fit(_turns(axis, axis, _AXIS_TURNS))
        return float(np.mean([fit.score for fit in fits]))

    start = min(_axis_candidates(views), key=cost)
    if cost(start) > _FAR_FROM_ROUND:
        return None
    simplex = start + _AXIS_STEP_M * np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    axis: FloatArray = minimize(
        cost,
        start,
        method="Nelder-Mead",
        options={
            "initial_simplex": simplex,
            "maxfev": _AXIS_TRIES,
            "xatol": _AXIS_STEP_M / 20,
        },
    ).x
    if np.linalg.norm(axis - start) > _AXIS_REACH_M:
        return None  # it went where nothing is seen, and nothing contradicts
    fine = ViewPair(views, views, _CHECK_POINTS, _CHECK_HIDDEN_BEHIND_M, threads)
    turns = _turns(axis, axis, _CHECK_TURNS)
    _, fits = fine.refine(turns, _CHECK_ITERATIONS, _SHIFTS_ONLY)
    return axis if max(fit.score for fit in fits) < tolerance else None


def _axis_candidates(views: Sequence[ViewEvidence]) -> list[FloatArray]:
    p_W = np.concatenate([view.p_W[:, :2] for view in views])
    middle = 0.5 * (p_W.min(axis=0) + p_W.max(axis=0))
    away = middle - views[0].T_WC.t[:2]
    away = away / max(float(np.linalg.norm(away)), 1e-9)
    return [middle + depth_m * away for depth_m in _AXIS_DEPTHS_M]


def _turns(axis_from: FloatArray, axis_to: FloatArray, count: int) -> Hypotheses:
    """Evenly spread turns that take one vertical axis to another, (2,) each."""
    R = rotations_about_z(evenly_spread_yaws(count))
    t = np.zeros((count, 3))
    t[:, :2] = axis_to - R[:, :2, :2] @ axis_from
    return Hypotheses(R, t)


def _turns_onto(
    pair: ViewPair, axis_demo: FloatArray, axis_live: FloatArray, best: YawMode
) -> tuple[SE3, ...]:
    """Turns that take the demonstrated axis to the live one, the best overlap first.

    Both views together say better where the axis is now: the median of where refined turns put it.
    """
    turns = _turns(axis_demo, axis_live, _FULL_TURN_STEPS)
    turns.t[:, 2] = best.D_W.t[2]
    refined, _ = pair.refine(turns, _CHECK_ITERATIONS, _SHIFTS_ONLY)
    put = refined.R[:, :2, :2] @ axis_demo + refined.t[:, :2]
    final = _turns(axis_demo, np.median(put, axis=0), _FULL_TURN_STEPS)
    final.t[:, 2] = np.median(refined.t[:, 2])
    order = np.argsort([-fit.overlap for fit in pair.fit(final)], kind="stable")
    return tuple(final.motion(int(k)) for k in order)


def _fold_partners(best: YawMode, alike: list[YawMode], fold: int) -> list[YawMode] | None:
    """The other modes of an n-fold symmetry, or None when one is missing."""
    partners = []
    for k in range(1, fold):
        yaw_rad = best.yaw_rad + 2.0 * np.pi * k / fold
        near = [m for m in alike if abs(wrap_angle(m.yaw_rad - yaw_rad)) < _FOLD_TOLERANCE_RAD]
        if not near:
            return None
        partners.append(near[0])
    return partners
