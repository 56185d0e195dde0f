"""What the skills that let go of something share: the motion, and whether it was let go."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mt3.geometry import SE3
from sim.scene import PyBulletScene
from sim.skills.skill import Grip, Move, Pause, Script, raised, with_half_turns


@dataclass(frozen=True, slots=True)
class Habit:
    """How one demonstration differs from another of the same task.

    Args:
        above_m: Height of the bottleneck over where the hand opens.
        retreat_m: How far it goes up afterwards.
        pause_s: Before and after the fingers open.
        shift_x_m: How far the place is off along x of the target.
        shift_y_m: Likewise along y.
    """

    above_m: float
    retreat_m: float
    pause_s: float
    shift_x_m: float
    shift_y_m: float

    @classmethod
    def draw(cls, rng: np.random.Generator, spread_m: float = 0.003) -> "Habit":
        """One person's way."""
        above_m, retreat_m = rng.uniform((0.085, 0.085), (0.105, 0.105))
        shift_x, shift_y = rng.normal(0.0, spread_m, 2)
        pause_s = float(rng.uniform(0.15, 0.35))
        return cls(float(above_m), float(retreat_m), pause_s, float(shift_x), float(shift_y))


def put_down(goals: Sequence[SE3], habit: Habit, opening: float = 1.0) -> list[Script]:
    """One way for each tool pose in W, and for it turned by half a turn: down, open, up."""
    scripts = []
    for T_WE in with_half_turns(goals):
        actions = (
            Move(T_WE),
            Pause(habit.pause_s),
            Grip(opening),
            Pause(habit.pause_s),
            Move(raised(T_WE, habit.retreat_m)),
        )
        scripts.append(Script(raised(T_WE, habit.above_m), 0.0, actions))
    return scripts


def starts_in_hand(scene: PyBulletScene) -> bool:
    """Whether the first object is in the hand, and the target stands on the table."""
    held, target = scene.roles.require_held(), scene.roles.target
    return scene.holds(held) and scene.world.touches(target, scene.world.table)


def tool_in_held(scene: PyBulletScene) -> SE3:
    """``T_OE`` of the hand at what it holds."""
    return scene.world.pose(scene.roles.require_held()).inverse() @ scene.tool_pose()


def is_let_go(scene: PyBulletScene) -> bool:
    """Whether no part of the robot touches what was in the hand."""
    return not scene.touches_robot(scene.roles.require_held())


def held_in_target(scene: PyBulletScene) -> SE3:
    """Pose of what was in the hand in the target's frame."""
    world = scene.world
    return world.pose(scene.roles.target).inverse() @ world.pose(scene.roles.require_held())
