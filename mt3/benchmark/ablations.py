"""One suite tried in several variants of the method, each with one thing changed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from mt3.benchmark.plan import PlannedDemonstration, PlannedTrial, Suite
from mt3.demonstration import DemoSummary
from mt3.errors import ConfigurationError
from mt3.perception import ObjectView
from mt3.retrieval import LanguageMatch
from mt3.task import TaskDescription
from mt3.types import FloatArray


class Ablations:
    """Every so many-th trial of a suite, in each variant: the same scenes, the same demonstrations.

    Args:
        suite: What is demonstrated and tried.
        variants: By name, what each changes of the configuration, as it would be typed:
            ``key=value``; see ``Episode.typed``.
        every: Only each so many-th trial.

    Raises:
        ConfigurationError: No variant, or ``every`` below 1.
    """

    def __init__(self, suite: Suite, variants: Mapping[str, Sequence[str]], every: int = 1) -> None:
        if not variants or every < 1:
            raise ConfigurationError(
                f"ablations: got {len(variants)} variants and every={every}, expected 1 or more"
            )
        self._suite, self._every = suite, every
        self._variants = {name: tuple(typed) for name, typed in variants.items()}

    def demonstrations(self) -> Sequence[PlannedDemonstration]:
        """All of the suite, whichever trials are made: retrieval chooses among them."""
        return self._suite.demonstrations()

    def trials(self) -> Sequence[PlannedTrial]:
        """Each trial in all variants, one after the other."""
        return [
            replace(
                trial,
                labels={**trial.labels, "variant": name},
                draws=tuple(replace(draw, typed=typed) for draw in trial.draws),
            )
            for trial in self._suite.trials()[:: self._every]
            for name, typed in self._variants.items()
        ]


class ShapelessEncoder:
    """In place of a geometry encoder: all shapes are alike, words alone decide."""

    name = "shapeless"

    def encode(self, view: ObjectView) -> FloatArray:
        """The same for every view, (1,)."""
        return np.ones(1)


class WordlessMatcher:
    """In place of a language matcher: words do not narrow, shape alone decides.

    Args:
        same_skill: Whether the skill must still be the one that was asked for.
    """

    def __init__(self, same_skill: bool) -> None:
        self._same_skill = same_skill

    def narrow(
        self, task: TaskDescription, summaries: Sequence[DemoSummary]
    ) -> tuple[LanguageMatch, ...]:
        """All, or all of the task's skill, each as good."""
        return tuple(
            LanguageMatch(summary, 1.0)
            for summary in summaries
            if not self._same_skill or summary.task.skill == task.skill
        )

    def nearest(
        self, task: TaskDescription, summaries: Sequence[DemoSummary]
    ) -> tuple[DemoSummary, ...]:
        """All, in their order."""
        return tuple(summaries)
