"""What a simulated task is: how it starts, when it is done, and how a person would do it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from mt3.geometry import SE3
from sim.scene import PyBulletScene

_FINGERS_ALONG_Y = np.diag([-1.0, 1.0, -1.0])
_HALF_TURN = SE3.from_yaw(np.pi)


@dataclass(frozen=True, slots=True, eq=False)
class Move:
    """Bring the tool to a pose in W, smoothly."""

    T_WE: SE3


@dataclass(frozen=True, slots=True)
class Grip:
    """Bring the fingers to an opening, and wait until they are there or hold something."""

    opening: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Hold still."""

    duration_s: float


Action: TypeAlias = Move | Grip | Pause


@dataclass(frozen=True, slots=True, eq=False)
class Script:
    """One way to do a task.

    Args:
        T_WE_bottleneck: Where the interaction begins.
        opening: Of the fingers, on the way to the bottleneck.
        actions: From the bottleneck to the end.
    """

    T_WE_bottleneck: SE3
    opening: float
    actions: tuple[Action, ...]

    def poses(self) -> list[SE3]:
        """Bottleneck and all goals of moves, in order."""
        goals = [action.T_WE for action in self.actions if isinstance(action, Move)]
        return [self.T_WE_bottleneck, *goals]


class Skill(Protocol):
    """A kind of task, judged and scripted from the simulator's truth.

    Attributes:
        name: As in ``TaskDescription.skill``.
        clearance_m: Free space that staging leaves around the target.
        targets: Categories that can be the object acted on.
        starts_holding: Whether the task's other object is in the hand from the start.
    """

    name: str
    clearance_m: float
    targets: frozenset[str]
    starts_holding: bool

    def start_condition(self, scene: PyBulletScene) -> bool:
        """Whether the task can begin."""
        ...

    def success(self, scene: PyBulletScene) -> bool:
        """Whether the task is done now."""
        ...

    def scripts(self, scene: PyBulletScene, rng: np.random.Generator) -> Sequence[Script]:
        """Ways to do the task in this scene, all with the same small variations."""
        ...


def tool_pose_down(x: float, y: float, z: float, finger_angle_rad: float) -> SE3:
    """Pose of E pointing down at a point, fingers closing along an angle about z.

    In whatever upright frame the point and the angle are given in.
    """
    turn = SE3.from_yaw(finger_angle_rad - np.pi / 2)
    return SE3.from_rotation_translation(turn.R @ _FINGERS_ALONG_Y, (x, y, z))


def with_half_turns(poses: Sequence[SE3]) -> list[SE3]:
    """Poses and, for each, the same with the two fingers exchanged."""
    return [pose @ turn for pose in poses for turn in (SE3.identity(), _HALF_TURN)]


def raised(T_WE: SE3, height_m: float) -> SE3:
    """The same pose, higher in W."""
    return SE3.from_translation((0.0, 0.0, height_m)) @ T_WE


def draw_offset_E(rng: np.random.Generator) -> SE3:
    """How far a person's grasp is off: some millimetres along the object, a few degrees."""
    x, z, yaw = rng.normal(0.0, (0.0015, 0.001, np.deg2rad(1.5)))
    return SE3.from_yaw(float(np.clip(yaw, -0.06, 0.06)), (np.clip(x, -0.003, 0.003), 0.0, z))


def is_upright(T_WO: SE3, tolerance_rad: float) -> bool:
    """Whether z of O points up."""
    return bool(T_WO.R[2, 2] >= np.cos(tolerance_rad))
