"""Many planar motions refined side by side against two views."""

from dataclasses import dataclass

import numpy as np

from mt3.alignment.evidence import ViewEvidence
from mt3.alignment.residuals import PointResiduals, compute_point_residuals
from mt3.geometry import SE3
from mt3.types import FloatArray, IntArray

_MAX_YAW_STEP_RAD = 0.2
_MAX_STEP_M = 0.02
_SHRINK = 0.3  # of a step that did not help
_RIDGE = 1e-6  # keeps a direction that nothing constrains where it is


@dataclass(frozen=True, slots=True, eq=False)
class Hypotheses:
    """H planar motions ``q_W = Rz(yaw) p_W + t``.

    Args:
        yaw_rad: (H,).
        t: (H, 3), metres.
    """

    yaw_rad: FloatArray
    t: FloatArray

    @classmethod
    def initial(cls, demo: ViewEvidence, live: ViewEvidence, yaw_starts: int) -> "Hypotheses":
        """Every starting yaw twice: centroids laid on each other, and centres of the boxes.

        In height the tops are laid on each other: both views see the top of an object.
        """
        yaw_rad = evenly_spread_yaws(yaw_starts)
        turned = demo.p_W @ np.swapaxes(_rotations(yaw_rad), -1, -2)
        by_centroid = live.p_W.mean(axis=0) - turned.mean(axis=1)
        live_centre = 0.5 * (live.p_W.max(axis=0) + live.p_W.min(axis=0))
        by_box = live_centre - 0.5 * (turned.max(axis=1) + turned.min(axis=1))
        t = np.concatenate([by_centroid, by_box])
        top_percentile = 98
        t[:, 2] = np.percentile(live.p_W[:, 2], top_percentile)
        t[:, 2] -= np.percentile(demo.p_W[:, 2], top_percentile)
        return cls(np.tile(yaw_rad, 2), t)

    def __len__(self) -> int:
        return len(self.yaw_rad)

    def take(self, index: IntArray) -> "Hypotheses":
        """Those at some indices."""
        return Hypotheses(self.yaw_rad[index], self.t[index])

    def rotations(self) -> FloatArray:
        """Rotation matrices, (H, 3, 3)."""
        return _rotations(self.yaw_rad)

    def motion(self, k: int) -> SE3:
        """One of them."""
        return SE3.from_yaw(float(self.yaw_rad[k]), self.t[k])

    def moved(self, step: FloatArray, pivot_W: FloatArray) -> "Hypotheses":
        """Each turned by a small yaw about its pivot and shifted: steps (H, 4) ``[t, yaw]``."""
        R = _rotations(step[:, 3])
        arm = self.t - pivot_W
        t = (R @ arm[..., None])[..., 0] + pivot_W + step[:, :3]
        return Hypotheses(self.yaw_rad + step[:, 3], t)


def evenly_spread_yaws(count: int) -> FloatArray:
    """Yaws over the full circle from 0, (count,), radians."""
    return np.linspace(0.0, 2.0 * np.pi, count, endpoint=False, dtype=np.float64)


def _rotations(yaw_rad: FloatArray) -> FloatArray:
    c, s = np.cos(yaw_rad), np.sin(yaw_rad)
    R = np.zeros((len(c), 3, 3))
    R[:, 0, 0], R[:, 0, 1], R[:, 1, 0], R[:, 1, 1], R[:, 2, 2] = c, -s, s, c, 1.0
    return R


