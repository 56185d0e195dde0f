"""Set the object in the hand down on the target and take it again, turned."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from mt3.geometry import SE3, wrap_angle, yaw_of
from sim.objects.surfaces import SURFACES
from sim.objects.turned import TURNED
from sim.scene import PyBulletScene
from sim.skills.put_down import Habit, starts_in_hand, tool_in_held
from sim.skills.skill import Grip, Move, Pause, Script, Skill, raised, with_half_turns

_TURNED_RAD: Final = np.deg2rad(30.0)
_TURN_RAD: Final = np.deg2rad(60.0)
_LIFTED_M: Final = 0.03
_RELEASE_M: Final = 0.002


class RegraspOn(Skill):
    """Both fingers hold it, turned by 30 degrees or more in the hand, 3 cm above the target."""

    name = "regrasp_on"
    partners = dict.fromkeys(SURFACES, frozenset({*TURNED, "can", "bottle"}))

    def start_condition(self, scene: PyBulletScene) -> bool:
        """The object is in the hand, the target stands on the table."""
        return starts_in_hand(scene)

    def success(self, scene: PyBulletScene) -> bool:
        """Held in another way than at the start, and lifted; over half a turn it is the same."""
        roles, held = scene.roles, scene.roles.require_held()
        T_OE_start = roles.start_poses[held].inverse() @ roles.T_WE_start
        turned = yaw_of(tool_in_held(scene) @ T_OE_start.inverse())
        turned_rad = min(abs(wrap_angle(turned - k * np.pi)) for k in (0, 1))
        surface = scene.world.objects[roles.target].model.dimensions["floor"]
        top_m = scene.world.pose(roles.target).t[2] + surface
        lifted = scene.world.lowest_point_m(held) >= top_m + _LIFTED_M
        return scene.holds(held) and lifted and turned_rad >= _TURNED_RAD

    def scripts(self, scene: PyBulletScene, rng: np.random.Generator) -> Sequence[Script]:
        """Down in the middle, open, turn the hand about its own axis, close, up."""
        habit, T_OE = Habit.draw(rng), tool_in_held(scene)
        floor_m = scene.world.objects[scene.roles.target].model.dimensions["floor"]
        shift = (habit.shift_x_m, habit.shift_y_m, floor_m + _RELEASE_M)
        T_WT = scene.world.pose(scene.roles.target) @ SE3.from_translation(shift)
        scripts = []
        for yaw in np.arange(4) * np.pi / 4:
            for down in with_half_turns([T_WT @ SE3.from_yaw(float(yaw)) @ T_OE]):
                for side in (-1.0, 1.0):
                    again = down @ SE3.from_yaw(side * _TURN_RAD)
                    actions = (
                        Move(down),
                        Pause(habit.pause_s),
                        Grip(1.0),
                        Pause(habit.pause_s),
                        Move(again),
                        Grip(0.0),
                        Move(raised(again, habit.retreat_m)),
                    )
                    scripts.append(Script(raised(down, habit.above_m), 0.0, actions))
        return scripts
