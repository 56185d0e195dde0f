"""What a simulated task is: how it starts, when it is done, and how a person would do it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from mt3.errors import ConfigurationError
from mt3.geometry import SE3
from mt3.skill_grammar import SKILLS, OtherRole
from sim.objects import ObjectModel
from sim.scene import Memory, PyBulletScene

_HALF_TURN = SE3.from_yaw(np.pi)


@dataclass(frozen=True, slots=True, eq=False)
class Move:
    """Bring the tool to a pose in W, smoothly."""

    T_WE: SE3


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """Bring the tool along poses in W in one smooth motion, at a share of a hand's speed."""

    poses_W: tuple[SE3, ...]
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Grip:
    """Bring the fingers to an opening, and wait until they are there or hold something."""

    opening: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Hold still."""

    duration_s: float


Action: TypeAlias = Move | Sweep | Grip | Pause


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
        """Bottleneck and all poses that the tool is brought to, in order."""
        goals: list[SE3] = []
        for action in self.actions:
            if isinstance(action, Move):
                goals.append(action.T_WE)
            elif isinstance(action, Sweep):
                goals.extend(action.poses_W)
        return [self.T_WE_bottleneck, *goals]


@dataclass(frozen=True, slots=True)
class Cast:
    """Categories of the objects that play a part in a task.

    Args:
        target: Acted on.
        held: In the hand from the start.
        support: The target stands on or in it.
    """

    target: str
    held: str | None
    support: str | None

    def categories(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(name for name in (self.target, self.held, self.support) if name is not None)


class Skill(ABC):
    """A kind of task, judged and scripted from the simulator's truth.

    Attributes:
        name: As in ``TaskDescription.skill``.
        partners: Categories that can be the object acted on, each with the categories that its
            second object can have; none where the skill has one object only.
        clearance_m: Free space that staging leaves around the target.
        implied: Category of what is in the hand from the start, where the words do not say so.
    """

    name: str
    partners: Mapping[str, frozenset[str]]
    clearance_m: float = 0.09
    implied: str | None = None

    @property
    def starts_holding(self) -> bool:
        """Whether something is in the hand from the start."""
        return self.implied is not None or self._role is OtherRole.IN_HAND

    @property
    def has_surrounding(self) -> bool:
        """Whether the target stands on or in the second object."""
        return self._role is OtherRole.SURROUNDING

    @property
    def _role(self) -> OtherRole:
        return SKILLS[self.name].other

    def start_pose(self, target: ObjectModel, support: ObjectModel) -> SE3:
        """Pose of the target in the frame of the second object that it stands on or in.

        Raises:
            ConfigurationError: It stands on the table in this skill.
        """
        raise ConfigurationError(
            f"{self.name}: got {target.category} on {support.category}, expected it on the table"
        )

    def arrange(  # noqa: B027  # most tasks begin as their objects were put down
        self, scene: PyBulletScene, cast: Cast, rng: np.random.Generator
    ) -> None:
        """Bring what was added to the scene into the state in which the task begins."""

    def watch(self, scene: PyBulletScene) -> Memory | None:
        """What has to be remembered from now on to judge the task; None where nothing has."""
        return None

    @abstractmethod
    def start_condition(self, scene: PyBulletScene) -> bool:
        """Whether the task can begin."""

    @abstractmethod
    def success(self, scene: PyBulletScene) -> bool:
        """Whether the task is done now."""

    @abstractmethod
    def scripts(self, scene: PyBulletScene, rng: np.random.Generator) -> Sequence[Script]:
        """Ways to do the task in this scene, all with the same small variations."""


def stands_free(scene: PyBulletScene) -> bool:
    """Whether the target stands on the table and the hand does not touch it."""
    target = scene.roles.target
    on_table = scene.world.touches(target, scene.world.table)
    return on_table and not scene.touches_robot(target)


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
