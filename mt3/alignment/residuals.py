"""How points of a moved object contradict what a camera saw, for many motions at once."""

from dataclasses import dataclass

import numpy as np

from mt3.alignment.evidence import (
    CLASS,
    DEPTH,
    DISTANCE,
    NORMAL,
    OBJECT,
    OUTWARD,
    SLOPE,
    UNKNOWN,
    ViewEvidence,
)
from mt3.types import BoolArray, FloatArray

OCCLUDED_BEHIND_M = 0.010  # further behind another thing a point is hidden by it
FREE_SPACE_M = 0.004  # further in front of the surface a point stands in empty space
NOISE_M = 0.003  # smaller residuals are noise of depth and mask, and cost nothing
COST_SCALE_M = 0.008  # a residual this much larger costs as much as a point can
FACING_COSINE = 0.15  # surfaces seen more at a slant than this count as turned away
ALIKE_COSINE = 0.3  # surfaces whose normals differ more are not the same surface
HIDDEN_COST = 0.01  # small and constant: hiding is possible, but explains nothing


@dataclass(frozen=True, slots=True, eq=False)
class PointResiduals:
    """Of H motions and N points.

    Args:
        residual_m: Signed distance to what was seen, (H, N), 0 without evidence.
        gradient_W: Its derivative by the point's position in W, (H, N, 3).
        evidence: Whether the pixel says anything about the point, (H, N).
        agrees: Whether the point meets the surface, (H, N).
        violation_m: Depth by which it stands where the camera saw through, (H, N).
        cost: Truncated cost in [0, 1], (H, N).
    """

    residual_m: FloatArray
    gradient_W: FloatArray
    evidence: BoolArray
    agrees: BoolArray
    violation_m: FloatArray
    cost: FloatArray


def compute_point_residuals(
    view: ViewEvidence, p_W: FloatArray, n_W: FloatArray, hidden_behind_m: float
) -> PointResiduals:
    """Hold points against one view.

    On the object's pixels a point near or before the surface is held against it, point to plane;
    beside the silhouette it is as far off as the silhouette is, in metres at its depth; behind
    the surface or behind another thing it is hidden. A point of a surface that faces away from
    the camera cannot be seen, so it only counts where it stands in empty space: without this the
    inside of a thin wall is drawn to its outside.

    Args:
        view: The prepared view.
        p_W: Points of the object under each motion, (H, N, 3), metres.
        n_W: Surface normals at these points, (H, N, 3).
        hidden_behind_m: Further behind the surface a point is hidden: no evidence.
    """
    p_C = (p_W - view.T_WC.t) @ view.T_WC.R
    z = np.maximum(p_C[..., 2], 1e-3)
    f = 0.5 * (view.intrinsics.fx + view.intrinsics.fy)
    pixel, inside, beyond_px = _look_up(view, p_C[..., 0] / z, p_C[..., 1] / z)
    behind_m = z - pixel[..., DEPTH]
    occluded = (pixel[..., CLASS] == UNKNOWN) & (behind_m > OCCLUDED_BEHIND_M)
    on_object = (pixel[..., CLASS] == OBJECT) & inside
    outside_px = pixel[..., DISTANCE] + beyond_px
    beside = ~on_object & ~occluded & (outside_px > 0)

    normal_W = pixel[..., NORMAL]
    facing = np.einsum("hnk,hnk->hn", n_W, view.T_WC.t - p_W) > FACING_COSINE * z
    alike = facing & (np.einsum("hnk,hnk->hn", n_W, normal_W) > ALIKE_COSINE)
    near = on_object & (behind_m < np.where(alike, hidden_behind_m, -FREE_SPACE_M))

    # n . (q - s), with s on the same ray: the difference of depths times the ray's slope on n
    to_silhouette = outside_px * z / f
    residual = np.where(near, pixel[..., SLOPE] * behind_m, np.where(beside, to_silhouette, 0.0))
    gradient = np.where(near[..., None], normal_W, beside[..., None] * pixel[..., OUTWARD])

    cost = np.clip((np.abs(residual) - NOISE_M) / COST_SCALE_M, 0.0, 1.0)
    evidence = near | beside
    in_front = np.maximum(-behind_m - FREE_SPACE_M, 0.0)
    violation = np.where(near, in_front, np.where(beside, to_silhouette, 0.0))
    agrees = near & alike & (np.abs(behind_m) < hidden_behind_m)
    return PointResiduals(
        residual, gradient, evidence, agrees, violation, np.where(evidence, cost, HIDDEN_COST)
    )


def _look_up(
    view: ViewEvidence, x_n: FloatArray, y_n: FloatArray
) -> tuple[FloatArray, BoolArray, FloatArray]:
    """Pixel maps at normalised coordinates; whether inside the window; pixels beyond its rim.

    Beyond the rim of the image nothing was seen; beyond the rim of the window the image goes on,
    and the nearest pixel of the window stands for it.
    """
    u0, v0, width, height = view.window
    k = view.intrinsics
    u = np.rint(np.nan_to_num(k.fx * x_n + k.cx))
    v = np.rint(np.nan_to_num(k.fy * y_n + k.cy))
    seen = (u >= 0) & (u < k.width) & (v >= 0) & (v < k.height)
    u_in, v_in = np.clip(u, u0, u0 + width - 1), np.clip(v, v0, v0 + height - 1)
    index = ((v_in - v0) * width + (u_in - u0)).astype(np.intp)
    pixel = view.maps[index].astype(np.float64)
    beyond_px = np.hypot(u - u_in, v - v_in)
    # outside the image: turn the class into "unknown, and far in front", so the point is hidden
    pixel[..., CLASS][~seen] = UNKNOWN
    pixel[..., DEPTH][~seen] = 0.0
    return pixel, (beyond_px == 0) | ~seen, np.where(seen, beyond_px, 0.0)
