"""What one depth image says about where an object's surface is, and is not.

Along every pixel's ray, everything in front of the measured surface is empty, and a pixel of
background behind the object says that the whole ray is empty. Another thing in front hides: it
says nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from scipy.spatial import cKDTree

from mt3.alignment.pixel_maps import (
    STEP_PX,
    Lens,
    deproject,
    fill_classes,
    fill_silhouette,
    fill_surface,
)
from mt3.alignment.residuals import (
    BACKGROUND,
    CAMERA_COLUMNS,
    CLASS,
    COLUMNS,
    DEPTH,
    NORMAL,
    OBJECT,
    UNKNOWN,
    Side,
)
from mt3.errors import GeometryError
from mt3.geometry import SE3
from mt3.perception import Intrinsics, ObjectView
from mt3.perception.object_view import MIN_MASK_PIXELS
from mt3.types import BoolArray, Float32Array, FloatArray, IntArray

_MEDIAN_PX = 3
_STRANGE_SHARE, _STRANGE_GAP_M = 0.25, 0.05  # a handle cut off by its own edges is nearer
_VOXEL_M = 0.004
# Least of all right answers on 480 pairs of the development pool: 0.65; on real frames, where
# things stand close, 0.35 was seen.
LEAST_SURROUNDINGS = 0.25
_LEVEL_M = 0.005
_TOP_QUANTILE = 0.98
_LEAST_STANDS_OUT_M = 0.012  # of an object over what it stands on
_AROUND_PX = 12.0
_NORMAL_REACH_PX = 6.0  # from a pixel with surface all around to those that share its normal


@dataclass(frozen=True, slots=True, eq=False)
class ViewEvidence:
    """Pixel maps around one object, prepared once per view.

    Args:
        p_W: Points of the object above its support, (N, 3), evenly spread over the surface.
        n_W: Surface normals there, towards the camera, (N, 3), unit.
        maps: (H * W, 10) float32 over a window of the image: depth (m), class, distance to the
            silhouette (px, 0 inside), cosine-like slope (normal times the ray of unit depth),
            surface normal in W (3), and direction in W away from the silhouette (3).
        window: (u0, v0, width, height) of that window in the image, pixels.
        intrinsics: Of the image.
        T_WC: Pose of the camera.
        surroundings: Share of the pixels around the mask where the camera saw past the object.
        standing: Share of the mask's pixels with depth that are above the support.
    """

    p_W: FloatArray
    n_W: FloatArray
    maps: Float32Array
    window: tuple[int, int, int, int]
    intrinsics: Intrinsics
    T_WC: SE3
    surroundings: float
    standing: float

    @classmethod
    def from_view(
        cls, view: ObjectView, support_z_m: float, support_margin_m: float
    ) -> "ViewEvidence":
        """Prepare a view.

        An object around which hardly any table is seen, but an even surface above it, stands on
        that: a board, or the block that it is plugged into.

        Args:
            view: The object as seen.
            support_z_m: Height in W of the surface that objects stand on.
            support_margin_m: Points lower than this above the support are the support's.

        Raises:
            GeometryError: Too few points of the object stand above its support.
        """
        evidence = cls._from_view(view, support_z_m, support_margin_m)
        if evidence.surroundings < LEAST_SURROUNDINGS:
            higher_z_m = _support_around(view, support_z_m + support_margin_m)
            if higher_z_m is not None:
                return cls._from_view(view, higher_z_m, support_margin_m)
        return evidence

    def without_silhouette(self) -> "ViewEvidence":
        """The same, as if nothing had been seen beside the object."""
        maps = self.maps.copy()
        beside = maps[:, CLASS] == BACKGROUND
        maps[beside, CLASS], maps[beside, DEPTH] = UNKNOWN, 0.0
        return replace(self, maps=maps)

    @classmethod
    def _from_view(
        cls, view: ObjectView, support_z_m: float, support_margin_m: float
    ) -> "ViewEvidence":
        """Prepare a view of an object whose support is known."""
        rgbd = view.rgbd
        window = _window_around(view.mask)
        u0, v0, width, height = window
        crop = (slice(v0, v0 + height), slice(u0, u0 + width))
        depth_m, mask = np.ascontiguousarray(rgbd.depth_m[crop]), view.mask[crop].copy()
        median_m = np.asarray(cv2.medianBlur(depth_m, _MEDIAN_PX), dtype=np.float32)
        k = rgbd.intrinsics
        lens = (k.fx, k.fy, k.cx - u0, k.cy - v0)
        lowest_m, occluder_m = support_z_m + support_margin_m, support_z_m + 2.0 * support_margin_m
        pose = (rgbd.T_WC.matrix, lowest_m, occluder_m)
        maps = np.zeros((height, width, COLUMNS), dtype=np.float32)
        smooth = fill_classes(maps, depth_m, median_m, mask, lens, *pose)
        strange = _strange_parts(smooth, maps, lens)
        if strange.any():
            mask &= ~_nearer_to(strange, smooth & ~strange)
            smooth = fill_classes(maps, depth_m, median_m, mask, lens, *pose)
        if int(smooth.sum()) < MIN_MASK_PIXELS:
            raise GeometryError(
                f"object: got {int(smooth.sum())} usable points over {support_margin_m * 1e3:.0f} "
                f"mm above its support at z = {support_z_m:.3f} m, {int(view.mask.sum())} pixels "
                f"in its mask, expected at least {MIN_MASK_PIXELS} (is it too far away, does depth "
                "have holes there, or is the height of the table wrong?)"
            )
        outside_px, blurred_px = _distances_px(mask)
        fill_silhouette(maps, outside_px, blurred_px, lens, rgbd.T_WC.R)
        fill_surface(maps, smooth, _nearest_inner(smooth), lens, rgbd.T_WC.R)
        p_C = deproject(maps, smooth, lens)
        p_W, n_W = _spread(rgbd.T_WC @ p_C, maps[smooth][:, NORMAL : NORMAL + 3])
        classes, around = maps[:, :, CLASS], (outside_px > 0.0) & (outside_px <= _AROUND_PX)
        return cls(
            p_W,
            n_W,
            maps.reshape(-1, COLUMNS),
            window,
            k,
            rgbd.T_WC,
            surroundings=_share(classes[around] == BACKGROUND),
            standing=_share(classes[view.mask[crop] & (depth_m > 0.0)] == OBJECT),
        )


def _support_around(view: ObjectView, above_m: float) -> float | None:
    """Height in W of the even surface around an object, if there is one over a height."""
    u0, v0, width, height = _window_around(view.mask)
    crop = (slice(v0, v0 + height), slice(u0, u0 + width))
    outside_px, _ = _distances_px(view.mask[crop])
    around = np.zeros_like(view.mask)
    around[crop] = (outside_px > 0.0) & (outside_px <= _AROUND_PX)
    around &= view.rgbd.depth_m > 0.0
    z_m = view.rgbd.points_W(around)[:, 2]
    top_m = float(np.quantile(view.points_W()[:, 2], _TOP_QUANTILE))
    z_m = z_m[(z_m > above_m) & (z_m < top_m - _LEAST_STANDS_OUT_M)]
    if len(z_m) == 0:
        return None
    levels = np.bincount(((z_m - above_m) / _LEVEL_M).astype(np.intp))
    level = int(np.argmax(levels))
    even = z_m[np.abs(z_m - above_m - (level + 0.5) * _LEVEL_M) <= _LEVEL_M]
    return float(np.median(even)) if len(even) >= LEAST_SURROUNDINGS * around.sum() else None


def _share(holds: BoolArray) -> float:
    return float(holds.mean()) if holds.size else 0.0


def _strange_parts(smooth: BoolArray, maps: Float32Array, lens: Lens) -> BoolArray:
    """Small parts of the mask that stand apart in space: a neighbour's, not the object's.

    A part that an occluder cut off is larger, and a thin one, such as a handle, is near.
    """
    strange = np.zeros_like(smooth)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(smooth.view(np.uint8))
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0  # what is not smooth
    main = int(areas.argmax())
    small = [k for k in range(1, count) if areas[k] < _STRANGE_SHARE * areas[main]]
    if not small:
        return strange
    tree = cKDTree(deproject(maps, labels == main, lens))
    for k in small:
        part = labels == k
        gap_m = np.min(tree.query(deproject(maps, part, lens))[0])
        if gap_m > _STRANGE_GAP_M:
            strange |= part
    return strange


def _nearer_to(one: BoolArray, other: BoolArray) -> BoolArray:
    """Pixels nearer to one set of pixels than to another."""
    to_one = cv2.distanceTransform((~one).view(np.uint8), cv2.DIST_L2, 3)
    to_other = cv2.distanceTransform((~other).view(np.uint8), cv2.DIST_L2, 3)
    nearer: BoolArray = to_one < to_other
    return nearer


def _nearest_inner(smooth: BoolArray) -> IntArray:
    """Flat index of the nearest pixel with smooth surface all around, (H, W); -1: none is near."""
    around = np.ones((2 * STEP_PX + 1, 2 * STEP_PX + 1), np.uint8)
    inner = cv2.erode(smooth.view(np.uint8), around, borderValue=0)
    if not inner.any():
        return np.full(smooth.shape, -1, dtype=np.intp)
    away_px, labels = cv2.distanceTransformWithLabels(
        1 - inner, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    index_of = np.empty(labels.max() + 1, dtype=np.intp)
    inner_index = np.flatnonzero(inner)
    index_of[labels.ravel()[inner_index]] = inner_index
    return np.where(away_px <= _NORMAL_REACH_PX, index_of[labels], -1)


def _distances_px(mask: BoolArray) -> tuple[Float32Array, Float32Array]:
    """Distance to the mask, (H, W), pixels, 0 inside; and the same blurred."""
    outside_px = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, 5)
    blurred_px = cv2.GaussianBlur(outside_px, (5, 5), 0)
    return outside_px.astype(np.float32), blurred_px.astype(np.float32)


def _window_around(mask: BoolArray) -> tuple[int, int, int, int]:
    """The mask's box with half its size and some pixels of margin, clipped to the image."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    margin = 40 + (max(rows[-1] - rows[0], columns[-1] - columns[0])) // 2
    v0, v1 = max(rows[0] - margin, 0), min(rows[-1] + margin + 1, mask.shape[0])
    u0, u1 = max(columns[0] - margin, 0), min(columns[-1] + margin + 1, mask.shape[1])
    return int(u0), int(v0), int(u1 - u0), int(v1 - v0)


