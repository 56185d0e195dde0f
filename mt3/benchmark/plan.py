"""What a benchmark consists of, before anything runs: plain values, for any process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mt3.demonstration import Demonstration
from mt3.geometry import SE3
from mt3.motion.obstacles import ObstacleRules
from mt3.motion.planner import MotionPlanner
from mt3.motion.robot_model import RobotModel
from mt3.task import TaskDescription


@dataclass(frozen=True, slots=True)
class Episode:
    """One scene.

    Args:
        settings: What it sets in the configuration: nested keys and plain values.
        typed: What it sets after that, as it would be typed: ``key=value``. ``$(name)`` in it is
            the value of another key, such as ``scene``, of a trial also ``demonstration``, the id
            of the one that it is about, and ``demonstration_scene``, which that was shown in.
    """

    settings: Mapping[str, Any]
    typed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedDemonstration:
    """One demonstration that a benchmark builds on.

    Args:
        key: Its name, unique in the suite; tasks of the same words may be shown on several objects.
        task: What is shown.
        draws: Scenes to show it in, in the order in which they are tried; the first that works is
            used.
    """

    key: str
    task: TaskDescription
    draws: tuple[Episode, ...]


@dataclass(frozen=True, slots=True)
class PlannedTrial:
    """One trial of a benchmark.

    Args:
        task: What is to be done.
        labels: What the report groups by; the same keys in every trial of a suite.
        number: Which trial of its task and labels.
        draws: Scenes in the order in which they are tried; the first in which the task can be
            done at all is the one that counts.
        demonstration: Key of the one that it builds on.
    """

    task: TaskDescription
    labels: Mapping[str, str]
    number: int
    draws: tuple[Episode, ...]
    demonstration: str


class Suite(Protocol):
    """A set of trials, and the demonstrations that they build on."""

    def demonstrations(self) -> Sequence[PlannedDemonstration]:
        """All demonstrations, in the order in which the library numbers them."""
        ...

    def trials(self) -> Sequence[PlannedTrial]:
        """All trials, those of one demonstration together."""
        ...


class BenchmarkTruth(Protocol):
    """What a simulator knows of a demonstrated and a live scene, for judging, never for acting."""

    def is_feasible(
        self,
        demo: Demonstration,
        model: RobotModel,
        planner: MotionPlanner,
        obstacle_rules: ObstacleRules,
    ) -> bool:
        """Whether the truly transferred interaction has a collision-free joint path."""
        ...

    def error_of(self, D_W: SE3) -> tuple[float, float]:
        """How far an estimated motion takes the object from where it is, metres and rad."""
        ...
