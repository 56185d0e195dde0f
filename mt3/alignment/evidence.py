"""What one depth image says about where an object's surface is, and is not.

Along every pixel's ray, everything in front of the measured surface is empty, and a pixel of
background behind the object says that the whole ray is empty. Another thing in front hides: it
says nothing.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from mt3.errors import GeometryError
from mt3.geometry import SE3
from mt3.perception import Intrinsics, ObjectView
from mt3.perception.object_view import MIN_MASK_PIXELS
from mt3.types import BoolArray, Float32Array, FloatArray

# Classes of a pixel.
BACKGROUND, OBJECT, UNKNOWN = 0, 1, 2

# Columns of the packed pixel maps.
DEPTH, CLASS, DISTANCE, SLOPE = 0, 1, 2, 3
NORMAL = slice(4, 7)
OUTWARD = slice(7, 10)
_COLUMNS = 10

_NORMAL_WINDOW_PX = 5
_NORMAL_STEP_PX = 2
_EDGE_M = 0.008
_VOXEL_M = 0.004


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
    """

    p_W: FloatArray
    n_W: FloatArray
    maps: Float32Array
    window: tuple[int, int, int, int]
    intrinsics: Intrinsics
    T_WC: SE3

    @classmethod
    def from_view(
        cls, view: ObjectView, support_z_m: float, support_margin_m: float
    ) -> "ViewEvidence":
        """Prepare a view.

        Args:
            view: The object as seen.
            support_z_m: Height in W of the surface that the object stands on.
            support_margin_m: Points lower than this above the support are the support's.

        Raises:
            GeometryError: Too few points of the object stand above its support.
        """
        rgbd = view.rgbd
        window = _window_around(view.mask)
        u0, v0, width, height = window
        crop = (slice(v0, v0 + height), slice(u0, u0 + width))
        depth_m = rgbd.depth_m[crop].astype(np.float64)
        v, u = np.mgrid[v0 : v0 + height, u0 : u0 + width].astype(np.float64)
        p_C = rgbd.intrinsics.deproject(u, v, depth_m)
        height_m = (rgbd.T_WC @ p_C)[..., 2] - support_z_m
        seen = depth_m > 0
        on_object = view.mask[crop] & seen & (height_m > support_margin_m)
        smooth = on_object & ~_depth_edges(depth_m)
        if int(smooth.sum()) < MIN_MASK_PIXELS:
            raise GeometryError(
                f"object: got {int(smooth.sum())} usable points over {support_margin_m * 1e3:.0f} "
                f"mm above its support at z = {support_z_m:.3f} m, expected at least "
                f"{MIN_MASK_PIXELS} (is the height of the table right?)"
            )
        occluder = ~view.mask[crop] & seen & (height_m > 2.0 * support_margin_m)
        classes = np.where(view.mask[crop], OBJECT, np.where(occluder, UNKNOWN, BACKGROUND))
        classes[view.mask[crop] & ~on_object] = UNKNOWN
        rays = rgbd.intrinsics.deproject(u, v, np.ones_like(depth_m)).astype(np.float32)
        maps = np.zeros((height, width, _COLUMNS), dtype=np.float32)
        maps[..., DEPTH] = depth_m
        maps[..., CLASS] = classes
        _fill_silhouette(maps, view.mask[crop], rays, rgbd.T_WC)
        _fill_surface(maps, p_C.astype(np.float32), rays, on_object, smooth, rgbd.T_WC)
        p_W, n_W = _spread(rgbd.T_WC @ p_C[smooth], maps[..., NORMAL][smooth])
        return cls(p_W, n_W, maps.reshape(-1, _COLUMNS), window, rgbd.intrinsics, rgbd.T_WC)


