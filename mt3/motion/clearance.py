"""Where an arm, its tool and what it holds may be among obstacles."""

from itertools import product

import numpy as np

from mt3.geometry import SE3
from mt3.motion.collision import (
    Body,
    CollisionChecker,
    convex_shape,
    half_space_shape,
    height_field_shape,
)
from mt3.motion.obstacles import Obstacles, TableGrid
from mt3.motion.robot_model import RobotModel
from mt3.types import FloatArray

_FIRST_DESCENDING_JOINT = 2  # the link at joint 1 only turns about the base's axis
_SUNK_M = -0.02  # where nothing stands, the height field lies this far under the table
_FLOOR_M = -0.04


class Clearance:
    """Collision checks of one scene, apart for the arm's links, its tool, and the target object.

    Whether the robot touches itself is asked of its ``RobotModel``.

    Args:
        model: The arm.
        T_WB: Pose of its base in W.
        obstacles: What stands around it.
        held_p_E: Points of what is in the hand, (N, 3), metres in E; its hull takes part.
        table_clearance_m: How close to the table's plane anything may come.
        tips_above_table: Whether this holds for the fingers and what they hold as well.
    """

    def __init__(
        self,
        model: RobotModel,
        T_WB: SE3,
        obstacles: Obstacles,
        held_p_E: FloatArray | None,
        table_clearance_m: float,
        *,
        tips_above_table: bool,
    ) -> None:
        bodies = list(model.bodies)
        moving = [k for k, b in enumerate(bodies) if b.joint > 0]
        tool = [k for k in moving if model.chain.hulls[k].on_tool]
        tips = [k for k in tool if model.chain.hulls[k].movable]
        links = [k for k in moving if k not in tool]
        over_table = [k for k in links if bodies[k].joint >= _FIRST_DESCENDING_JOINT]
        pairs: list[tuple[int, int]] = []
        if held_p_E is not None:
            held = len(bodies)
            bodies.append(held_body(model, held_p_E))
            pairs += [(k, held) for k in range(held) if bodies[k].joint < model.chain.joint_E - 1]
            tool, tips = [*tool, held], [*tips, held]
        high = tool if tips_above_table else [k for k in tool if k not in tips]
        table = len(bodies)
        bodies.append(_table_body(obstacles.table, T_WB, table_clearance_m))
        rest = range(len(bodies), len(bodies) + int(obstacles.rest_m.any()))
        bodies += [_standing("obstacle", obstacles.table, obstacles.rest_m, T_WB) for _ in rest]
        target = range(len(bodies), len(bodies) + int(obstacles.target_m.any()))
        bodies += [_standing("target", obstacles.table, obstacles.target_m, T_WB) for _ in target]
        pairs += [*product(over_table, (table,)), *product(links, (*rest, *target))]
        self._links = _checker(model, bodies, pairs)
        self._tool = _checker(model, bodies, [*product(high, (table,)), *product(tool, rest)])
        self._tool_target = _checker(model, bodies, list(product(tool, target)))

    def links_blocked(self, q: FloatArray) -> bool:
        """Whether a link before the flange touches anything but another link."""
        return self._links.collides(q)

    def tool_blocked(self, q: FloatArray) -> bool:
        """Whether the tool, or what it holds, touches the table or an obstacle."""
        return self._tool.collides(q)

    def target_blocked(self, q: FloatArray) -> bool:
        """Whether the tool, or what it holds, touches the target object."""
        return self._tool_target.collides(q)

    def describe(self, q: FloatArray) -> str:
        """Names of everything that touches at joints (n,) rad, for a message."""
        names = [c.describe(q) for c in (self._links, self._tool, self._tool_target)]
        return ", ".join(name for name in names if name)


def held_body(model: RobotModel, held_p_E: FloatArray) -> Body:
    """The hull of what is in the hand, moving with the tool."""
    chain = model.chain
    return Body("held object", chain.joint_E, chain.T_joint_E, convex_shape(held_p_E))


def _checker(
    model: RobotModel, bodies: list[Body], pairs: list[tuple[int, int]]
) -> CollisionChecker:
    return CollisionChecker(model.chain, bodies, pairs)


def _table_body(table: TableGrid, T_WB: SE3, clearance_m: float) -> Body:
    """Everything below the table's plane, raised by the clearance."""
    plane_W = SE3.from_translation([0.0, 0.0, table.height_m + clearance_m])
    return Body("table", 0, T_WB.inverse() @ plane_W, half_space_shape())


def _standing(name: str, table: TableGrid, heights_m: FloatArray, T_WB: SE3) -> Body:
    """What stands on the table, as a height field cropped to where anything stands."""
    padded = np.pad(heights_m, 1)
    i, j = (np.flatnonzero(padded.any(axis=1 - axis)) for axis in range(2))
    crop = padded[i[0] - 1 : i[-1] + 2, j[0] - 1 : j[-1] + 2]
    x, y = (
        low + table.cell_m * (0.5 * (k[0] + k[-1]) - 0.5)
        for low, k in ((table.x_m[0], i), (table.y_m[0], j))
    )
    rows = np.where(crop > 0, crop, _SUNK_M).T[::-1]
    size_m = (table.cell_m * (crop.shape[0] - 1), table.cell_m * (crop.shape[1] - 1))
    pose_W = SE3.from_translation([x, y, table.height_m])
    return Body(name, 0, T_WB.inverse() @ pose_W, height_field_shape(size_m, rows, _FLOOR_M))
