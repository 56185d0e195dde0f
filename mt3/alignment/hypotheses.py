"""Many motions of one object, refined against the views of two scenes."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from mt3.alignment.evidence import ViewEvidence, join_views
from mt3.alignment.residuals import Fit, evaluate, refine_motions
from mt3.geometry import SE3
from mt3.types import FloatArray, IntArray

_TOP_PERCENTILE = 98
# Noisy normals along which anything slides leave a share of 0.0026; the least of all right answers
# on 480 pairs of the development pool was 0.0056.
_FACING_SHARE, _SLIDE_M, _SLIDE_SCORE = 0.004, 0.01, 0.0035


@dataclass(frozen=True, slots=True, eq=False)
class Hypotheses:
    """H motions ``q_W = R p_W + t``.

    Args:
        R: (H, 3, 3).
        t: (H, 3), metres.
    """

    R: FloatArray
    t: FloatArray

    @classmethod
    def initial(
        cls, demo: Sequence[ViewEvidence], live: Sequence[ViewEvidence], yaw_starts: int
    ) -> "Hypotheses":
        """Every starting yaw twice: centroids laid on each other, and centres of the boxes.

        In height the tops are laid on each other: both views see the top of an object.
        """
        p_demo = np.concatenate([view.p_W for view in demo])
        p_live = np.concatenate([view.p_W for view in live])
        R = rotations_about_z(evenly_spread_yaws(yaw_starts))
        turned = p_demo @ np.swapaxes(R, -1, -2)
        by_centroid = p_live.mean(axis=0) - turned.mean(axis=1)
        live_centre = 0.5 * (p_live.max(axis=0) + p_live.min(axis=0))
        by_box = live_centre - 0.5 * (turned.max(axis=1) + turned.min(axis=1))
        t = np.concatenate([by_centroid, by_box])
        t[:, 2] = np.percentile(p_live[:, 2], _TOP_PERCENTILE)
        t[:, 2] -= np.percentile(p_demo[:, 2], _TOP_PERCENTILE)
        return cls(np.tile(R, (2, 1, 1)), t)

    def __len__(self) -> int:
        return len(self.t)

    def take(self, index: IntArray) -> "Hypotheses":
        """Those at some indices."""
        return Hypotheses(self.R[index], self.t[index])

    def motion(self, k: int) -> SE3:
        """One of them."""
        return SE3.from_rotation_translation(self.R[k], self.t[k])

    def yaws_rad(self) -> FloatArray:
        """Yaw of each, (H,), in (-pi, pi]: of the upright rotation nearest to it."""
        R = self.R
        yaws: FloatArray = np.arctan2(R[:, 1, 0] - R[:, 0, 1], R[:, 0, 0] + R[:, 1, 1])
        return yaws


def evenly_spread_yaws(count: int) -> FloatArray:
    """Yaws over the full circle from 0, (count,), radians."""
    return np.linspace(0.0, 2.0 * np.pi, count, endpoint=False, dtype=np.float64)


def rotations_about_z(yaw_rad: FloatArray) -> FloatArray:
    """Rotation matrices, (H, 3, 3)."""
    c, s = np.cos(yaw_rad), np.sin(yaw_rad)
    R = np.zeros((len(c), 3, 3))
    R[:, 0, 0], R[:, 0, 1], R[:, 1, 0], R[:, 1, 1], R[:, 2, 2] = c, -s, s, c, 1.0
    return R


class ViewPair:
    """The views of two scenes, thinned to a number of points each.

    Args:
        demo: Views of the demonstration.
        live: Views of the live scene.
        points: Points used of each view.
        hidden_behind_m: Further behind a surface a point is hidden.
        threads: Among which the motions are shared out; each motion is refined by itself, so the
            result does not depend on it.
        polish: Whether the least residuals count too, and the largest hardly pull.
    """

    def __init__(
        self,
        demo: Sequence[ViewEvidence],
        live: Sequence[ViewEvidence],
        points: int,
        hidden_behind_m: float,
        threads: int = 1,
        polish: bool = False,
    ) -> None:
        self._threads = threads
        self._demo, self._live = join_views(demo, points), join_views(live, points)
        self._hidden_behind_m, self._polish = hidden_behind_m, polish

    @property
    def centroid_demo_W(self) -> FloatArray:
        """Mean of the demonstration's points, (3,)."""
        centroid: FloatArray = self._demo.p_W.mean(axis=0)
        return centroid

    def refine(
        self, h: Hypotheses, iterations: int, freedoms: int = 4
    ) -> tuple[Hypotheses, list[Fit]]:
        """Each hypothesis after some steps, none of which raises its score, and its fit.

        Args:
            h: Where to begin.
            iterations: Steps tried.
            freedoms: 3 for (x, y, z), 4 for yaw besides, 6 for roll and pitch besides.
        """
        R, t = h.R.copy(), h.t.copy()

        def refine_some(some: IntArray) -> FloatArray:
            first, end = int(some[0]), int(some[-1]) + 1
            return refine_motions(
                self._demo,
                self._live,
                R[first:end],
                t[first:end],
                iterations,
                self._hidden_behind_m,
                self._polish,
                freedoms,
            )

        parts = np.array_split(np.arange(len(h)), min(self._threads, len(h)))
        if len(parts) == 1:
            fits = refine_some(parts[0])
        else:
            with ThreadPoolExecutor(len(parts)) as pool:
                fits = np.concatenate(list(pool.map(refine_some, parts)))
        return Hypotheses(R, t), [Fit(*row) for row in fits.tolist()]

    def may_slide(self, D_W: SE3) -> bool:
        """Whether nothing that was seen resists a shift in the direction that is freest.

        That direction is the least eigenvector of the normal equations. Nearly no surface faces
        it, and the score hardly rises with a shift either, as it does where a silhouette resists.
        """
        A, b = np.empty((6, 6)), np.empty(6)
        behind_m, polish = self._hidden_behind_m, self._polish
        evaluate(self._demo, self._live, D_W.R, D_W.t, behind_m, polish, 4, A, b)
        shares, directions = np.linalg.eigh(A[:3, :3] / max(np.trace(A[:3, :3]), 1e-12), UPLO="L")
        if shares[0] > _FACING_SHARE:
            return False
        t = D_W.t + _SLIDE_M * np.outer([0.0, 1.0, -1.0], directions[:, 0])
        here, *shifted = (fit.score for fit in self.fit(Hypotheses(np.stack([D_W.R] * 3), t)))
        return bool(min(shifted) - here < _SLIDE_SCORE)

    def fit(self, h: Hypotheses) -> list[Fit]:
        """How well each hypothesis fits as it is."""
        return self.refine(h, 0)[1]