def _window_around(mask: BoolArray) -> tuple[int, int, int, int]:
    """The mask's box with half its size and some pixels of margin, clipped to the image."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    margin = 40 + (max(rows[-1] - rows[0], columns[-1] - columns[0])) // 2
    v0, v1 = max(rows[0] - margin, 0), min(rows[-1] + margin + 1, mask.shape[0])
    u0, u1 = max(columns[0] - margin, 0), min(columns[-1] + margin + 1, mask.shape[1])
    return int(u0), int(v0), int(u1 - u0), int(v1 - v0)


def _fill_silhouette(maps: Float32Array, mask: BoolArray, rays: Float32Array, T_WC: SE3) -> None:
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    maps[..., DISTANCE] = outside
    g_v, g_u = np.gradient(cv2.GaussianBlur(outside, (5, 5), 0))
    along_ray = -(g_u * rays[..., 0] + g_v * rays[..., 1])
    maps[..., OUTWARD] = np.stack([g_u, g_v, along_ray], axis=-1) @ T_WC.R.T.astype(np.float32)


def _fill_surface(
    maps: Float32Array,
    p_C: Float32Array,
    rays: Float32Array,
    valid: BoolArray,
    smooth: BoolArray,
    T_WC: SE3,
) -> None:
    """Normals and slopes, inside the box of the object only."""
    rows, columns = np.flatnonzero(valid.any(axis=1)), np.flatnonzero(valid.any(axis=0))
    pad = _NORMAL_WINDOW_PX + _NORMAL_STEP_PX  # so that differences do not reach around the rim
    box = (
        slice(max(rows[0] - pad, 0), rows[-1] + pad + 1),
        slice(max(columns[0] - pad, 0), columns[-1] + pad + 1),
    )
    n_C = _normals_C(p_C[box], rays[box], valid[box], smooth[box])
    maps[(*box, SLOPE)] = (n_C * rays[box]).sum(axis=-1)
    maps[(*box, NORMAL)] = n_C @ T_WC.R.T.astype(np.float32)


def _depth_edges(depth_m: FloatArray) -> BoolArray:
    """Pixels at a jump of depth, where points may float and normals mix two surfaces.

    The second difference tells a jump from a surface that is only seen at a slant.
    """
    smooth = cv2.medianBlur(depth_m.astype(np.float32), 3)
    step = _NORMAL_STEP_PX
    bend_u = np.abs(np.roll(smooth, step, 1) + np.roll(smooth, -step, 1) - 2.0 * smooth)
    bend_v = np.abs(np.roll(smooth, step, 0) + np.roll(smooth, -step, 0) - 2.0 * smooth)
    return np.maximum(bend_u, bend_v) > _EDGE_M


def _normals_C(
    p_C: Float32Array, rays: Float32Array, valid: BoolArray, smooth: BoolArray
) -> Float32Array:
    """Unit normals towards the camera, (H, W, 3), zero where there is no surface.

    Differences of local means over smooth surface: a normal of raw depth at 1 mm noise is
    worthless. Where there is no smooth surface around, the ray stands for the normal.
    """
    weight = smooth.astype(np.float32)
    window = (_NORMAL_WINDOW_PX, _NORMAL_WINDOW_PX)
    total = cv2.boxFilter(weight, -1, window, normalize=False)
    sums = cv2.boxFilter(p_C * weight[..., None], -1, window, normalize=False)
    mean = sums / np.maximum(total, 1.0)[..., None]
    step = _NORMAL_STEP_PX
    du = np.roll(mean, -step, axis=1) - np.roll(mean, step, axis=1)
    dv = np.roll(mean, -step, axis=0) - np.roll(mean, step, axis=0)
    normal = np.cross(dv, du)
    around = np.ones((2 * step + 1, 2 * step + 1), np.uint8)
    inner = cv2.erode(smooth.astype(np.uint8), around, borderValue=0).astype(bool)
    normal = np.where(inner[..., None], normal, -rays)
    normal *= np.where((normal * rays).sum(axis=-1, keepdims=True) > 0, -1.0, 1.0)
    length = np.sqrt((normal * normal).sum(axis=-1, keepdims=True))
    unit = normal / np.maximum(length, np.float32(1e-12))
    return np.where(valid[..., None], unit, 0.0).astype(np.float32)


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
