"""How the points of a moved object contradict what cameras saw, compiled.

A residual is the distance of one point to what one camera saw where the point would be. On the
object's pixels a point near or before the surface is held against it, point to plane; beside the
silhouette it is as far off as the silhouette is, in metres at its depth; behind the surface or
behind another thing it is hidden. A point of a surface that faces away from the camera cannot be
seen, so it only counts where it stands in empty space: without this the inside of a thin wall is
drawn to its outside.
"""

from typing import NamedTuple, TypeAlias

import numpy as np

from mt3.alignment.compiled import compiled
from mt3.types import Float32Array, FloatArray

# Classes of a pixel.
BACKGROUND, OBJECT, UNKNOWN = 0, 1, 2

# Columns of the packed pixel maps.
DEPTH, CLASS, DISTANCE, SLOPE, NORMAL, OUTWARD, COLUMNS = 0, 1, 2, 3, 4, 7, 10

OTHER_THING_M = 0.010  # nearer before another thing, a point may be it: masks miss pieces
FREE_SPACE_M = 0.004  # further in front of the surface a point stands in empty space
NOISE_M = 0.003  # smaller residuals are noise of depth and mask, and cost nothing
COST_SCALE_M = 0.008  # a residual this much larger costs as much as a point can
FACING_COSINE = 0.15  # surfaces seen more at a slant than this count as turned away
ALIKE_COSINE = 0.3  # surfaces whose normals differ more are not the same surface
HIDDEN_COST = 0.01  # small and constant: hiding is possible, but explains nothing

_MAX_TURN_RAD = 0.2
_MAX_STEP_M = 0.02
_SHRINK = 0.3  # of a step that did not help
_RIDGE = 1e-6  # keeps a direction that nothing constrains where it is


# Columns of the cameras, one row for each view: the row of the maps where its window begins, that
# window in the image, the intrinsics, and the pose T_WC.
FIRST, U0, V0, WINDOW_WIDTH, WINDOW_HEIGHT, FX, FY, CX, CY, WIDTH, HEIGHT = range(11)
R_WC, T_WC, CAMERA_COLUMNS = 11, 20, 23


class Side(NamedTuple):
    """What all views of one scene say, as arrays.

    Args:
        p_W: Points of the object, (N, 3), metres.
        n_W: Surface normals there, (N, 3).
        maps: Pixel maps of all views below each other, (M, 10) float32.
        cameras: One row for each view, (V, 23).
    """

    p_W: FloatArray
    n_W: FloatArray
    maps: Float32Array
    cameras: FloatArray


Vector: TypeAlias = tuple[float, float, float]


class PointResidual(NamedTuple):
    """Of one point in one view.

    Args:
        residual_m: Signed distance to what was seen, 0 without evidence.
        gx, gy, gz: Its derivative by the point's position in W.
        evidence: Whether the pixel says anything about the point.
        agrees: Whether the point meets the surface.
        violation_m: Depth by which it stands where the camera saw through.
        cost: Truncated cost in [0, 1].
    """

    residual_m: float
    gx: float
    gy: float
    gz: float
    evidence: bool
    agrees: bool
    violation_m: float
    cost: float


class Fit(NamedTuple):
    """How well a motion fits, over the points of both sides.

    Args:
        score: Mean cost per point; both directions weigh the same.
        overlap: Share of the points, both ways, that meet the other side's surface.
        rmse_m: Root mean square residual of those.
        violation_m: Mean violation of seen-through space.
    """

    score: float
    overlap: float
    rmse_m: float
    violation_m: float


@compiled
def _cost(residual_m: float, polish: bool) -> float:
    noise_m = 0.0 if polish else NOISE_M
    return min(max((abs(residual_m) - noise_m) / COST_SCALE_M, 0.0), 1.0)


@compiled
def _hidden() -> PointResidual:
    return PointResidual(0.0, 0.0, 0.0, 0.0, False, False, 0.0, HIDDEN_COST)


@compiled
def _vector(rows: FloatArray | Float32Array, row: int, first: int) -> Vector:
    return (
        np.float64(rows[row, first]),
        np.float64(rows[row, first + 1]),
        np.float64(rows[row, first + 2]),
    )


