"""Drop the object in the hand into the target."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from mt3.geometry import SE3
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
from sim.skills.skill import Script, Skill

_HAND_ABOVE_E_M: Final = 0.045  # the palm is wider than a basket, and stays above its rim
_RELEASE_M: Final = 0.004
_TOO_LONG: Final = frozenset({"remote", "book", "phone", "shoe", "brick"})


class PlaceIn(Skill):
    """The object lies inside the basket, its lowest point below the rim, let go."""

    name = "place_in"
    partners = dict.fromkeys(BASKETS, frozenset({*TURNED, *BLOCKS, "can", "bottle"} - _TOO_LONG))

    def start_condition(self, scene: PyBulletScene) -> bool:
        """The first object is in the hand, the basket stands on the table."""
        return starts_in_hand(scene)

    def success(self, scene: PyBulletScene) -> bool:
        """Inside, and let go."""
        model = scene.world.objects[scene.roles.require_held()].model
        basket = scene.world.objects[scene.roles.target].model.dimensions
        p_target = held_in_target(scene) @ model.mesh.vertices
        half = np.array([basket["length"], basket["width"]]) / 2
        inside = bool((np.abs(p_target.mean(axis=0)[:2]) < half).all())
        return inside and p_target[:, 2].min() < basket["height"] * 0.6 and is_let_go(scene)

    def scripts(self, scene: PyBulletScene, rng: np.random.Generator) -> Sequence[Script]:
        """Over the middle, as low as the rim lets the hand: open, up."""
        habit, T_OE = Habit.draw(rng), tool_in_held(scene)
        basket = scene.world.objects[scene.roles.target].model.dimensions
        z = max(basket["floor"] + _RELEASE_M, basket["height"] - float(T_OE.t[2]) - _HAND_ABOVE_E_M)
        T_WT = scene.world.pose(scene.roles.target)
        goals = [
            T_WT @ SE3.from_yaw(yaw, (habit.shift_x_m, habit.shift_y_m, z)) @ T_OE
            for yaw in (0.0, np.pi / 2)
        ]
        return put_down(goals, habit)
