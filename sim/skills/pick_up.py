"""Take the target from the table and lift it."""

from collections.abc import Sequence

import numpy as np

from sim.objects import CATEGORIES
from sim.scene import PyBulletScene
from sim.skills.grasps import grasps_O
from sim.skills.skill import Grip, Move, Pause, Script, draw_offset_E, raised

_LIFTED_M = 0.05


class PickUp:
    """Both fingers hold the target, and its lowest point is at least 5 cm above the table."""

    name = "pick_up"
    clearance_m = 0.09
    targets = frozenset(CATEGORIES)
    starts_holding = False

    def start_condition(self, scene: PyBulletScene) -> bool:
        """The target stands on the table and the hand does not touch it."""
        target = scene.roles.target
        on_table = scene.world.touches(target, scene.world.table)
        return on_table and not scene.touches_robot(target)

    def success(self, scene: PyBulletScene) -> bool:
        """Held by both fingers, and lifted."""
        target = scene.roles.target
        return scene.holds(target) and scene.world.lowest_point_m(target) >= _LIFTED_M

    def scripts(self, scene: PyBulletScene, rng: np.random.Generator) -> Sequence[Script]:
        """Every grasp of the category: down, close, lift."""
        target = scene.roles.target
        T_WO = scene.world.pose(target)
        offset = draw_offset_E(rng)
        above_m, lift_m = rng.uniform((0.085, 0.100), (0.105, 0.120))
        pause_s = float(rng.uniform(0.15, 0.35))
        grasps = [T_WO @ T_OE @ offset for T_OE in grasps_O(scene.world.objects[target].model)]
        return [
            Script(
                raised(T_WE, above_m),
                1.0,
                (Move(T_WE), Pause(pause_s), Grip(0.0), Move(raised(T_WE, lift_m))),
            )
            for T_WE in grasps
        ]
