"""Take the target from the table and lift it."""

from collections.abc import Sequence

import numpy as np

from sim.objects import GRASPABLE
from sim.scene import PyBulletScene
from sim.skills.skill import (
    Grip,
    Move,
    Pause,
    Script,
    Skill,
    draw_offset_E,
    raised,
    stands_free,
    with_half_turns,
)

_LIFTED_M = 0.05


class PickUp(Skill):
    """Both fingers hold the target, and its lowest point is at least 5 cm above the table."""

    name = "pick_up"
    partners = dict.fromkeys(GRASPABLE, frozenset[str]())

    def start_condition(self, scene: PyBulletScene) -> bool:
        """The target stands on the table and the hand does not touch it."""
        return stands_free(scene)

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
        grasps_O = with_half_turns(scene.world.objects[target].model.grasps_O)
        grasps = [T_WO @ T_OE @ offset for T_OE in grasps_O]
        return [
            Script(
                raised(T_WE, above_m),
                1.0,
                (Move(T_WE), Pause(pause_s), Grip(0.0), Move(raised(T_WE, lift_m))),
            )
            for T_WE in grasps
        ]
