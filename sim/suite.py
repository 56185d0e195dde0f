"""Which simulated trials a benchmark consists of."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from mt3.benchmark import Episode, PlannedDemonstration, PlannedTrial
from mt3.errors import ConfigurationError
from mt3.task import TaskDescription
from sim.staging import category_of

Instances: TypeAlias = Literal["same", "new"]

_DEMONSTRATED_INSTANCE = 0
_DEMONSTRATION, _TRIAL = 0, 1
_DEMONSTRATION_DRAWS = 10
_DEMONSTRATED_YAW_RAD = np.pi / 2  # who shows a task lets the camera see a handle
_SEEDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Case:
    """Trials of some tasks.

    Args:
        tasks: Words of each.
        instances: ``same`` as demonstrated, or a ``new`` shape for each trial.
        placements: Trials of each task.

    Raises:
        ConfigurationError: Other instances, or a negative number.
    """

    tasks: Sequence[str]
    instances: Instances
    placements: int

    def __post_init__(self) -> None:
        if self.instances not in ("same", "new"):
            raise ConfigurationError(f"instances: got {self.instances!r}, expected same or new")
        if self.placements < 0:
            raise ConfigurationError(f"placements: got {self.placements}, expected 0 or more")


class SimSuite:
    """Trials in simulated scenes; the same arguments give the same scenes.

    Args:
        cases: What is tried.
        seed: Draws every scene.
        placements: Trials of each task, instead of the cases' own numbers.
        max_draws: Scenes drawn for a trial before it is given up.

    Raises:
        ConfigurationError: No cases, or numbers out of range.
    """

    def __init__(
        self,
        cases: Sequence[Case],
        seed: int = 0,
        placements: int | None = None,
        max_draws: int = 10,
    ) -> None:
        if not cases or max_draws < 1:
            raise ConfigurationError(
                f"suite: got {len(cases)} cases and max_draws {max_draws}, expected at least 1"
            )
        self._cases = [
            case if placements is None else Case(case.tasks, case.instances, placements)
            for case in cases
        ]
        self._seed, self._max_draws = seed, max_draws

    def demonstrations(self) -> Sequence[PlannedDemonstration]:
        """One of each task, named by its words."""
        tasks = dict.fromkeys(task for case in self._cases for task in case.tasks)
        return [
            PlannedDemonstration(
                task,
                TaskDescription.parse(task),
                tuple(
                    self._episode(task, _DEMONSTRATION, 0, k) for k in range(_DEMONSTRATION_DRAWS)
                ),
            )
            for task in tasks
        ]

    def trials(self) -> Sequence[PlannedTrial]:
        """All trials, case by case and task by task."""
        return [
            self._trial(case, task, number)
            for case in self._cases
            for task in case.tasks
            for number in range(case.placements)
        ]

    def _trial(self, case: Case, text: str, number: int) -> PlannedTrial:
        task = TaskDescription.parse(text)
        labels = {
            "skill": task.skill,
            "category": category_of(task.target_object),
            "instances": case.instances,
        }
        purpose = _TRIAL + (case.instances == "new")
        new = _DEMONSTRATED_INSTANCE + 1 + number if case.instances == "new" else None
        draws = tuple(self._episode(text, purpose, number, k, new) for k in range(self._max_draws))
        return PlannedTrial(task, labels, number, draws, text)

    def _episode(
        self, task: str, purpose: int, number: int, draw: int, new_instance: int | None = None
    ) -> Episode:
        words = zlib.crc32(task.encode())
        rng = np.random.default_rng([self._seed, words, purpose, number, draw])
        target = _DEMONSTRATED_INSTANCE if new_instance is None else new_instance
        scene = {"instance_seed": target, "held_instance_seed": _DEMONSTRATED_INSTANCE}
        turn = {"max_yaw_rad": _DEMONSTRATED_YAW_RAD} if purpose == _DEMONSTRATION else {}
        return Episode({"task": task, "seed": int(rng.integers(_SEEDS)), "scene": scene | turn})