class ViewPair:
    """Two prepared views, thinned to a number of points each.

    Args:
        demo: The demonstration's view.
        live: The live view.
        points: Points used of each.
        hidden_behind_m: Further behind the other view's surface a point is hidden.
    """

    def __init__(
        self, demo: ViewEvidence, live: ViewEvidence, points: int, hidden_behind_m: float
    ) -> None:
        self._demo, self._live = demo, live
        self._hidden_behind_m = hidden_behind_m
        self.p_demo, self._n_demo = _thinned(demo, points)
        self._p_live, self._n_live = _thinned(live, points)

    def residuals(self, h: Hypotheses) -> tuple[PointResiduals, PointResiduals]:
        """The demonstration's points in the live view, and the live points in the other."""
        R = h.rotations()
        forward = self.p_demo @ np.swapaxes(R, -1, -2) + h.t[:, None]
        backward = (self._p_live - h.t[:, None]) @ R
        n_forward, n_backward = self._n_demo @ np.swapaxes(R, -1, -2), self._n_live @ R
        hidden_m = self._hidden_behind_m
        return (
            compute_point_residuals(self._live, forward, n_forward, hidden_m),
            compute_point_residuals(self._demo, backward, n_backward, hidden_m),
        )

    def refine(self, h: Hypotheses, iterations: int) -> tuple[Hypotheses, FloatArray]:
        """Batched, robust Levenberg-Marquardt over (x, y, z, yaw): no step raises a score.

        Returns:
            The refined hypotheses and their scores, (H,).
        """
        evidence = self.residuals(h)
        scores = mean_cost(*evidence)
        step = self._steps(h, *evidence)
        shrink = np.ones(len(h))
        for k in range(iterations):
            tried = h.moved(step * shrink[:, None], self._pivot(h))
            evidence = self.residuals(tried)
            tried_scores = mean_cost(*evidence)
            better = tried_scores < scores
            h = Hypotheses(
                np.where(better, tried.yaw_rad, h.yaw_rad),
                np.where(better[:, None], tried.t, h.t),
            )
            scores = np.where(better, tried_scores, scores)
            if k + 1 < iterations and better.any():
                step = np.where(better[:, None], self._steps(tried, *evidence), step)
            shrink = np.where(better, 1.0, shrink * _SHRINK)
        return h, scores

    def _pivot(self, h: Hypotheses) -> FloatArray:
        """Where each hypothesis takes the centroid of the demonstration's points, (H, 3)."""
        centroid: FloatArray = h.rotations() @ self.p_demo.mean(axis=0) + h.t
        return centroid

    def _steps(self, h: Hypotheses, there: PointResiduals, back: PointResiduals) -> FloatArray:
        """One Gauss-Newton step of every hypothesis, (H, 4) as ``moved`` takes it, limited."""
        R = h.rotations()
        forward = self.p_demo @ np.swapaxes(R, -1, -2) + h.t[:, None]
        pivot = self._pivot(h)
        live = np.broadcast_to(self._p_live, (len(h), *self._p_live.shape))
        gradient_back = -back.gradient_W @ np.swapaxes(R, -1, -2)
        scale_m = self._hidden_behind_m
        A, b = _normal_equations(there, there.gradient_W, forward, pivot, scale_m)
        A_back, b_back = _normal_equations(back, gradient_back, live, pivot, scale_m)
        A, b = A + A_back, b + b_back
        A += (_RIDGE * np.trace(A, axis1=1, axis2=2)[:, None, None] + 1e-12) * np.eye(4)
        step = np.asarray(-np.linalg.solve(A, b[..., None])[..., 0], dtype=np.float64)
        length = np.linalg.norm(step[:, :3], axis=1, keepdims=True)
        step[:, :3] *= np.minimum(1.0, _MAX_STEP_M / np.maximum(length, 1e-12))
        step[:, 3] = np.clip(step[:, 3], -_MAX_YAW_STEP_RAD, _MAX_YAW_STEP_RAD)
        return step


def mean_cost(there: PointResiduals, back: PointResiduals) -> FloatArray:
    """Mean cost per point, (H,): both directions weigh the same."""
    cost: FloatArray = 0.5 * (there.cost.mean(axis=1) + back.cost.mean(axis=1))
    return cost


def _thinned(view: ViewEvidence, points: int) -> tuple[FloatArray, FloatArray]:
    """Every k-th point and normal; the points of a view are sorted by place."""
    index = np.linspace(0, len(view.p_W) - 1, min(points, len(view.p_W))).astype(np.intp)
    return view.p_W[index], view.n_W[index]


def _normal_equations(
    r: PointResiduals,
    gradient_W: FloatArray,
    q_W: FloatArray,
    pivot_W: FloatArray,
    scale_m: float,
) -> tuple[FloatArray, FloatArray]:
    """``J^T W J`` (H, 4, 4) and ``J^T W r`` (H, 4) for steps (x, y, z, yaw about the pivot).

    Weights are Cauchy's, ``1 / (1 + (r / scale)^2)``.
    """
    arm = q_W - pivot_W[:, None]
    J = np.empty((*r.residual_m.shape, 4))
    J[..., :3] = gradient_W
    J[..., 3] = gradient_W[..., 1] * arm[..., 0] - gradient_W[..., 0] * arm[..., 1]
    weight = r.evidence / (1.0 + (r.residual_m / scale_m) ** 2)
    weighted = np.swapaxes(J * weight[..., None], -1, -2)
    return weighted @ J, (weighted @ r.residual_m[..., None])[..., 0]
