"""Which demonstrations do what the words of a task ask for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mt3.demonstration import DemoSummary
from mt3.retrieval.object_name import ObjectName
from mt3.skill_grammar import SKILLS, OtherRole
from mt3.task import TaskDescription

_MODIFIER_SHARE = 0.2
_OTHER_SHARE = 0.2
_SAME_SKILL = 2.0  # outweighs every similarity of objects when tasks are only listed


@dataclass(frozen=True, slots=True)
class LanguageMatch:
    """A demonstration that does what was asked.

    Args:
        summary: The demonstration.
        score: How well its words fit, (0, 1]; 1 for the same skill, classes and modifiers.
    """

    summary: DemoSummary
    score: float


class LanguageMatcher(Protocol):
    """Narrows demonstrations by words alone."""

    def narrow(
        self, task: TaskDescription, summaries: Sequence[DemoSummary]
    ) -> tuple[LanguageMatch, ...]:
        """Those that do what the task asks, in the order given; empty if none does."""
        ...

    def nearest(
        self, task: TaskDescription, summaries: Sequence[DemoSummary]
    ) -> tuple[DemoSummary, ...]:
        """All, those with the nearest words first: what to tell someone whose task fits none."""
        ...


class WordMatcher:
    """Compares skills and object classes; knows a few synonyms and no language model.

    The skill must be the same, before any similarity is looked at: "open the drawer" and "close
    the drawer" are alike in every other way. The target's class must be the same, and so must
    the class of an object that is in the hand, because the grasp is part of what was
    demonstrated; where a target stands may differ. A class no demonstration of the skill has is
    compared by spelling. Modifiers (colour, size) only add to the score.

    Args:
        min_spelling: Similarity of spelling, (0, 1), from which an unknown word counts as the
            class of a demonstration ("screw driver", "hamer").
    """

    def __init__(self, min_spelling: float = 0.8) -> None:
        self._min_spelling = min_spelling

    def narrow(
        self, task: TaskDescription, summaries: Sequence[DemoSummary]
    ) -> tuple[LanguageMatch, ...]:
        """See ``LanguageMatcher``."""
        kept = [summary for summary in summaries if _kind(summary.task) == _kind(task)]
        classes = {s.demo_id: _class_similarity(task, s.task) for s in kept}
        exact = any(similarity == 1.0 for similarity in classes.values())
        needed = 1.0 if exact else self._min_spelling
        return tuple(
            LanguageMatch(summary, _score(task, summary.task))
            for summary in kept
            if classes[summary.demo_id] >= needed
        )

    def nearest(
        self, task: TaskDescription, summaries: Sequence[DemoSummary]
    ) -> tuple[DemoSummary, ...]:
        """See ``LanguageMatcher``."""

        def nearness(summary: DemoSummary) -> float:
            same = _SAME_SKILL if _kind(summary.task) == _kind(task) else 0.0
            return same + _score(task, summary.task)

        return tuple(sorted(summaries, key=nearness, reverse=True))


def _kind(task: TaskDescription) -> str:
    """The skill; taking something from the table is plainly picking it up."""
    on_table = task.skill == "pick_up_from" and _other(task) == ObjectName.parse("table")
    return "pick_up" if on_table else task.skill


def _other(task: TaskDescription) -> ObjectName | None:
    return ObjectName.parse(task.other_object) if task.other_object else None


def _class_similarity(a: TaskDescription, b: TaskDescription) -> float:
    """The lower one of the target's and, if it is in the hand, the other object's."""
    target = ObjectName.parse(a.target_object).class_similarity(ObjectName.parse(b.target_object))
    in_hand = SKILLS[a.skill].other is OtherRole.IN_HAND
    return min(target, _other_similarity(a, b)) if in_hand else target


def _other_similarity(a: TaskDescription, b: TaskDescription) -> float:
    other_a, other_b = _other(a), _other(b)
    if other_a is None or other_b is None:
        return 1.0 if other_a is other_b else 0.0
    return other_a.class_similarity(other_b)


def _score(a: TaskDescription, b: TaskDescription) -> float:
    """Similarity of the objects' words, [0, 1]."""
    target_a, target_b = ObjectName.parse(a.target_object), ObjectName.parse(b.target_object)
    return (
        (1.0 - _MODIFIER_SHARE - _OTHER_SHARE) * target_a.class_similarity(target_b)
        + _MODIFIER_SHARE * target_a.modifier_similarity(target_b)
        + _OTHER_SHARE * _other_similarity(a, b)
    )