@compiled
def compute_residual(
    maps: Float32Array,
    cameras: FloatArray,
    view: int,
    p: Vector,
    n: Vector,
    hidden_behind_m: float,
    polish: bool,
) -> PointResidual:
    """Hold a point against one view.

    Args:
        maps: Pixel maps of the view's side.
        cameras: Cameras of the view's side.
        view: Index of the view.
        p: Position in W under the motion, metres.
        n: Surface normal there, in W.
        hidden_behind_m: Further behind the surface a point is hidden: no evidence.
        polish: Whether the least residuals count too, and the largest hardly pull.
    """
    o = _vector(cameras, view, T_WC)
    r_x = _vector(cameras, view, R_WC)
    r_y, r_z = _vector(cameras, view, R_WC + 3), _vector(cameras, view, R_WC + 6)
    fx, fy = cameras[view, FX], cameras[view, FY]
    dx, dy, dz = p[0] - o[0], p[1] - o[1], p[2] - o[2]
    z = max(r_x[2] * dx + r_y[2] * dy + r_z[2] * dz, 1e-3)
    u = np.floor(0.5 + fx * (r_x[0] * dx + r_y[0] * dy + r_z[0] * dz) / z + cameras[view, CX])
    v = np.floor(0.5 + fy * (r_x[1] * dx + r_y[1] * dy + r_z[1] * dz) / z + cameras[view, CY])
    if not (0.0 <= u < cameras[view, WIDTH] and 0.0 <= v < cameras[view, HEIGHT]):
        return _hidden()
    u, v = u - cameras[view, U0], v - cameras[view, V0]
    column = min(max(u, 0.0), cameras[view, WINDOW_WIDTH] - 1.0)
    row = min(max(v, 0.0), cameras[view, WINDOW_HEIGHT] - 1.0)
    beyond_px = np.sqrt((u - column) ** 2 + (v - row) ** 2)
    pixel = int(cameras[view, FIRST] + row * cameras[view, WINDOW_WIDTH] + column)
    behind_m = z - maps[pixel, DEPTH]
    if maps[pixel, CLASS] == UNKNOWN and behind_m > -OTHER_THING_M:
        return _hidden()
    if maps[pixel, CLASS] == OBJECT and beyond_px == 0.0:
        ax, ay, az = _vector(maps, pixel, NORMAL)
        facing = -(n[0] * dx + n[1] * dy + n[2] * dz) > FACING_COSINE * z
        alike = facing and n[0] * ax + n[1] * ay + n[2] * az > ALIKE_COSINE
        if behind_m >= (hidden_behind_m if alike else -FREE_SPACE_M):
            return _hidden()
        # n . (q - s), with s on the same ray: the difference of depths times the ray's slope on n
        r = maps[pixel, SLOPE] * behind_m
        agrees = bool(alike and abs(behind_m) < hidden_behind_m)
        in_front_m = max(-behind_m - FREE_SPACE_M, 0.0)
        return PointResidual(r, ax, ay, az, True, agrees, in_front_m, _cost(r, polish))
    outside_px = maps[pixel, DISTANCE] + beyond_px
    if outside_px == 0.0:
        return _hidden()
    r = outside_px * z / (0.5 * (fx + fy))
    gx, gy, gz = _vector(maps, pixel, OUTWARD)
    return PointResidual(r, gx, gy, gz, True, False, r, _cost(r, polish))


@compiled
def _turned(R: FloatArray, x: float, y: float, z: float) -> Vector:
    return (
        R[0, 0] * x + R[0, 1] * y + R[0, 2] * z,
        R[1, 0] * x + R[1, 1] * y + R[1, 2] * z,
        R[2, 0] * x + R[2, 1] * y + R[2, 2] * z,
    )


@compiled
def _add(
    A: FloatArray, b: FloatArray, g: Vector, arm: Vector, r: float, weight: float, freedoms: int
) -> None:
    """Add a residual's part of the normal equations, the lower triangle of ``A`` only."""
    J = (
        g[0],
        g[1],
        g[2],
        arm[0] * g[1] - arm[1] * g[0],
        arm[1] * g[2] - arm[2] * g[1],
        arm[2] * g[0] - arm[0] * g[2],
    )
    for i in range(freedoms):
        weighted = weight * J[i]
        b[i] += weighted * r
        for j in range(i + 1):
            A[i, j] += weighted * J[j]


