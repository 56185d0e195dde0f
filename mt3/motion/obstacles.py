"""What stands on the table, as one camera saw it."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from mt3.errors import ConfigurationError
from mt3.geometry import SE3
from mt3.motion.convex_region import ConvexRegion
from mt3.motion.robot_model import RobotModel
from mt3.perception import RGBD
from mt3.types import BoolArray, FloatArray, IntArray, frozen_array

_FREE, _REST, _TARGET = 0, 1, 2
_MIN_ISLAND_CELLS = 4  # fewer cells that hang together are pixels flying off an edge
_SHADOW_LEVEL_M = 0.02
_SHADOW_TOLERANCE_M = 0.01  # closer behind a surface is that surface itself


@dataclass(frozen=True, slots=True)
class TableGrid:
    """The table's surface, divided into square cells.

    Args:
        x_m: From and to along x of W.
        y_m: From and to along y of W.
        height_m: Of the surface along z of W.
        cell_m: Side of a cell.

    Raises:
        ConfigurationError: A range that is empty, or a cell that is not positive.
    """

    x_m: tuple[float, float]
    y_m: tuple[float, float]
    height_m: float = 0.0
    cell_m: float = 0.01

    def __post_init__(self) -> None:
        ranges = (self.x_m, self.y_m)
        if self.cell_m <= 0 or any(high - low < 2 * self.cell_m for low, high in ranges):
            raise ConfigurationError(
                f"table: got x {self.x_m}, y {self.y_m}, cell {self.cell_m} m, expected ranges "
                "of at least two cells"
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Cells along x and along y."""
        x, y = (round((high - low) / self.cell_m) for low, high in (self.x_m, self.y_m))
        return x, y

    def cells(self, p_W: FloatArray) -> tuple[IntArray, BoolArray]:
        """Cell (N, 2) below each point (N, 3), and which points (N,) lie over the table at all."""
        corner = np.array([self.x_m[0], self.y_m[0]])
        cells = np.floor((p_W[:, :2] - corner) / self.cell_m).astype(np.intp)
        return cells, ((cells >= 0) & (cells < self.shape)).all(axis=1)

    def centres(self) -> tuple[FloatArray, FloatArray]:
        """Coordinates in W of the cells' centres along x and along y."""
        nx, ny = self.shape
        x = self.x_m[0] + self.cell_m * (np.arange(nx, dtype=np.float64) + 0.5)
        y = self.y_m[0] + self.cell_m * (np.arange(ny, dtype=np.float64) + 0.5)
        return x, y


