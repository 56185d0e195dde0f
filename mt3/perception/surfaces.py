"""Table and walls as planes, and what stands out from them."""

from typing import Final

import numpy as np

from mt3.perception.rgbd import RGBD
from mt3.perception.table_plane import TablePlane, propose_plane
from mt3.types import BoolArray, Float32Array, FloatArray

_ROUGHNESS: Final = 2.5  # times the table's RMSE that are still table
_SEED_OVER_LOW: Final = 1.5
_WALLS: Final = 6
_WALL_SHARE: Final = 0.3
_WALL_POINTS: Final = 4000
_WALL_M: Final = 0.008
_BEHIND_M: Final = 0.03  # what is further behind a wall is not part of it


class Surfaces:
    """How far every pixel's point stands out from the planes that were found so far.

    Args:
        rgbd: The image.
        table: The first plane; a rough one hides more.
        min_height_m: Nearer points are a plane's.
        seed_height_m: An object stands out at least so far.
    """

    def __init__(
        self, rgbd: RGBD, table: TablePlane, min_height_m: float, seed_height_m: float
    ) -> None:
        self._rgbd = rgbd
        self._clearance_m = _height_m(rgbd, table.normal_W, table.offset_m)
        self._low_m = max(min_height_m, _ROUGHNESS * table.rmse_m)
        self._high_m = max(seed_height_m, _SEED_OVER_LOW * self._low_m)
        self._walls = 0

    def raised(self) -> BoolArray:
        """Pixels that may be an object's, (H, W)."""
        raised: BoolArray = self._clearance_m > self._low_m
        return raised

    def seeds(self) -> BoolArray:
        """Pixels that stand out far enough to be an object's for sure, (H, W)."""
        seeds: BoolArray = self._clearance_m > self._high_m
        return seeds

    def add_wall(self, mask: BoolArray) -> bool:
        """Take the plane that holds most of some pixels for a wall; False if there is none."""
        if self._walls == _WALLS:
            return False
        p_W = self._rgbd.points_W(mask)
        p_W = p_W[:: max(1, len(p_W) // _WALL_POINTS)]
        centre, normal = propose_plane(p_W, np.random.default_rng(self._walls))
        if float((np.abs((p_W - centre) @ normal) < _WALL_M).mean()) < _WALL_SHARE:
            return False
        if normal @ (self._rgbd.T_WC.t - centre) < 0:
            normal = -normal
        height_m = _height_m(self._rgbd, normal, float(normal @ centre))
        height_m[height_m < -_BEHIND_M] = np.inf
        np.minimum(self._clearance_m, height_m, out=self._clearance_m)
        self._walls += 1
        return True


def _height_m(rgbd: RGBD, normal_W: FloatArray, offset_m: float) -> Float32Array:
    """Distance of every pixel's point from a plane, (H, W), metres, positive up its normal."""
    k, n_C = rgbd.intrinsics, rgbd.T_WC.R.T @ normal_W
    x = (np.arange(k.width) - k.cx) / k.fx
    y = (np.arange(k.height) - k.cy) / k.fy
    slope = (n_C[0] * x + (n_C[1] * y + n_C[2])[:, None]).astype(np.float32)
    height_m: Float32Array = rgbd.depth_m * slope
    height_m += np.float32(normal_W @ rgbd.T_WC.t - offset_m)
    return height_m