def _spread(p_W: FloatArray, n_W: Float32Array) -> tuple[FloatArray, FloatArray]:
    """One mean point and normal per small voxel, so that near surfaces do not outvote far ones."""
    cells = np.floor(p_W / _VOXEL_M).astype(np.int64)
    cells -= cells.min(axis=0)
    _, index, count = np.unique(
        np.ravel_multi_index(tuple(cells.T), tuple(cells.max(axis=0) + 1)),
        return_inverse=True,
        return_counts=True,
    )
    columns = np.concatenate([p_W, n_W], axis=1).T
    sums = np.stack([np.bincount(index, column) for column in columns], axis=1)
    normals = sums[:, 3:] / np.maximum(np.linalg.norm(sums[:, 3:], axis=1, keepdims=True), 1e-9)
    return sums[:, :3] / count[:, None], normals


def join_views(views: Sequence[ViewEvidence], points: int) -> Side:
    """Several views of one scene as arrays, each thinned to a number of points.

    Points of a view are sorted by place, so every k-th covers it.
    """
    p_W, n_W, first = [], [], 0
    cameras = np.empty((len(views), CAMERA_COLUMNS))
    for number, view in enumerate(views):
        index = np.linspace(0, len(view.p_W) - 1, min(points, len(view.p_W))).astype(np.intp)
        p_W.append(view.p_W[index])
        n_W.append(view.n_W[index])
        k = view.intrinsics
        window, lens = view.window, (k.fx, k.fy, k.cx, k.cy, k.width, k.height)
        cameras[number] = (first, *window, *lens, *view.T_WC.R.ravel(), *view.T_WC.t)
        first += len(view.maps)
    maps = np.concatenate([view.maps for view in views])
    return Side(np.concatenate(p_W), np.concatenate(n_W), maps, cameras)
