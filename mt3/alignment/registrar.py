"""Estimate how an object moved between two depth images, over the full circle of yaw.

Every hypothesis is judged by both images: the demonstration's points, moved, must not stand where
the live camera saw through, and the live points, moved back, must not stand where the
demonstration's camera saw through; where both see the surface, they agree. Two partial clouds of
different sides of an object need not overlap, which is why nearest-point distance misleads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from mt3.alignment.evidence import ViewEvidence
from mt3.alignment.hypotheses import Hypotheses, ViewPair, evenly_spread_yaws
from mt3.alignment.registration import Registration, Symmetry, YawMode
from mt3.alignment.residuals import Fit
from mt3.alignment.symmetry import judge_symmetry
from mt3.errors import GeometryError
from mt3.geometry import SE3, wrap_angle
from mt3.perception import ObjectView
from mt3.types import FloatArray, IntArray

Views: TypeAlias = ObjectView | Sequence[ObjectView]

_START_SEPARATION_RAD = np.deg2rad(4.0)
_MODE_SEPARATION_RAD = np.deg2rad(15.0)
_AT_REST_M, _AT_REST_RAD = 0.002, np.deg2rad(1.0)


@dataclass(frozen=True, slots=True)
class Stage:
    """One round of refinement.

    Args:
        hypotheses: At most so many, the best.
        points: Points used of each view.
        iterations: Gauss-Newton steps.
        hidden_behind_m: Further behind the other view's surface a point is hidden. Wide to
            converge from afar; narrow to be unbiased, because it only counts on one side.
    """

    hypotheses: int
    points: int
    iterations: int
    hidden_behind_m: float


@dataclass(frozen=True, slots=True)
class TrustThresholds:
    """When a registration may move a robot.

    Args:
        min_overlap: Least share of points, both ways, that meet the other view's surface.
        max_rmse_m: Largest root mean square distance of those points, metres.
        max_violation_m: Largest mean violation of seen-through space, metres.
        min_margin: Least difference in score to the second mode that symmetry does not explain;
            modes that differ less are as good as each other.
        full_tolerance: Turns about the axis that all score within this of the best show a full
            symmetry.
    """

    min_overlap: float = 0.02
    max_rmse_m: float = 0.006
    max_violation_m: float = 0.005
    min_margin: float = 0.006
    full_tolerance: float = 0.028


class Registrar:
    """Registers views of one object: translation and yaw, on request also roll and pitch.

    Args:
        support_z_m: Height in W of the surface that the object stands on.
        support_margin_m: Points of the mask lower than this above it are dropped.
        coarse: Round for the starting yaws over the circle, each with two initial translations.
        middle: Round for the best distinct starts.
        fine: Round for the best distinct modes.
        trust: Thresholds of trust.
        may_tip: Whether the last round may also roll and pitch the object (6-DoF).
    """

    def __init__(
        self,
        support_z_m: float = 0.0,
        support_margin_m: float = 0.004,
        coarse: Stage = Stage(48, 160, 3, 0.012),
        middle: Stage = Stage(16, 400, 6, 0.008),
        fine: Stage = Stage(6, 800, 8, 0.005),
        trust: TrustThresholds | None = None,
        may_tip: bool = False,
    ) -> None:
        self._support_z_m = support_z_m
        self._support_margin_m = support_margin_m
        self._coarse, self._middle, self._fine = coarse, middle, fine
        self._trust = trust or TrustThresholds()
        self._freedoms = 6 if may_tip else 4

    def register(self, demo: Views, live: Views) -> Registration:
        """Estimate ``D_W``, the motion that takes the demonstrated object to the live one.

        Args:
            demo: The object as the demonstration saw it, in one view or several.
            live: The object now.

        Returns:
            The best motion with all its fields of trust; a bad fit is ``trusted = False``.

        Raises:
            GeometryError: A view holds too little of the object above its support, or there is
                no view.
        """
        seen_demo, seen_live = self._prepare("demo", demo), self._prepare("live", live)
        starts = Hypotheses.initial(seen_demo, seen_live, self._coarse.hypotheses)
        tried, scores, _ = self._refine(seen_demo, seen_live, starts, self._coarse)
        curve = _yaw_curve(scores, self._coarse.hypotheses)

        kept = tried.take(_distinct(tried, scores, self._middle.hypotheses, _START_SEPARATION_RAD))
        spread, scores, _ = self._refine(seen_demo, seen_live, kept, self._middle)

        kept = spread.take(_distinct(spread, scores, self._fine.hypotheses, _MODE_SEPARATION_RAD))
        final, scores, pair = self._refine(seen_demo, seen_live, kept, self._fine, self._freedoms)
        order = _distinct(final, scores, len(final), _MODE_SEPARATION_RAD)
        return self._conclude(pair, final.take(order), scores[order], spread, curve)

    def _prepare(self, name: str, views: Views) -> list[ViewEvidence]:
        several = [views] if isinstance(views, ObjectView) else list(views)
        if not several:
            raise GeometryError(f"{name}: got no view, expected one or more")
        support = (self._support_z_m, self._support_margin_m)
        return [ViewEvidence.from_view(view, *support) for view in several]

    @staticmethod
    def _refine(
        demo: Sequence[ViewEvidence],
        live: Sequence[ViewEvidence],
        h: Hypotheses,
        stage: Stage,
        freedoms: int = 4,
    ) -> tuple[Hypotheses, FloatArray, ViewPair]:
        pair = ViewPair(demo, live, stage.points, stage.hidden_behind_m)
        refined, fits = pair.refine(h, stage.iterations, freedoms)
        return refined, np.array([fit.score for fit in fits]), pair

    def _conclude(
        self,
        pair: ViewPair,
        final: Hypotheses,
        scores: FloatArray,
        spread: Hypotheses,
        curve: FloatArray,
    ) -> Registration:
        modes = tuple(
            YawMode(final.motion(k), float(yaw_rad), float(scores[k]))
            for k, yaw_rad in enumerate(final.yaws_rad())
        )
        verdict = judge_symmetry(
            pair, modes, spread, self._trust.full_tolerance, self._trust.min_margin
        )
        D_W = verdict.motions[0]
        best = Hypotheses(D_W.R[None], D_W.t[None])
        fit = pair.fit(best)[0]
        again, _ = pair.refine(best, 2, self._freedoms)
        at_rest = _at_rest(D_W, again.motion(0), pair.centroid_demo_W, verdict.symmetry)
        margin = _margin(modes, verdict.symmetry, verdict.motions)
        reason = self._why_not(fit, margin, at_rest)
        return Registration(
            D_W=D_W,
            converged=at_rest,
            trusted=not reason,
            reason=reason,
            overlap=fit.overlap,
            rmse_m=fit.rmse_m,
            violation_m=fit.violation_m,
            modes=modes,
            margin=margin,
            symmetry=verdict.symmetry,
            equivalent_motions=verdict.motions,
            yaw_curve=curve,
        )

    def _why_not(self, fit: Fit, margin: float, at_rest: bool) -> str:
        """What speaks against trust, or an empty text."""
        limits = self._trust
        overlap, rmse_m, violation_m = fit.overlap, fit.rmse_m, fit.violation_m
        checks = (
            (at_rest, "the refinement did not come to rest"),
            (overlap >= limits.min_overlap, f"overlap {overlap:.2f} < {limits.min_overlap:.2f}"),
            (
                rmse_m <= limits.max_rmse_m,
                f"RMSE {rmse_m * 1e3:.1f} mm > {limits.max_rmse_m * 1e3:.1f} mm",
            ),
            (
                violation_m <= limits.max_violation_m,
                f"violation {violation_m * 1e3:.1f} mm > {limits.max_violation_m * 1e3:.1f} mm",
            ),
            (
                margin >= limits.min_margin,
                f"margin {margin:.3f} < {limits.min_margin:.3f}: another yaw fits as well",
            ),
        )
        return "; ".join(text for holds, text in checks if not holds)


def _at_rest(D_W: SE3, again: SE3, centre_W: FloatArray, symmetry: Symmetry) -> bool:
    """Whether another refinement leaves the object's centre, and a yaw that matters, in place."""
    moved_m = float(np.linalg.norm(D_W @ centre_W - again @ centre_W))
    turned = symmetry != "full" and D_W.angle_to_rad(again) > _AT_REST_RAD
    return moved_m < _AT_REST_M and not turned


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
