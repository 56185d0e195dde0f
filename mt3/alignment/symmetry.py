"""Which yaws of an object look the same, judged from the modes of a registration."""

from dataclasses import dataclass

import numpy as np

from mt3.alignment.hypotheses import (
    Hypotheses,
    ViewPair,
    evenly_spread_yaws,
    rotations_about_z,
)
from mt3.alignment.registration import Symmetry, YawMode
from mt3.geometry import SE3, wrap_angle

_FOLDS = (2, 3, 4)
_FOLD_TOLERANCE_RAD = np.deg2rad(8.0)
_FULL_TURN_STEPS = 24
_MISFIT_SHARE = 0.3  # another instance fits worse everywhere, and more unevenly


@dataclass(frozen=True, slots=True, eq=False)
class SymmetryVerdict:
    """A symmetry, and the motions it makes as good as the best one, which is first."""

    symmetry: Symmetry
    motions: tuple[SE3, ...]


def judge_symmetry(
    pair: ViewPair,
    modes: tuple[YawMode, ...],
    tried: Hypotheses,
    full_tolerance: float,
    fold_tolerance: float,
) -> SymmetryVerdict:
    """Say whether the object looks the same after some turn about the vertical.

    Full: all turns about the axis that the refined hypotheses share fit as well as the best.
    N-fold: the modes that fit as well as the best lie at the n-th parts of the circle.

    Args:
        pair: The two views, to score turns with.
        modes: Local best yaws, best first.
        tried: Refined hypotheses, which determine the axis.
        full_tolerance: Turns that all score within this of the best are as good.
        fold_tolerance: Modes that score within this of the best are as good.
    """
    best = modes[0]
    turns = _turns_about_axis(best, tried)
    fits = pair.fit(turns)
    worst = max(fit.score for fit in fits)
    if worst - best.score < full_tolerance + _MISFIT_SHARE * best.score:
        order = np.argsort([-fit.overlap for fit in fits], kind="stable")
        return SymmetryVerdict("full", tuple(turns.motion(int(k)) for k in order))
    alike = [m for m in modes if m.score - best.score < fold_tolerance]
    for fold in _FOLDS:
        partners = _fold_partners(best, alike, fold)
        if partners is not None and len(partners) == len(alike) - 1:
            return SymmetryVerdict("n-fold", (best.D_W, *(m.D_W for m in partners)))
    return SymmetryVerdict("none", (best.D_W,))


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


def _turns_about_axis(best: YawMode, tried: Hypotheses) -> Hypotheses:
    """Evenly spread yaws that all take the demonstrated axis to the live one.

    Each hypothesis says ``R_i a + t_i = b`` for the axis at ``a`` in the demonstration and ``b``
    now; all of them together determine both by least squares.
    """
    R = tried.R[:, :2, :2]
    rows = np.concatenate([R, -np.tile(np.eye(2), (len(tried), 1, 1))], axis=2).reshape(-1, 4)
    ab, *_ = np.linalg.lstsq(rows, -tried.t[:, :2].reshape(-1), rcond=None)
    turns = rotations_about_z(best.yaw_rad + evenly_spread_yaws(_FULL_TURN_STEPS))
    t_xy = ab[2:] - turns[:, :2, :2] @ ab[:2]
    height_m = np.full((_FULL_TURN_STEPS, 1), best.D_W.t[2])
    return Hypotheses(turns, np.concatenate([t_xy, height_m], axis=1))