@compiled
def evaluate(
    demo: Side,
    live: Side,
    R: FloatArray,
    t: FloatArray,
    hidden_behind_m: float,
    polish: bool,
    freedoms: int,
    A: FloatArray,
    b: FloatArray,
) -> Fit:
    """Hold one motion ``q_W = R p_W + t`` against both sides.

    Args:
        demo: Where the points come from.
        live: Where the motion takes them.
        R: Rotation, (3, 3).
        t: Translation, (3,), metres.
        hidden_behind_m: Further behind a surface a point is hidden.
        polish: Whether the least residuals count too, and the largest hardly pull.
        freedoms: 3 for (x, y, z), 4 for yaw besides, 6 for roll and pitch besides.
        A: Lower triangle set to ``J^T W J`` (6, 6) of a shift and a turn about the image of the
            demonstrated points' centroid, in the order (x, y, z, yaw, roll, pitch). Weights are
            Cauchy's, ``1 / (1 + (r / hidden_behind_m)^2)``; when polishing Geman and McClure's,
            their square, so that a part that the other camera missed hardly pulls.
        b: Set to ``J^T W r``, (6,).
    """
    A[:], b[:] = 0.0, 0.0
    middle = centroid(demo.p_W)
    pivot = _turned(R, middle[0], middle[1], middle[2])
    pivot = (pivot[0] + t[0], pivot[1] + t[1], pivot[2] + t[2])
    R_back = R.T
    agree, squares, score, violation_m = 0.0, 0.0, 0.0, 0.0
    for forward in (True, False):
        own, other = (demo, live) if forward else (live, demo)
        share = 0.5 / (len(own.p_W) * len(other.cameras))
        for k in range(len(own.p_W)):
            p, n = _vector(own.p_W, k, 0), _vector(own.n_W, k, 0)
            if forward:
                q = _turned(R, p[0], p[1], p[2])
                q = (q[0] + t[0], q[1] + t[1], q[2] + t[2])
                n_q = _turned(R, n[0], n[1], n[2])
                arm = (q[0] - pivot[0], q[1] - pivot[1], q[2] - pivot[2])
            else:
                q = _turned(R_back, p[0] - t[0], p[1] - t[1], p[2] - t[2])
                n_q = _turned(R_back, n[0], n[1], n[2])
                arm = (p[0] - pivot[0], p[1] - pivot[1], p[2] - pivot[2])
            for view in range(len(other.cameras)):
                one = compute_residual(
                    other.maps, other.cameras, view, q, n_q, hidden_behind_m, polish
                )
                score += share * one.cost
                violation_m += share * one.violation_m
                if one.agrees:
                    agree += share
                    squares += share * one.residual_m**2
                if one.evidence:
                    g = (one.gx, one.gy, one.gz)
                    if not forward:
                        g = _turned(R, -g[0], -g[1], -g[2])
                    weight = 1.0 / (1.0 + (one.residual_m / hidden_behind_m) ** 2)
                    if polish:
                        weight *= weight
                    _add(A, b, g, arm, one.residual_m, weight, freedoms)
    return Fit(score, agree, np.sqrt(squares / max(agree, 1e-12)), violation_m)


@compiled
def centroid(p_W: FloatArray) -> FloatArray:
    """Mean point, (3,)."""
    total = np.zeros(3)
    for k in range(len(p_W)):
        for i in range(3):
            total[i] += p_W[k, i] / len(p_W)
    return total


