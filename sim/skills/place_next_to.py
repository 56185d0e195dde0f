"""Put the object in the hand down on the table, beside the target."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

import numpy as np

from mt3.geometry import SE3
from mt3.types import FloatArray
from sim.objects.blocks import BLOCKS
from sim.objects.containers import BASKETS
from sim.objects.turned import TURNED
from sim.scene import PyBulletScene
from sim.skills.put_down import (
    Habit,
    held_in_target,
    is_let_go,
    put_down,
    starts_in_hand,
    tool_in_held,
)
from sim.skills.skill import Script, Skill, is_upright

_FARTHEST_M: Final = 0.09
_UPRIGHT_RAD: Final = np.deg2rad(10.0)
_RELEASE_M: Final = 0.003
_GAP_M: Final = 0.030
_HAND_M: Final = 0.065  # room for the palm beside a high target
_DIRECTIONS: Final = 6
_TARGETS: Final = frozenset({*BASKETS, "mug", "bowl", "pan", "box", "bottle", "tray"})
_HELD: Final = frozenset({*TURNED, *BLOCKS, "can"})


class PlaceNextTo(Skill):
    """The object stands on the table, upright, let go, at most 9 cm from the target's outline."""

    name = "place_next_to"
    clearance_m = 0.16
    partners = MappingProxyType({target: _HELD - {target} for target in sorted(_TARGETS)})

    def start_condition(self, scene: PyBulletScene) -> bool:
        """The first object is in the hand, the target stands on the table."""
        return starts_in_hand(scene)

    def success(self, scene: PyBulletScene) -> bool:
        """On the table and off the target, near it, upright, let go."""
        world, held, target = scene.world, scene.roles.require_held(), scene.roles.target
        on_table = world.touches(held, world.table)
        apart = not world.touches(held, world.objects[target].body)
        upright = is_upright(world.pose(held), _UPRIGHT_RAD)
        outline = world.objects[target].model.mesh.vertices[:, :2]
        p_target = (held_in_target(scene) @ world.objects[held].model.mesh.vertices)[:, :2]
        near = _gap_m(outline, p_target) <= _FARTHEST_M
        return on_table and apart and upright and near and is_let_go(scene)

    def scripts(self, scene: PyBulletScene, rng: np.random.Generator) -> Sequence[Script]:
        """Beside the target in any of six directions of its frame: down, open, up."""
        habit, T_OE = Habit.draw(rng), tool_in_held(scene)
        world, target = scene.world, scene.roles.target
        # Fingers open along the outline, x_E points away from it: so neither meets the target.
        turned = SE3.from_yaw(-float(np.arctan2(T_OE.R[1, 0], T_OE.R[0, 0])))
        held = turned @ world.objects[scene.roles.require_held()].model.mesh.vertices
        half_m, grasp_m = np.abs(held[:, 0]).max(), (turned @ T_OE).t[0]
        goals = []
        for angle in np.arange(_DIRECTIONS) * 2 * np.pi / _DIRECTIONS:
            way = np.array([np.cos(angle), np.sin(angle)])
            reach_m = (world.objects[target].model.mesh.vertices[:, :2] @ way).max()
            out_m = max(_GAP_M + half_m, _HAND_M - grasp_m)
            p = way * (reach_m + out_m) + (habit.shift_x_m, habit.shift_y_m)
            place = SE3.from_yaw(float(angle), (*p, _RELEASE_M))
            goals.append(world.pose(target) @ place @ turned @ T_OE)
        return put_down(goals, habit)


def _gap_m(one: FloatArray, other: FloatArray) -> float:
    """Least distance between two (N, 2) point sets."""
    return float(np.linalg.norm(one[:, None] - other[None], axis=2).min())