@dataclass(frozen=True, slots=True)
class ObstacleRules:
    """How an image becomes obstacles.

    Args:
        table: Where obstacles can stand.
        shadows: Whether what is hidden behind an obstacle counts as occupied.
        min_height_m: Lower things are the table and its noise.
        min_points: Fewer points over one cell are noise.
        robot_margin_m: Points this close to the robot, or to what it holds, belong to it.
        target_margin_m: Points this close to the target object belong to it.
    """

    table: TableGrid
    shadows: bool = True
    min_height_m: float = 0.012
    min_points: int = 3
    robot_margin_m: float = 0.02
    target_margin_m: float = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Obstacles:
    """Heights above the table that must not be entered.

    Args:
        table: The grid.
        rest_m: (nx, ny), metres above the table, 0 where nothing stands.
        target_m: (nx, ny), likewise, for the object that is acted on.
    """

    table: TableGrid
    rest_m: FloatArray
    target_m: FloatArray

    def __post_init__(self) -> None:
        for name in ("rest_m", "target_m"):
            heights = frozen_array(name, getattr(self, name), self.table.shape)
            object.__setattr__(self, name, heights)

    @classmethod
    def none(cls, table: TableGrid) -> "Obstacles":
        """The bare table."""
        return cls(table, np.zeros(table.shape), np.zeros(table.shape))

    @classmethod
    def from_view(
        cls,
        rgbd: RGBD,
        rules: ObstacleRules,
        model: RobotModel,
        T_WB: SE3,
        q: FloatArray,
        target_mask: BoolArray | None = None,
        held_p_E: FloatArray | None = None,
    ) -> "Obstacles":
        """Everything in an image that is neither table nor robot.

        Args:
            rgbd: The image.
            rules: How to read it.
            model: The arm, to leave it out.
            T_WB: Pose of the arm's base in W.
            q: Joints when the image was taken, (n,), rad.
            target_mask: (H, W) bool, the object that is acted on.
            held_p_E: Points of what is in the hand, (N, 3), metres in E, to leave it out.
        """
        raised = _Raised.find(rgbd, rules)
        raised = raised.without(_on_robot(raised, rules, model, T_WB, q, held_p_E))
        on_target = np.zeros(len(raised.p_W), dtype=np.bool_)
        if target_mask is not None:
            on_target = target_mask[raised.v, raised.u]
        target_m = _heights(raised, on_target, rules)
        near = ndimage.binary_dilation(target_m > 0, _disc(rules.target_margin_m, rules.table))
        on_target |= near[raised.cells[:, 0], raised.cells[:, 1]]
        target_m = _heights(raised, on_target, rules)
        rest_m = _heights(raised, ~on_target, rules)
        if rules.shadows:
            labels = raised.labels(rgbd, rest_m, target_m, on_target)
            hidden_m = _shadows(rgbd, rules.table, labels, max(rest_m.max(), target_m.max()))
            at_base = _around_base(rules, model, T_WB)
            rest_m = np.maximum(rest_m, np.where(at_base, 0.0, hidden_m[_REST]))
            target_m = np.maximum(target_m, np.where(at_base, 0.0, hidden_m[_TARGET]))
        return cls(rules.table, rest_m, target_m)

    def grown(self, margin_m: float) -> "Obstacles":
        """The same obstacles, each wider and higher by a margin."""
        disc = _disc(margin_m, self.table)
        return Obstacles(
            self.table, _grow(self.rest_m, disc, margin_m), _grow(self.target_m, disc, margin_m)
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Raised:
    """Pixels of an image that show something above the table: (N,) rows of each field."""

    u: IntArray
    v: IntArray
    p_W: FloatArray
    cells: IntArray

    @classmethod
    def find(cls, rgbd: RGBD, rules: ObstacleRules) -> "_Raised":
        """All pixels higher than the rules' least height, over the table's grid."""
        k, R, t = rgbd.intrinsics, rgbd.T_WC.R, rgbd.T_WC.t
        x = (np.arange(k.width) - k.cx) / k.fx
        y = (np.arange(k.height) - k.cy) / k.fy
        z_W = rgbd.depth_m * (R[2, 0] * x + (R[2, 1] * y + R[2, 2])[:, None]) + t[2]
        high = (z_W > rules.table.height_m + rules.min_height_m) & (rgbd.depth_m > 0)
        v, u = np.nonzero(high)
        p_W = rgbd.points_W(high)
        cells, over = rules.table.cells(p_W)
        return cls(u[over], v[over], p_W[over], cells[over])

    def without(self, dropped: BoolArray) -> "_Raised":
        """The pixels that are not dropped, (N,) bool."""
        keep = ~dropped
        return _Raised(self.u[keep], self.v[keep], self.p_W[keep], self.cells[keep])

    def labels(
        self, rgbd: RGBD, rest_m: FloatArray, target_m: FloatArray, on_target: BoolArray
    ) -> IntArray:
        """Image (H, W) of what each pixel shows, noise left out as free."""
        i, j = self.cells.T
        label = np.where(on_target, _TARGET, _REST)
        label[np.where(on_target, target_m[i, j], rest_m[i, j]) == 0] = _FREE
        image = np.full(rgbd.depth_m.shape, _FREE, dtype=np.intp)
        image[self.v, self.u] = label
        return image


def _on_robot(
    raised: _Raised,
    rules: ObstacleRules,
    model: RobotModel,
    T_WB: SE3,
    q: FloatArray,
    held_p_E: FloatArray | None,
) -> BoolArray:
    """Which raised pixels show the robot or what it holds."""
    p_B = T_WB.inverse() @ raised.p_W
    on_robot = model.contains(q, p_B, rules.robot_margin_m)
    if held_p_E is not None:
        held = ConvexRegion(held_p_E)
        held.mark(model.forward(q).matrix, p_B, rules.robot_margin_m, on_robot)
    return on_robot


def _around_base(rules: ObstacleRules, model: RobotModel, T_WB: SE3) -> BoolArray:
    """Cells where the robot itself stands, and turns: nothing is hidden there. (nx, ny)."""
    x, y = np.meshgrid(*rules.table.centres(), indexing="ij")
    distance_m = np.hypot(x - T_WB.t[0], y - T_WB.t[1])
    return np.asarray(distance_m < model.shoulder_radius_m + rules.robot_margin_m)


def _heights(raised: _Raised, chosen: BoolArray, rules: ObstacleRules) -> FloatArray:
    """Height of every cell above the table: its ``min_points``-th highest point, else 0."""
    heights = np.zeros(rules.table.shape)
    i, j = raised.cells[chosen].T
    z_m = raised.p_W[chosen, 2] - rules.table.height_m
    cell = i * heights.shape[1] + j
    order = np.lexsort((-z_m, cell))
    cell, z_m = cell[order], z_m[order]
    first = np.flatnonzero(np.diff(cell, prepend=-1))
    count = np.diff(np.append(first, len(cell)))
    kept = first[count >= rules.min_points]
    heights.flat[cell[kept]] = z_m[kept + rules.min_points - 1]
    islands, _ = ndimage.label(heights > 0, structure=np.ones((3, 3)))
    heights[np.bincount(islands.ravel())[islands] < _MIN_ISLAND_CELLS] = 0.0
    return heights


def _shadows(
    rgbd: RGBD, table: TableGrid, labels: IntArray, highest_m: float
) -> dict[int, FloatArray]:
    """Height up to which every cell is hidden from the camera, (nx, ny), by what hides it."""
    hidden_m = {label: np.zeros(table.shape) for label in (_REST, _TARGET)}
    k, T_CW = rgbd.intrinsics, rgbd.T_WC.inverse()
    x, y = np.meshgrid(*table.centres(), indexing="ij")
    for level_m in np.arange(0.0, highest_m, _SHADOW_LEVEL_M) + 0.5 * _SHADOW_LEVEL_M:
        p_C = T_CW @ np.stack([x, y, np.full_like(x, table.height_m + level_m)], axis=-1)
        in_front = p_C[..., 2] > 0
        uv = k.project(np.where(in_front[..., None], p_C, (0.0, 0.0, 1.0))).round()
        seen = in_front & (uv >= 0).all(axis=-1) & (uv < (k.width, k.height)).all(axis=-1)
        u, v = np.where(seen[..., None], uv, 0).astype(np.intp).transpose(2, 0, 1)
        behind = seen & (p_C[..., 2] > rgbd.depth_m[v, u] + _SHADOW_TOLERANCE_M)
        occluder = labels[v, u]
        for label, heights_m in hidden_m.items():
            heights_m[behind & (occluder == label)] = level_m + 0.5 * _SHADOW_LEVEL_M
    return hidden_m


def _disc(radius_m: float, table: TableGrid) -> BoolArray:
    """Cells within a radius of the middle one."""
    n = int(np.ceil(radius_m / table.cell_m))
    i, j = np.mgrid[-n : n + 1, -n : n + 1]
    return np.asarray(np.hypot(i, j) <= radius_m / table.cell_m + 1e-9)


def _grow(heights_m: FloatArray, disc: BoolArray, margin_m: float) -> FloatArray:
    """Heights of what stands, spread over a disc and raised."""
    spread = ndimage.grey_dilation(heights_m, footprint=disc)
    return np.where(spread > 0, spread + margin_m, 0.0)