@compiled
def _gauss_newton_step(A: FloatArray, b: FloatArray, freedoms: int, step: FloatArray) -> None:
    """Set ``step`` to (x, y, z, yaw, roll, pitch), limited, from the lower triangle of ``A``.

    Elimination needs no pivots: ``A`` is positive semidefinite and gets a ridge.
    """
    ridge = 1e-12
    for i in range(freedoms):
        ridge += _RIDGE * A[i, i]
    M = np.empty((6, 7))
    for i in range(freedoms):
        for j in range(i):
            M[i, j] = M[j, i] = A[i, j]
        M[i, i] = A[i, i] + ridge
        M[i, freedoms] = -b[i]
    for i in range(freedoms):
        for j in range(i + 1, freedoms):
            factor = M[j, i] / M[i, i]
            for k in range(i, freedoms + 1):
                M[j, k] -= factor * M[i, k]
    step[:] = 0.0
    for i in range(freedoms - 1, -1, -1):
        step[i] = M[i, freedoms]
        for j in range(i + 1, freedoms):
            step[i] -= M[i, j] * step[j]
        step[i] /= M[i, i]
    shift_m = np.sqrt(step[0] ** 2 + step[1] ** 2 + step[2] ** 2)
    turn_rad = np.sqrt(step[3] ** 2 + step[4] ** 2 + step[5] ** 2)
    for i in range(3):
        step[i] *= min(1.0, _MAX_STEP_M / max(shift_m, 1e-12))
        step[3 + i] *= min(1.0, _MAX_TURN_RAD / max(turn_rad, 1e-12))


@compiled
def _move(
    R: FloatArray, t: FloatArray, step: FloatArray, share: float, middle: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """A motion after a share of a step, turned about where it takes ``middle`` (Rodrigues)."""
    x, y, z = share * step[4], share * step[5], share * step[3]
    angle = np.sqrt(x * x + y * y + z * z)
    s = np.sin(angle) / angle if angle > 1e-9 else 1.0
    c = (1.0 - np.cos(angle)) / angle**2 if angle > 1e-9 else 0.5
    turn = np.empty((3, 3))
    turn[0] = (1.0 - c * (y * y + z * z), c * x * y - s * z, c * x * z + s * y)
    turn[1] = (c * x * y + s * z, 1.0 - c * (x * x + z * z), c * y * z - s * x)
    turn[2] = (c * x * z - s * y, c * y * z + s * x, 1.0 - c * (x * x + y * y))
    R_moved, t_moved = np.empty((3, 3)), np.empty(3)
    pivot = _turned(R, middle[0], middle[1], middle[2])
    arm = _turned(turn, -pivot[0], -pivot[1], -pivot[2])
    for i in range(3):
        t_moved[i] = t[i] + share * step[i] + pivot[i] + arm[i]
        for j in range(3):
            R_moved[i, j] = turn[i, 0] * R[0, j] + turn[i, 1] * R[1, j] + turn[i, 2] * R[2, j]
    return R_moved, t_moved


@compiled
def refine_motions(
    demo: Side,
    live: Side,
    R: FloatArray,
    t: FloatArray,
    iterations: int,
    hidden_behind_m: float,
    polish: bool,
    freedoms: int,
) -> FloatArray:
    """Robust Gauss-Newton on each of H motions, in place; steps that do not help are shortened.

    Args:
        demo: Where the points come from.
        live: Where the motions take them.
        R: Rotations, (H, 3, 3), refined in place.
        t: Translations, (H, 3), metres, refined in place.
        iterations: Steps tried.
        hidden_behind_m: Further behind a surface a point is hidden.
        polish: Whether the least residuals count too, and the largest hardly pull.
        freedoms: 3 for (x, y, z), 4 for yaw besides, 6 for roll and pitch besides.

    Returns:
        Scores, overlaps, RMSEs and violations reached, (H, 4).
    """
    fits = np.empty((len(R), 4))
    A, b, step = np.empty((6, 6)), np.empty(6), np.empty(6)
    middle = centroid(demo.p_W)
    for h in range(len(R)):
        best = evaluate(demo, live, R[h], t[h], hidden_behind_m, polish, freedoms, A, b)
        _gauss_newton_step(A, b, freedoms, step)
        shrink = 1.0
        for _ in range(iterations):
            R_tried, t_tried = _move(R[h], t[h], step, shrink, middle)
            fit = evaluate(demo, live, R_tried, t_tried, hidden_behind_m, polish, freedoms, A, b)
            if fit.score < best.score:
                best, shrink = fit, 1.0
                R[h], t[h] = R_tried, t_tried
                _gauss_newton_step(A, b, freedoms, step)
            else:
                shrink *= _SHRINK
        fits[h] = (best.score, best.overlap, best.rmse_m, best.violation_m)
    return fits
