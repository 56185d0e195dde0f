"""The thousand tasks: every skill, over 120 categories of objects, fixed by one seed."""

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from mt3.benchmark import Episode, PlannedDemonstration, PlannedTrial
from mt3.errors import ConfigurationError
from mt3.skill_grammar import SKILLS as WORDS
from mt3.task import TaskDescription
from sim.objects.blocks import BLOCKS
from sim.objects.turned import TURNED
from sim.objects.utensils import UTENSILS
from sim.skills import SKILLS

_GRASP: Final = {
    "pick_up": 244,
    "pick_up_from": 44,
    "remove_from": 20,
    "regrasp_on": 24,
    "shake": 24,
    "push": 40,
    "pull": 32,
}
_PLACE: Final = {
    "place_on": 50,
    "place_in": 50,
    "place_next_to": 50,
    "stack": 24,
    "insert_into": 20,
    "hang_on": 16,
}
_CONTAINER: Final = {"pour_from_into": 24, "fill_with": 16, "scoop_from": 12, "stir_in": 18}
_SURFACE: Final = {
    "wipe_with": 18,
    "dust_with": 16,
    "wash_with": 14,
    "swipe_on": 10,
    "sharpen_with": 10,
    "iron": 12,
}
_MECHANISM: Final = {
    "open": 44,
    "close": 44,
    "turn_on": 20,
    "turn_off": 20,
    "twist-clockwise": 10,
    "twist-anticlockwise": 10,
    "turn-left": 8,
    "turn-right": 8,
    "press": 12,
    "zip": 6,
    "unzip": 6,
    "fold": 8,
    "unfold": 8,
    "light": 8,
}
FAMILIES: Final[Mapping[str, Mapping[str, int]]] = MappingProxyType(
    {
        "grasp": _GRASP,
        "place": _PLACE,
        "container": _CONTAINER,
        "surface": _SURFACE,
        "mechanism": _MECHANISM,
    }
)
CLUTTER: Final = sorted({*TURNED, *BLOCKS, *UTENSILS, "can", "bottle", "bowl", "mug", "banana"})

_INSTANCES: Final = 12  # of a category, that demonstrations are shown with
_NEW: Final = 1000  # the first instance that no demonstration is shown with
_UNSEEN_EVERY: Final = 10  # task
_X_M: Final = [0.25, 0.75]
_Y_M: Final = [-0.30, 0.30]
_DISTRACTORS: Final = (5, 20)
_SHOWN_DISTRACTORS: Final = 5
_SHOWN_YAW_RAD: Final = np.pi / 2  # who shows a task lets the camera see a handle
_DEMONSTRATION, _SEEN, _UNSEEN = 0, 1, 2
_SEEDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class ObjectTask:
    """A skill with its objects, each a category and an instance of it.

    Args:
        skill: As in ``TaskDescription.skill``.
        family: Of the skill.
        target: Category of the object acted on.
        other: Category of the second object.
        target_instance: Which one of its category.
        other_instance: Likewise.
    """

    skill: str
    family: str
    target: str
    other: str | None
    target_instance: int
    other_instance: int

    @property
    def text(self) -> str:
        """Its words, which do not tell instances apart."""
        return WORDS[self.skill].say(self.target, self.other)

    @property
    def key(self) -> str:
        """Its name, unique."""
        return f"{self.text} #{self.target_instance}.{self.other_instance}"

    def objects(self) -> set[tuple[str, int]]:
        """Categories and instances that it needs."""
        named = {(self.target, self.target_instance)}
        return named | ({(self.other, self.other_instance)} if self.other else set())


def draw_tasks(seed: int, skills: Sequence[str] | None = None) -> list[ObjectTask]:
    """The thousand tasks, or those of some skills; the same seed gives the same.

    Raises:
        ConfigurationError: An unknown skill.
    """
    known = [name for family in FAMILIES.values() for name in family]
    wanted = known if skills is None else list(skills)
    if unknown := [name for name in wanted if name not in known]:
        raise ConfigurationError(f"skills: got {unknown}, expected some of {', '.join(known)}")
    return [
        task
        for family, counts in FAMILIES.items()
        for name, count in counts.items()
        if name in wanted
        for task in _tasks_of(name, family, count, seed)
    ]


