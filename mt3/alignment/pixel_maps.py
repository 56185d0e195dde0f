"""Pixel maps of one view, compiled: what each pixel is, how far from the object, which surface."""

from typing import TypeAlias

import numpy as np

from mt3.alignment.compiled import compiled
from mt3.alignment.residuals import (
    BACKGROUND,
    CLASS,
    DEPTH,
    DISTANCE,
    NORMAL,
    OBJECT,
    OUTWARD,
    SLOPE,
    UNKNOWN,
)
from mt3.types import BoolArray, Float32Array, FloatArray, IntArray

Lens: TypeAlias = tuple[float, float, float, float]

STEP_PX = 2  # of differences: a normal of neighbouring pixels is worthless at 1 mm of noise
_REACH_PX = 2  # of local means
_EDGE_M = 0.010
_OFF_PLANE_M = 0.006  # the surface near the rim of a cup bends by less within the reach


@compiled
def fill_classes(
    maps: Float32Array,
    depth_m: Float32Array,
    median_m: Float32Array,
    mask: BoolArray,
    lens: Lens,
    T_WC: FloatArray,
    lowest_m: float,
    occluder_m: float,
) -> BoolArray:
    """Fill in depth and class.

    Args:
        maps: (H, W, 10), filled in.
        depth_m: (H, W).
        median_m: The same, median filtered.
        mask: (H, W), the object.
        lens: fx, fy, cx, cy of this window.
        T_WC: Pose of the camera, (4, 4).
        lowest_m: Lower points in W are the support's, not the object's.
        occluder_m: Higher points in W outside the mask are of another thing.

    Returns:
        (H, W), pixels of the object that continue a surface along their row and their column, on
        one side at least: at a jump of depth points float. The second difference tells a jump
        from a surface that is seen at a slant.
    """
    height, width = depth_m.shape
    smooth = np.zeros((height, width), dtype=np.bool_)
    for v in range(height):
        for u in range(width):
            z = depth_m[v, u]
            maps[v, u, DEPTH] = z
            x, y = (u - lens[2]) / lens[0] * z, (v - lens[3]) / lens[1] * z
            z_W = T_WC[2, 0] * x + T_WC[2, 1] * y + T_WC[2, 2] * z + T_WC[2, 3]
            if not mask[v, u]:
                free = z > 0.0 and z_W <= occluder_m
                maps[v, u, CLASS] = BACKGROUND if free else UNKNOWN
            elif z <= 0.0 or z_W <= lowest_m:
                maps[v, u, CLASS] = UNKNOWN
            else:
                maps[v, u, CLASS] = OBJECT
                smooth[v, u] = (
                    _least_bend(median_m[v], u) <= _EDGE_M
                    and _least_bend(median_m[:, u], v) <= _EDGE_M
                )
    return smooth


@compiled
def _least_bend(line_m: Float32Array, k: int) -> float:
    """Second difference of depths along a line of pixels, before, around or after one of them."""
    least = np.inf
    for middle in (k - STEP_PX, k, k + STEP_PX):
        if STEP_PX <= middle < len(line_m) - STEP_PX:
            ends_m = line_m[middle - STEP_PX] + line_m[middle + STEP_PX]
            least = min(least, abs(ends_m - 2.0 * line_m[middle]))
    return least


@compiled
def fill_silhouette(
    maps: Float32Array,
    outside_px: Float32Array,
    blurred_px: Float32Array,
    lens: Lens,
    R_WC: FloatArray,
) -> None:
    """Fill in the distance to the silhouette and the direction in W away from it.

    Args:
        maps: (H, W, 10), filled in.
        outside_px: Distance to the mask, 0 inside.
        blurred_px: The same, blurred, for its slope.
        lens: fx, fy, cx, cy of this window.
        R_WC: Rotation of the camera.
    """
    height, width = outside_px.shape
    for v in range(height):
        for u in range(width):
            maps[v, u, DISTANCE] = outside_px[v, u]
            u_low, u_high = max(u - 1, 0), min(u + 1, width - 1)
            v_low, v_high = max(v - 1, 0), min(v + 1, height - 1)
            g_u = (blurred_px[v, u_high] - blurred_px[v, u_low]) / (u_high - u_low)
            g_v = (blurred_px[v_high, u] - blurred_px[v_low, u]) / (v_high - v_low)
            along = -(g_u * (u - lens[2]) / lens[0] + g_v * (v - lens[3]) / lens[1])
            for i in range(3):
                maps[v, u, OUTWARD + i] = R_WC[i, 0] * g_u + R_WC[i, 1] * g_v + R_WC[i, 2] * along


