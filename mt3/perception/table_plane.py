"""The table, measured from one depth image."""

from dataclasses import dataclass

import numpy as np

from mt3.errors import ImageError
from mt3.perception.rgbd import RGBD
from mt3.types import BoolArray, FloatArray

_MAX_POINTS = 4000
_HYPOTHESES = 128
_SCORED_POINTS = 800
_INLIER_M = 0.008
_REFINEMENTS = 4


@dataclass(frozen=True, slots=True, eq=False)
class TablePlane:
    """A plane ``normal_W @ p_W = offset_m`` with a centre that the camera saw.

    Args:
        normal_W: (3,), unit, pointing up.
        offset_m: Distance of the plane from the origin of W along the normal.
        p_W_centre: (3,), metres: mean of the points that lie on it.
        inlier_share: Share of the points near the expected height that lie on it.
        rmse_m: Their distance from it, root mean square.
    """

    normal_W: FloatArray
    offset_m: float
    p_W_centre: FloatArray
    inlier_share: float
    rmse_m: float

    @property
    def tilt_rad(self) -> float:
        """Angle between the normal and z of W."""
        return float(np.arctan2(np.hypot(*self.normal_W[:2]), self.normal_W[2]))

    @property
    def height_m(self) -> float:
        """Height of the centre: its z in W."""
        return float(self.p_W_centre[2])


def fit_table_plane(
    rgbd: RGBD,
    rng: np.random.Generator,
    expected_height_m: float = 0.0,
    search_m: float = 0.15,
    min_share: float = 0.2,
) -> TablePlane:
    """Fit the plane that most points near the expected height of the table lie on.

    Random triples of points propose planes (RANSAC, Fischler and Bolles 1981), the one with the
    most points wins and is refined by least squares. The number of proposals is fixed, so one
    seed gives one answer.

    Args:
        rgbd: The image, with its camera's pose.
        rng: Draws the triples.
        expected_height_m: z of the table in W, as configured.
        search_m: Points further than this from that height are left out.
        min_share: Share of the points left that must lie on the plane.

    Raises:
        ImageError: Too few points near the height, or no plane that enough of them lie on.
    """
    p_W = _points_near(rgbd, expected_height_m, search_m)
    centre, normal = propose_plane(p_W, rng)
    inlier = np.abs((p_W - centre) @ normal) < _INLIER_M
    for _ in range(_REFINEMENTS):
        centre, normal = _least_squares_plane(p_W[inlier])
        inlier = np.abs((p_W - centre) @ normal) < _INLIER_M
    share = float(inlier.mean())
    if share < min_share:
        raise ImageError(
            f"table: got a plane with {share:.0%} of the points within {search_m} m of height "
            f"{expected_height_m} m in W, expected at least {min_share:.0%} (is the table in view?)"
        )
    return _as_table(centre, normal, p_W, inlier)


def _points_near(rgbd: RGBD, height_m: float, search_m: float) -> FloatArray:
    """Points of a regular grid of pixels within a band of heights, (N, 3)."""
    step = max(1, int(np.sqrt(rgbd.depth_m.size / _MAX_POINTS)))
    v, u = np.mgrid[: rgbd.depth_m.shape[0] : step, : rgbd.depth_m.shape[1] : step]
    depth_m = rgbd.depth_m[::step, ::step].astype(np.float64)
    seen: BoolArray = depth_m > 0
    p_C = rgbd.intrinsics.deproject(u[seen].astype(float), v[seen].astype(float), depth_m[seen])
    p_W = rgbd.T_WC @ p_C
    p_W = p_W[np.abs(p_W[:, 2] - height_m) <= search_m]
    if len(p_W) < 3:
        raise ImageError(
            f"table: got {len(p_W)} points within {search_m} m of height {height_m} m in W, "
            "expected the table there (camera pose wrong, or table out of view?)"
        )
    return p_W


def propose_plane(p_W: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """A point and the unit normal, by chance pointing up or down, of the plane most points are on.

    Args:
        p_W: (N, 3), metres; at least one.
        rng: Draws the triples that propose planes.
    """
    triples = p_W[rng.integers(len(p_W), size=(_HYPOTHESES, 3))]
    normals = np.cross(triples[:, 1] - triples[:, 0], triples[:, 2] - triples[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    normals /= np.maximum(lengths, np.finfo(float).tiny)[:, None]
    scored = p_W[:: max(1, len(p_W) // _SCORED_POINTS)]
    offsets = np.einsum("hi,hi->h", normals, triples[:, 0])
    votes = (np.abs(scored @ normals.T - offsets) < _INLIER_M).sum(axis=0)
    votes[lengths == 0] = 0
    best = int(np.argmax(votes))
    return triples[best, 0], normals[best]


def _least_squares_plane(p: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and unit normal, pointing up, of the plane nearest to points, (N, 3)."""
    centre = p.mean(axis=0)
    normal = np.linalg.eigh((p - centre).T @ (p - centre))[1][:, 0]
    return centre, normal if normal[2] >= 0 else -normal


def _as_table(
    centre: FloatArray, normal: FloatArray, p_W: FloatArray, inlier: BoolArray
) -> TablePlane:
    distance = (p_W[inlier] - centre) @ normal
    return TablePlane(
        normal_W=normal,
        offset_m=float(normal @ centre),
        p_W_centre=p_W[inlier].mean(axis=0),
        inlier_share=float(inlier.mean()),
        rmse_m=float(np.sqrt(np.mean(distance**2))),
    )