def _tasks_of(skill: str, family: str, count: int, seed: int) -> list[ObjectTask]:
    """Tasks of one skill: all pairs of categories in a drawn order, over and over.

    A pair that comes again does so with other instances.
    """
    rng = np.random.default_rng([seed, zlib.crc32(skill.encode())])
    partners = SKILLS[skill].partners
    pairs: list[tuple[str, str | None]] = [
        (target, other)
        for target in sorted(partners)
        for other in _or_none(sorted(partners[target]))
    ]
    order = rng.permutation(len(pairs))
    first = rng.permutation(_INSTANCES)
    used: Counter[str] = Counter()
    tasks = []
    for number in range(count):
        target, other = pairs[order[number % len(pairs)]]
        instances = []
        for category in (target, other or ""):
            instances.append(int(first[used[category] % _INSTANCES]))
            used[category] += 1
        tasks.append(ObjectTask(skill, family, target, other, instances[0], instances[1]))
    return tasks


def _or_none(others: Sequence[str]) -> Sequence[str | None]:
    return others or [None]


class ThousandSuite:
    """Each task demonstrated once, then tried on the objects shown and, of some, on new ones.

    Args:
        seed: Draws tasks and scenes.
        placements: Trials of each task, and of each unseen one; ``usual`` if not given.
        usual: Likewise, where nobody says how many.
        skills: Only these; all, if not given.
        every: Only each so many-th task of a skill, at least one; 1 for all.
        max_draws: Scenes drawn for a trial before it is given up.
    """

    def __init__(
        self,
        seed: int = 0,
        placements: int | None = None,
        usual: int = 2,
        skills: Sequence[str] | None = None,
        every: int = 1,
        max_draws: int = 20,
    ) -> None:
        if every < 1 or max_draws < 1:
            raise ConfigurationError(
                f"every, max_draws: got {every}, {max_draws}, expected 1 or more"
            )
        self._seed, self._max_draws = seed, max_draws
        self._placements = usual if placements is None else placements
        seen: Counter[str] = Counter()
        self.tasks = []
        for task in draw_tasks(seed, skills):
            if seen[task.skill] % every == 0:
                self.tasks.append(task)
            seen[task.skill] += 1

    def demonstrations(self) -> Sequence[PlannedDemonstration]:
        """One of each task, in a scene that shows the object's front to the camera."""
        return [
            PlannedDemonstration(
                task.key,
                TaskDescription.parse(task.text),
                tuple(self._episode(task, _DEMONSTRATION, 0, k) for k in range(self._max_draws)),
            )
            for task in self.tasks
        ]

    def trials(self) -> Sequence[PlannedTrial]:
        """All trials, task by task: on the objects shown, then on new ones."""
        return [
            self._trial(task, purpose, number)
            for place, task in enumerate(self.tasks)
            for purpose in ((_SEEN, _UNSEEN) if place % _UNSEEN_EVERY == 0 else (_SEEN,))
            for number in range(self._placements)
        ]

    def _trial(self, task: ObjectTask, purpose: int, number: int) -> PlannedTrial:
        labels = {
            "skill": task.skill,
            "family": task.family,
            "category": task.target,
            "instances": "same" if purpose == _SEEN else "new",
        }
        draws = tuple(self._episode(task, purpose, number, k) for k in range(self._max_draws))
        return PlannedTrial(TaskDescription.parse(task.text), labels, number, draws, task.key)

    def _episode(self, task: ObjectTask, purpose: int, number: int, draw: int) -> Episode:
        words = zlib.crc32(task.key.encode())
        rng = np.random.default_rng([self._seed, words, purpose, number, draw])
        new = _NEW if purpose == _UNSEEN else 0
        scene: dict[str, Any] = {
            "instance_seed": task.target_instance + new,
            "held_instance_seed": task.other_instance + new,
            "clutter": list(CLUTTER),
        }
        if purpose == _DEMONSTRATION:
            scene |= {"max_yaw_rad": float(_SHOWN_YAW_RAD), "distractors": _SHOWN_DISTRACTORS}
        else:
            distractors = int(rng.integers(_DISTRACTORS[0], _DISTRACTORS[1] + 1))
            scene |= {"x_m": _X_M, "y_m": _Y_M, "distractors": distractors}
        return Episode({"task": task.text, "seed": int(rng.integers(_SEEDS)), "scene": scene})