@compiled
def fill_surface(
    maps: Float32Array, smooth: BoolArray, nearest: IntArray, lens: Lens, R_WC: FloatArray
) -> None:
    """Fill in normals in W and slopes of the object's pixels.

    Normals are differences of local means over smooth surface, at the nearest pixel that has it
    all around. Where none is near, the ray stands for the normal.

    Args:
        maps: (H, W, 10) with depth and class, filled in.
        smooth: (H, W), pixels with a surface; those that float off the surface near them are
            taken out.
        nearest: (H, W), flat index of the nearest pixel with smooth surface all around, or -1.
        lens: fx, fy, cx, cy of this window.
        R_WC: Rotation of the camera.
    """
    height, width = smooth.shape
    mean = np.zeros((height, width, 3))
    for v in range(height):
        for u in range(width):
            if smooth[v, u]:
                _local_mean(maps, smooth, lens, v, u, mean)
    for v in range(height):
        for u in range(width):
            if maps[v, u, CLASS] != OBJECT:
                continue
            x, y = (u - lens[2]) / lens[0], (v - lens[3]) / lens[1]
            n_x, n_y, n_z = -x, -y, -1.0
            if nearest[v, u] >= 0:
                j, i = nearest[v, u] // width, nearest[v, u] % width
                a = mean[j, i + STEP_PX] - mean[j, i - STEP_PX]
                b = mean[j + STEP_PX, i] - mean[j - STEP_PX, i]
                n_x = b[1] * a[2] - b[2] * a[1]
                n_y = b[2] * a[0] - b[0] * a[2]
                n_z = b[0] * a[1] - b[1] * a[0]
            length = np.sqrt(n_x * n_x + n_y * n_y + n_z * n_z)
            if nearest[v, u] >= 0:
                z = maps[v, u, DEPTH]
                d_x, d_y, d_z = x * z - mean[j, i, 0], y * z - mean[j, i, 1], z - mean[j, i, 2]
                off = n_x * d_x + n_y * d_y + n_z * d_z
                smooth[v, u] &= abs(off) <= _OFF_PLANE_M * length
            slope = (n_x * x + n_y * y + n_z) / max(length, 1e-12)
            sign = -1.0 if slope > 0.0 else 1.0
            maps[v, u, SLOPE] = sign * slope
            for i in range(3):
                n = R_WC[i, 0] * n_x + R_WC[i, 1] * n_y + R_WC[i, 2] * n_z
                maps[v, u, NORMAL + i] = sign * n / max(length, 1e-12)


@compiled
def _local_mean(
    maps: Float32Array, smooth: BoolArray, lens: Lens, v: int, u: int, mean: FloatArray
) -> None:
    """Mean point in C of the smooth surface around a pixel."""
    height, width = smooth.shape
    x, y, z, count = 0.0, 0.0, 0.0, 0
    for j in range(max(v - _REACH_PX, 0), min(v + _REACH_PX + 1, height)):
        for i in range(max(u - _REACH_PX, 0), min(u + _REACH_PX + 1, width)):
            if smooth[j, i]:
                depth = maps[j, i, DEPTH]
                x += (i - lens[2]) / lens[0] * depth
                y += (j - lens[3]) / lens[1] * depth
                z += depth
                count += 1
    mean[v, u, 0], mean[v, u, 1], mean[v, u, 2] = x / count, y / count, z / count


@compiled
def deproject(maps: Float32Array, chosen: BoolArray, lens: Lens) -> FloatArray:
    """Points in C, (N, 3), metres, of the chosen pixels, in row order."""
    height, width = chosen.shape
    p_C = np.empty((chosen.sum(), 3))
    k = 0
    for v in range(height):
        for u in range(width):
            if chosen[v, u]:
                z = maps[v, u, DEPTH]
                p_C[k, 0] = (u - lens[2]) / lens[0] * z
                p_C[k, 1] = (v - lens[3]) / lens[1] * z
                p_C[k, 2] = z
                k += 1
    return p_C
