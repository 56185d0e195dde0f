"""Which points lie in the convex hull of others."""

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from mt3.errors import GeometryError
from mt3.types import BoolArray, FloatArray


def convex_hull(points: FloatArray) -> ConvexHull:
    """The convex hull of points, (N, 3).

    Raises:
        GeometryError: They have no volume.
    """
    try:
        return ConvexHull(points)
    except (QhullError, ValueError) as error:
        raise GeometryError(
            f"points: got {len(points)} without a volume, expected at least 4 not in one plane"
        ) from error


class ConvexRegion:
    """The convex hull of points as the half-spaces that bound it.

    Args:
        points: (N, 3), metres, in a frame of its own.

    Raises:
        GeometryError: They have no volume.
    """

    def __init__(self, points: FloatArray) -> None:
        planes = np.unique(convex_hull(points).equations.round(6), axis=0)
        self._normals, self._offsets = planes[:, :3], planes[:, 3]
        self._centre = 0.5 * (points.min(axis=0) + points.max(axis=0))
        self._radius_m = float(np.linalg.norm(points - self._centre, axis=1).max())

    def mark(self, T_AR: FloatArray, p_A: FloatArray, margin_m: float, out: BoolArray) -> None:
        """Set ``out`` where points lie inside the hull grown by a margin.

        Args:
            T_AR: Pose of the region in A, (4, 4).
            p_A: Points in A, (N, 3), metres.
            margin_m: How far outside still counts.
            out: (N,) bool; points already set are not looked at again.
        """
        R, t = T_AR[:3, :3], T_AR[:3, 3]
        offset = p_A - (R @ self._centre + t)
        reach = self._radius_m + margin_m
        near = np.flatnonzero((np.einsum("ij,ij->i", offset, offset) <= reach**2) & ~out)
        p_R = (p_A[near] - t) @ R
        distance = p_R @ self._normals.T + self._offsets
        out[near[distance.max(axis=1, initial=-np.inf) <= margin_m]] = True
