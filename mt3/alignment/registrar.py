"""Estimate how an object moved between two depth images, over the full circle of yaw.

Every hypothesis is judged by both images: the demonstration's points, moved, must not stand where
the live camera saw through, and the live points, moved back, must not stand where the
demonstration's camera saw through; where both see the surface, they agree. Two partial clouds of
different sides of an object need not overlap, which is why nearest-point distance misleads.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from mt3.alignment.evidence import LEAST_SURROUNDINGS, ViewEvidence
from mt3.alignment.hypotheses import Hypotheses, ViewPair, evenly_spread_yaws
from mt3.alignment.registration import Registration, Symmetry, YawMode
from mt3.alignment.symmetry import SymmetryVerdict, judge_symmetry
from mt3.alignment.trust import TrustFeatures, TrustModel
from mt3.errors import ConfigurationError, GeometryError
from mt3.geometry import SE3, wrap_angle
from mt3.perception import ObjectView
from mt3.types import FloatArray, IntArray, require_positive

Views: TypeAlias = ObjectView | Sequence[ObjectView]

_START_SEPARATION_RAD = np.deg2rad(4.0)
_MODE_SEPARATION_RAD = np.deg2rad(15.0)
_POLISH_POINTS, _POLISH_ITERATIONS, _POLISH_HIDDEN_BEHIND_M = 1600, 8, 0.005
_AS_GOOD = 0.006  # modes that score within this of each other fit alike
_ROUND_COST = 0.042  # mean cost that no turn of a round object's views exceeds
_MOST_TIMES_LARGER = 3.0
_LEAST_STANDING = 0.4  # least of all right answers on 480 pairs of the development pool: 0.67
_LEAST_OVERLAP = 0.02  # with less, 7 of 19 calibration pairs were wrong
_MOST_TIP_RAD = np.deg2rad(20.0)
_AT_REST_M, _AT_REST_RAD = 0.002, np.deg2rad(1.0)


@dataclass(frozen=True, slots=True)
class Stage:
    """One round of refinement.

    Args:
        hypotheses: At most so many, the best.
        points: Points used of each view.
        iterations: Steps tried.
        hidden_behind_m: Further behind the other view's surface a point is hidden. Wide to
            converge from afar; narrow to be unbiased, because it only counts on one side.

    Raises:
        ConfigurationError: A value that is not a positive number.
    """

    hypotheses: int
    points: int
    iterations: int
    hidden_behind_m: float

    def __post_init__(self) -> None:
        for name in self.__slots__:
            require_positive(name, getattr(self, name))


class Registrar:
    """Registers views of one object: translation and yaw, on request also roll and pitch.

    Args:
        support_z_m: Height in W of the surface that the object stands on.
        support_margin_m: Points of the mask lower than this above it are dropped.
        coarse: Round for the starting yaws over the circle, each with two initial translations.
        middle: Round for the best distinct starts.
        fine: Round for the best distinct modes.
        trust: Says how probably an answer is right; the calibrated one if not given.
        may_tip: Whether the last round may also roll and pitch the object (6-DoF), by up to 20
            deg. The calibrated trust was fitted to objects that stay upright.
        silhouettes: Whether what was seen beside an object speaks against a motion; without it only
            surface is laid on surface, which shows what visibility brings.
        threads: Among which the work is shared; the answer does not depend on it.

    Raises:
        ConfigurationError: A height that is not finite, or no thread.
    """

    def __init__(
        self,
        support_z_m: float = 0.0,
        support_margin_m: float = 0.004,
        coarse: Stage = Stage(48, 160, 3, 0.012),
        middle: Stage = Stage(16, 400, 6, 0.008),
        fine: Stage = Stage(6, 800, 8, 0.005),
        trust: TrustModel | None = None,
        may_tip: bool = False,
        silhouettes: bool = True,
        threads: int = 2,
    ) -> None:
        if not np.isfinite([support_z_m, support_margin_m]).all() or threads < 1:
            raise ConfigurationError(
                f"registrar: got a support at {support_z_m} m, a margin of {support_margin_m} m "
                f"and {threads} threads, expected finite heights and 1 thread or more"
            )
        self._support_z_m = support_z_m
        self._support_margin_m = support_margin_m
        self._coarse, self._middle, self._fine = coarse, middle, fine
        self._trust = trust or TrustModel.calibrated()
        self._freedoms = 6 if may_tip else 4
        self._silhouettes, self._threads = silhouettes, threads

    def register(self, demo: Views, live: Views) -> Registration:
        """Estimate ``D_W``, the motion that takes the demonstrated object to the live one.

        Args:
            demo: The object as the demonstration saw it, in one view or several.
            live: The object now.

        Returns:
            The best motion with all its fields of trust; a bad fit is ``trusted = False``.

        Raises:
            GeometryError: A view holds too little of the object above its support, there is no
                view, or one object is far larger than the other.
        """
        with ThreadPoolExecutor(self._threads) as pool:
            prepared = pool.map(self._prepare, ("demo", "live"), (demo, live))
            seen_demo, seen_live = prepared
        _require_alike_in_size(seen_demo, seen_live)
        starts = Hypotheses.initial(seen_demo, seen_live, self._coarse.hypotheses)
        tried, scores, _ = self._refine(seen_demo, seen_live, starts, self._coarse)
        curve = _yaw_curve(scores, self._coarse.hypotheses)

        kept = tried.take(_distinct(tried, scores, self._middle.hypotheses, _START_SEPARATION_RAD))
        spread, scores, _ = self._refine(seen_demo, seen_live, kept, self._middle)

        kept = spread.take(_distinct(spread, scores, self._fine.hypotheses, _MODE_SEPARATION_RAD))
        final, scores, pair = self._refine(seen_demo, seen_live, kept, self._fine, self._freedoms)
        order = _distinct(final, scores, len(final), _MODE_SEPARATION_RAD)
        return self._conclude(seen_demo, seen_live, pair, final.take(order), scores[order], curve)

    def _prepare(self, name: str, views: Views) -> list[ViewEvidence]:
        several = [views] if isinstance(views, ObjectView) else list(views)
        if not several:
            raise GeometryError(f"{name}: got no view, expected one or more")
        prepared = []
        for number, view in enumerate(several, start=1):
            try:
                seen = ViewEvidence.from_view(view, self._support_z_m, self._support_margin_m)
                prepared.append(seen if self._silhouettes else seen.without_silhouette())
            except GeometryError as error:
                which = f"{name} view {number} of {len(several)}" if len(several) > 1 else name
                raise GeometryError(f"{which}: {error}") from error
        return prepared

    def _refine(
        self,
        demo: Sequence[ViewEvidence],
        live: Sequence[ViewEvidence],
        h: Hypotheses,
        stage: Stage,
        freedoms: int = 4,
    ) -> tuple[Hypotheses, FloatArray, ViewPair]:
        pair = ViewPair(demo, live, stage.points, stage.hidden_behind_m, self._threads)
        refined, fits = pair.refine(h, stage.iterations, freedoms)
        return refined, np.array([fit.score for fit in fits]), pair

    def _conclude(
        self,
        seen_demo: Sequence[ViewEvidence],
        seen_live: Sequence[ViewEvidence],
        pair: ViewPair,
        final: Hypotheses,
        scores: FloatArray,
        curve: FloatArray,
    ) -> Registration:
        modes = tuple(
            YawMode(final.motion(k), float(yaw_rad), float(scores[k]))
            for k, yaw_rad in enumerate(final.yaws_rad())
        )
        verdict = judge_symmetry(
            seen_demo,
            seen_live,
            pair,
            modes,
            _ROUND_COST,
            _AS_GOOD,
            self._threads,
        )
        motions, reason = self._polish(seen_demo, seen_live, verdict)
        D_W, at_rest = motions[0], not reason
        fit = pair.fit(Hypotheses(D_W.R[None], D_W.t[None]))[0]
        features = TrustFeatures(
            margin=_margin(modes, verdict.symmetry, verdict.motions),
            overlap=fit.overlap,
            violation_m=fit.violation_m,
            score=fit.score,
            points=min(sum(len(view.p_W) for view in side) for side in (seen_demo, seen_live)),
        )
        reason = (
            reason
            or _plain_doubt(seen_demo, seen_live, D_W, fit.overlap)
            or self._trust.doubt(features)
        )
        return Registration(
            D_W=D_W,
            converged=at_rest,
            trusted=not reason,
            reason=reason,
            probability=self._trust.probability(features),
            overlap=fit.overlap,
            rmse_m=fit.rmse_m,
            violation_m=fit.violation_m,
            score=fit.score,
            points=features.points,
            modes=modes,
            margin=features.margin,
            symmetry=verdict.symmetry,
            equivalent_motions=motions,
            yaw_curve=curve,
        )

    def _polish(
        self,
        demo: Sequence[ViewEvidence],
        live: Sequence[ViewEvidence],
        verdict: SymmetryVerdict,
    ) -> tuple[tuple[SE3, ...], str]:
        """The last tenths of a millimetre, and why they may not be the last, or an empty text.

        Here small residuals count, which while modes are compared are noise. A round object is
        where its axis is.
        """
        pair = ViewPair(
            demo, live, _POLISH_POINTS, _POLISH_HIDDEN_BEHIND_M, self._threads, polish=True
        )
        if verdict.symmetry == "full":
            return verdict.motions, _doubt_of_sliding(pair, verdict.motions[0])
        start = Hypotheses(
            np.stack([D_W.R for D_W in verdict.motions]),
            np.stack([D_W.t for D_W in verdict.motions]),
        )
        polished, _ = pair.refine(start, _POLISH_ITERATIONS, self._freedoms)
        again, _ = pair.refine(polished.take(np.array([0])), 2, self._freedoms)
        D_W, D_W_again = polished.motion(0), again.motion(0)
        moved_m = float(
            np.linalg.norm(D_W @ pair.centroid_demo_W - D_W_again @ pair.centroid_demo_W)
        )
        at_rest = moved_m < _AT_REST_M and D_W.angle_to_rad(D_W_again) < _AT_REST_RAD
        reason = _doubt_of_sliding(pair, D_W) if at_rest else "the refinement did not come to rest"
        return tuple(polished.motion(k) for k in range(len(polished))), reason


def _doubt_of_sliding(pair: ViewPair, D_W: SE3) -> str:
    return "nothing that was seen keeps it from sliding" if pair.may_slide(D_W) else ""


def _plain_doubt(
    demo: Sequence[ViewEvidence], live: Sequence[ViewEvidence], D_W: SE3, overlap: float
) -> str:
    """Why no figure of the fit can be believed, or an empty text."""
    for name, views in (("demonstrated", demo), ("live", live)):
        surroundings = max(view.surroundings for view in views)
        if surroundings < LEAST_SURROUNDINGS:
            return (
                f"around the {name} object the camera saw no table or floor behind it "
                f"({surroundings:.0%} of the outline, expected {LEAST_SURROUNDINGS:.0%})"
            )
        standing = min(view.standing for view in views)
        if standing < _LEAST_STANDING:
            return (
                f"most of the {name} object's mask lies on or below its support ({standing:.0%} "
                f"above it, expected {_LEAST_STANDING:.0%})"
            )
    if overlap < _LEAST_OVERLAP:
        return f"the views share hardly any surface (overlap {overlap:.2f})"
    tip_rad = float(np.arccos(np.clip(D_W.R[2, 2], -1.0, 1.0)))
    if tip_rad > _MOST_TIP_RAD:
        return f"it would be tipped by {np.rad2deg(tip_rad):.0f} deg"
    return ""


def _require_alike_in_size(demo: Sequence[ViewEvidence], live: Sequence[ViewEvidence]) -> None:
    """Refuse two things of which one is far larger: no part of one can be taken for the other."""
    radius_m = [_radius_m(demo), _radius_m(live)]
    if max(radius_m) > _MOST_TIMES_LARGER * min(radius_m):
        raise GeometryError(
            f"live: got a radius of {radius_m[1] * 1e3:.0f} mm, expected about the demonstrated "
            f"{radius_m[0] * 1e3:.0f} mm, at most {_MOST_TIMES_LARGER:.0f} times more or less "
            "(is it the object, and does the mask hold nothing else?)"
        )


def _radius_m(views: Sequence[ViewEvidence]) -> float:
    """How far all but the outermost points of an object are from their middle."""
    p_W = np.concatenate([view.p_W for view in views])
    return float(np.percentile(np.linalg.norm(p_W - p_W.mean(axis=0), axis=1), 90))


def _yaw_curve(scores: FloatArray, yaw_starts: int) -> FloatArray:
    """(K, 2): starting yaw in [0, 2 pi) and the better score of its two translations."""
    starts = evenly_spread_yaws(yaw_starts)
    return np.stack([starts, scores.reshape(2, yaw_starts).min(axis=0)], axis=1)


def _distinct(h: Hypotheses, scores: FloatArray, count: int, separation_rad: float) -> IntArray:
    """Indices of the best hypotheses, best first, none within a yaw of a better one."""
    chosen: list[int] = []
    yaws_rad = h.yaws_rad()
    for k in np.argsort(scores, kind="stable"):
        apart = all(abs(wrap_angle(yaws_rad[k] - yaws_rad[j])) > separation_rad for j in chosen)
        if apart:
            chosen.append(int(k))
        if len(chosen) == count:
            break
    return np.array(chosen, dtype=np.intp)


def _margin(modes: tuple[YawMode, ...], symmetry: Symmetry, equivalent: tuple[SE3, ...]) -> float:
    """Score by which the best mode leads the next one that symmetry does not explain."""
    if symmetry == "full":
        return 1.0
    others = [m.score for m in modes if not any(m.D_W is D_W for D_W in equivalent)]
    return min(others) - modes[0].score if others else 1.0
