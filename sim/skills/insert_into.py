"""Put the foot of what is in the hand into the hole of the target."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from mt3.geometry import SE3
from sim.objects.containers import HOLDERS
from sim.objects.inserts import PLUGS
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

_IN_M: Final = 0.016  # how far below the mouth the foot must end
_OFF_AXIS_M: Final = 0.012
_LEFT_M: Final = 0.003  # that the head stays above the mouth when it is let go


class InsertInto(Skill):
    """The foot is at least 16 mm deep in the hole, and let go."""

    name = "insert_into"
    partners = dict.fromkeys(HOLDERS, frozenset(PLUGS))

    def start_condition(self, scene: PyBulletScene) -> bool:
        """The plug is in the hand, the holder stands on the table."""
        return starts_in_hand(scene)

    def success(self, scene: PyBulletScene) -> bool:
        """In the hole, and let go."""
        mouth_m = scene.world.objects[scene.roles.target].model.dimensions["height"]
        p_foot = held_in_target(scene).t  # O of a plug is at the bottom of its foot
        deep = p_foot[2] <= mouth_m - _IN_M
        return bool(deep) and float(np.hypot(*p_foot[:2])) < _OFF_AXIS_M and is_let_go(scene)

    def scripts(self, scene: PyBulletScene, rng: np.random.Generator) -> Sequence[Script]:
        """Straight down into the hole: open, up."""
        habit, T_OE = Habit.draw(rng, spread_m=0.0008), tool_in_held(scene)
        objects = scene.world.objects
        hole = objects[scene.roles.target].model.dimensions
        plug = objects[scene.roles.require_held()].model.dimensions
        z = max(hole["height"] - plug["depth"] + _LEFT_M, hole["floor"] + _LEFT_M)
        T_WT = scene.world.pose(scene.roles.target)
        goals = [
            T_WT @ SE3.from_yaw(yaw, (habit.shift_x_m, habit.shift_y_m, z)) @ T_OE
            for yaw in (0.0, np.pi / 2)
        ]
        return put_down(goals, habit)
