"""Hang the ring in the hand on the peg of the target."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from mt3.geometry import SE3
from sim.objects.containers import STANDS
from sim.objects.inserts import RINGS
from sim.scene import PyBulletScene
from sim.skills.put_down import Habit, held_in_target, is_let_go, starts_in_hand, tool_in_held
from sim.skills.skill import Grip, Move, Pause, Script, Skill, raised

_BEFORE_M: Final = 0.070  # from the peg's end, where the ring is lined up


class HangOn(Skill):
    """The ring hangs on the stand: off the table, around the peg, and let go."""

    name = "hang_on"
    partners = dict.fromkeys(STANDS, frozenset(RINGS))

    def start_condition(self, scene: PyBulletScene) -> bool:
        """The ring is in the hand, the stand stands on the table."""
        return starts_in_hand(scene)

    def success(self, scene: PyBulletScene) -> bool:
        """Hanging, and let go."""
        world, held, target = scene.world, scene.roles.require_held(), scene.roles.target
        hangs = world.touches(held, world.objects[target].body)
        off_table = world.lowest_point_m(held) > 0.012
        peg = world.objects[target].model.dimensions
        p_T = held_in_target(scene).t
        around = peg["peg_x"] - 0.01 < p_T[0] < peg["peg_x"] + peg["peg_length"] + 0.015
        return hangs and off_table and bool(around) and abs(p_T[1]) < 0.03 and is_let_go(scene)

    def scripts(self, scene: PyBulletScene, rng: np.random.Generator) -> Sequence[Script]:
        """Line up before the peg's end, over it, down onto it: open, up."""
        habit, T_OE = Habit.draw(rng, spread_m=0.001), tool_in_held(scene)
        objects, T_WT = scene.world.objects, scene.world.pose(scene.roles.target)
        peg = objects[scene.roles.target].model.dimensions
        ring = objects[scene.roles.require_held()].model.dimensions
        hung_z = peg["height"] - ring["axis_z"] - ring["inner"]  # of the ring's O
        over_z = hung_z + ring["inner"] - 0.002
        end_x = peg["peg_x"] + peg["peg_length"]
        on_x = peg["peg_x"] + peg["peg_length"] * 0.5
        scripts = []
        for yaw in (0.0, np.pi):
            before, over, on = (
                T_WT @ SE3.from_yaw(yaw, (x, habit.shift_y_m, z)) @ T_OE
                for x, z in (
                    (end_x + _BEFORE_M, over_z),
                    (on_x, over_z),
                    (on_x, hung_z + 0.002),
                )
            )
            actions = (
                Move(over),
                Move(on),
                Pause(habit.pause_s),
                Grip(0.7),
                Pause(habit.pause_s),
                Move(raised(on, habit.retreat_m)),
            )
            scripts.append(Script(before, 0.0, actions))
        return scripts
