"""Candidates for objects: what stands on the table in a depth image, taken apart."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from mt3.perception.object_view import MIN_MASK_PIXELS, middle_of
from mt3.perception.rgbd import RGBD
from mt3.perception.surfaces import Surfaces
from mt3.perception.table_plane import TablePlane
from mt3.types import BoolArray, Float32Array, FloatArray, IntArray, require_positive

_SQUARE: Final = np.ones((3, 3), np.uint8)
_MEDIAN_PX: Final = 5
_STEEPEST: Final = 3.7  # tangent of 75 deg: beyond it, between ray and normal, depth is an edge
_GROWN_PX: Final = 8
_MIN_PART_PX: Final = 60
_MIN_SEEDS: Final = 12
_MIN_LINKS: Final = 4
_LINK_PX: Final = 12.0  # rims of pans are so far from their inside where both are seen
_BORDER_PX: Final = 3  # so many pixels on the image's border: it is cut off
_EXTENT_STEP_PX: Final = 3
_THINNED_M: Final = 0.0015
_NO_PAIRS: Final = np.empty((0, 2), dtype=np.intp)


@dataclass(frozen=True, slots=True)
class ClusterRules:
    """What is taken for an object.

    Args:
        min_height_m: Lower things are table, as is what does not rise over its roughness.
        seed_height_m: Some of an object is higher than this.
        jump_m: Smaller steps between neighbouring pixels are noise.
        link_m: Surfaces this near to each other in space belong to one object, or nearer than a
            few pixels are wide.
        min_area_m2: What the camera sees of an object is larger.
        max_extent_m: Larger things are walls, or the robot.

    Raises:
        ConfigurationError: A value that is not a positive number.
    """

    min_height_m: float = 0.004
    seed_height_m: float = 0.012
    jump_m: float = 0.002
    link_m: float = 0.008
    min_area_m2: float = 0.00025
    max_extent_m: float = 0.45

    def __post_init__(self) -> None:
        for name in self.__slots__:
            require_positive(name, getattr(self, name))


@dataclass(frozen=True, slots=True, eq=False)
class Cluster:
    """One candidate.

    Args:
        mask: (H, W) bool.
        points: Pixels of it with depth.
        p_W_centre: (3,), metres: mean of its points.
        box: (u0, v0, u1, v1), pixels, the last ones included.
    """

    mask: BoolArray
    points: int
    p_W_centre: FloatArray
    box: tuple[int, int, int, int]

    @classmethod
    def from_mask(cls, rgbd: RGBD, mask: BoolArray) -> "Cluster":
        """The cluster that a mask, not empty, cuts out of an image."""
        mask = mask.copy()
        mask.flags.writeable = False
        p_W = rgbd.points_W(mask)
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        box = (int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1]))
        return cls(mask, len(p_W), p_W.mean(axis=0), box)

    @property
    def middle(self) -> tuple[int, int]:
        """(u, v) of the pixel furthest inside its outline: a click there is a click on it."""
        return middle_of(self.mask)


def find_clusters(
    rgbd: RGBD,
    table: TablePlane,
    rules: ClusterRules | None = None,
    excluded: BoolArray | None = None,
) -> tuple[Cluster, ...]:
    """Take apart what stands on the table.

    Table and walls are removed. What is left falls apart at depth edges, parts that are near each
    other in space are joined, and the pixels along an edge go to the part that they are near to.
    What the image cuts off is no candidate, nor is what is too large for an object. Two things
    that touch may be one candidate.

    Args:
        rgbd: The image.
        table: Its table.
        rules: What is taken for an object; the defaults if not given.
        excluded: (H, W) bool, such as the robot.

    Returns:
        The candidates, the leftmost first; none where the table is bare.
    """
    rules = rules or ClusterRules()
    seen = rgbd.depth_m > 0
    if excluded is not None:
        seen &= ~excluded
    surfaces = Surfaces(rgbd, table, rules.min_height_m, rules.seed_height_m)
    parts = _without_walls(rgbd, surfaces, seen & ~_depth_edges(rgbd, rules.jump_m), rules)
    parts = _grown(rgbd, parts, seen & surfaces.raised(), rules.link_m)
    objects = _joined(rgbd, parts, max(rules.link_m, _LINK_PX * _pixel_m(rgbd, parts)))
    kept = np.flatnonzero(_is_candidate(rgbd, objects, surfaces.seeds(), rules))
    boxes = ndimage.find_objects(objects)
    clusters = [_cluster(rgbd, objects, int(label), *boxes[label - 1]) for label in kept]
    return tuple(sorted(clusters, key=lambda cluster: (cluster.box[0], cluster.box[1])))


def _depth_edges(rgbd: RGBD, jump_m: float) -> BoolArray:
    """Pixels, (H, W), at a step of depth, or where the surface is too steep to tell."""
    smooth_m: Float32Array = np.where(
        rgbd.depth_m > 0, cv2.medianBlur(rgbd.depth_m, _MEDIAN_PX), np.float32(0)
    )
    furthest_m = cv2.dilate(smooth_m, _SQUARE)
    nearest_m = cv2.erode(np.where(smooth_m > 0, smooth_m, np.float32(np.inf)), _SQUARE)
    steps_per_m = 2.0 * _STEEPEST / min(rgbd.intrinsics.fx, rgbd.intrinsics.fy)
    edges: BoolArray = furthest_m - nearest_m > jump_m + steps_per_m * smooth_m
    return edges


def _without_walls(
    rgbd: RGBD, surfaces: Surfaces, inner: BoolArray, rules: ClusterRules
) -> IntArray:
    """Parts of smooth surface, (H, W), numbered from 1; too large ones are 0."""
    while True:
        parts = _parts(inner & surfaces.raised())
        large = np.flatnonzero(_extents_m(rgbd, parts) > rules.max_extent_m)
        sizes = np.bincount(parts.ravel())
        by_size = sorted(large, key=lambda label: -int(sizes[label]))
        if not any(surfaces.add_wall(parts == label) for label in by_size):
            parts[np.isin(parts, large)] = 0
            return parts


def _parts(inner: BoolArray) -> IntArray:
    """Connected pixels, (H, W), numbered from 1; 0 for none, or too few."""
    opened = cv2.morphologyEx(inner.view(np.uint8), cv2.MORPH_OPEN, _SQUARE)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    kept = stats[:, cv2.CC_STAT_AREA] >= _MIN_PART_PX
    kept[0] = False
    number = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    return np.asarray(number[parts], dtype=np.int32)


def _extents_m(rgbd: RGBD, parts: IntArray) -> FloatArray:
    """By part: the longest side of the box around it along the axes of W; part 0 has none."""
    coarse = np.zeros(parts.shape, np.bool_)
    coarse[::_EXTENT_STEP_PX, ::_EXTENT_STEP_PX] = True
    coarse &= parts > 0
    p_W, label = rgbd.points_W(coarse), parts[coarse & (rgbd.depth_m > 0)]
    extents_m = np.zeros(int(parts.max()) + 1)
    present = np.unique(label)
    if len(present):
        sides = [
            np.asarray(ndimage.maximum(axis, label, present))
            - np.asarray(ndimage.minimum(axis, label, present))
            for axis in p_W.T
        ]
        extents_m[present] = np.max(sides, axis=0)
    return extents_m


def _grown(rgbd: RGBD, parts: IntArray, raised: BoolArray, reach_m: float) -> IntArray:
    """The parts with the raised pixels around them that are nearest to them, and near in depth."""
    if not parts.any():
        return parts
    away_px, index = cv2.distanceTransformWithLabels(
        (parts == 0).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    source = np.zeros(int(index.max()) + 1, dtype=np.intp)
    inside = np.flatnonzero(parts)
    source[index.ravel()[inside]] = inside
    near = np.flatnonzero(raised & (parts == 0) & (away_px <= _GROWN_PX))
    nearest = source[index.ravel()[near]]
    depth_m = rgbd.depth_m.ravel()
    taken = np.abs(depth_m[near] - depth_m[nearest]) < reach_m
    grown = parts.copy()
    grown.ravel()[near[taken]] = parts.ravel()[nearest[taken]]
    return grown


def _joined(rgbd: RGBD, parts: IntArray, link_m: float) -> IntArray:
    """The parts, numbered from 1, with one number for those that are near each other in space."""
    p_W, label = _rims(rgbd, parts)
    pairs = cKDTree(p_W).query_pairs(link_m, output_type="ndarray") if len(p_W) else _NO_PAIRS
    count = int(parts.max()) + 1
    a, b = np.sort(label[pairs], axis=1).T
    apart = a != b
    links = np.bincount(a[apart] * count + b[apart], minlength=count * count)
    rows, columns = np.divmod(np.flatnonzero(links >= _MIN_LINKS), count)
    graph = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(count, count))
    _, group = connected_components(graph, directed=False)  # 0, what is no part, stays alone
    return np.asarray(group.astype(np.int32)[parts])


def _pixel_m(rgbd: RGBD, parts: IntArray) -> float:
    """Width of a pixel at the parts."""
    seen = rgbd.depth_m[(parts > 0) & (rgbd.depth_m > 0)]
    return float(np.median(seen)) / rgbd.intrinsics.fx if seen.size else 0.0


def _rims(rgbd: RGBD, parts: IntArray) -> tuple[FloatArray, IntArray]:
    """Points along the outlines of parts, (N, 3), one or two in each small cube, and their part."""
    image = parts.astype(np.float32)
    rim = (cv2.erode(image, _SQUARE) != image) | (cv2.dilate(image, _SQUARE) != image)
    rim &= (parts > 0) & (rgbd.depth_m > 0)
    p_W, label = rgbd.points_W(rim), parts[rim].astype(np.intp)
    cells = np.column_stack([np.floor(p_W / _THINNED_M).astype(np.int64), label])
    _, first = np.unique(cells, axis=0, return_index=True)
    return p_W[first], label[first]


def _is_candidate(
    rgbd: RGBD, objects: IntArray, seeds: BoolArray, rules: ClusterRules
) -> BoolArray:
    """Which numbers are objects by their size, height and place in the image."""
    labels, count = objects.ravel(), int(objects.max()) + 1
    k = rgbd.intrinsics
    area_m2 = np.bincount(labels, (rgbd.depth_m**2).ravel(), count) / (k.fx * k.fy)
    high = np.bincount(objects[seeds], minlength=count)
    border = [
        np.bincount(side, minlength=count)
        for side in (objects[0], objects[-1], objects[:, 0], objects[:, -1])
    ]
    candidate: BoolArray = (
        (area_m2 >= rules.min_area_m2)
        & (np.bincount(labels, minlength=count) >= MIN_MASK_PIXELS)
        & (high >= _MIN_SEEDS)
        & (np.max(border, axis=0) < _BORDER_PX)
        & (_extents_m(rgbd, objects) <= rules.max_extent_m)
    )
    candidate[0] = False
    return candidate


def _cluster(rgbd: RGBD, objects: IntArray, label: int, rows: slice, columns: slice) -> Cluster:
    """The cluster of a number, with the pixels inside it that have no depth."""
    mask, box = np.zeros(objects.shape, np.bool_), (rows, columns)
    inside = objects[box] == label
    mask[box] = inside | (ndimage.binary_fill_holes(inside) & (rgbd.depth_m[box] == 0))
    return Cluster.from_mask(rgbd, mask)
