"""Retrieval: words narrow the demonstrations, the object's shape ranks what is left."""

import logging
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mt3.demonstration import DemoSummary
from mt3.errors import DemoFormatError, DemoNotFoundError, NoMatchError
from mt3.interfaces import DemoSource
from mt3.perception import ObjectView
from mt3.retrieval.language_matcher import LanguageMatch, LanguageMatcher
from mt3.task import TaskDescription
from mt3.types import FloatArray

_log = logging.getLogger(__name__)

_LISTED = 5
_LANGUAGE_SHARE = 0.2


class GeometryEncoder(Protocol):
    """Describes the visible shape of an object by a vector; alike shapes, alike directions."""

    @property
    def name(self) -> str:
        """Names the encoder and everything its output depends on: the key of caches."""
        ...

    def encode(self, view: ObjectView) -> FloatArray:
        """Descriptor, (D,) with unit norm; D is the same for every view."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A demonstration that fits a task's words, and how well it fits in all.

    Args:
        summary: The demonstration.
        language: Score of the words, (0, 1].
        geometry: Cosine of the angle between its shape's descriptor and the live one's.
        score: What the ranking goes by.
    """

    summary: DemoSummary
    language: float
    geometry: float
    score: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """The answer to a query.

    Args:
        candidates: At least one, best first.
        skipped: Demonstrations that fit the words but could not be read: id and reason.
    """

    candidates: tuple[Candidate, ...]
    skipped: tuple[tuple[str, str], ...]

    @property
    def best(self) -> Candidate:
        """The candidate with the highest score."""
        return self.candidates[0]


class DemoIndex:
    """Finds the demonstration to transfer.

    Descriptors are kept in memory under the encoder's name and the content's hash, so a changed
    demonstration is encoded again.

    Args:
        source: The demonstrations.
        encoder: Describes shapes.
        language: Compares words.
    """

    def __init__(
        self, source: DemoSource, encoder: GeometryEncoder, language: LanguageMatcher
    ) -> None:
        self._source = source
        self._encoder = encoder
        self._language = language
        self._descriptors: dict[tuple[str, str], FloatArray] = {}

    def narrow(self, task: TaskDescription) -> tuple[LanguageMatch, ...]:
        """The demonstrations that fit a task's words; needs no image, and reads no array.

        Raises:
            NoMatchError: None does.
        """
        summaries = self._source.summaries()
        matches = self._language.narrow(task, summaries)
        if matches:
            return matches
        texts = [s.task.text for s in self._language.nearest(task, summaries)]
        nearest = tuple(dict.fromkeys(texts))[:_LISTED]
        known = "; nearest known tasks: " + ", ".join(f'"{text}"' for text in nearest)
        raise NoMatchError(
            f'no demonstration for "{task.text}" (skill {task.skill}, object '
            f"{task.target_object}){known if nearest else '; the library is empty'}",
            nearest,
        )

    def prepare(self, task: TaskDescription) -> None:
        """Read and describe what fits a task's words, before anything has to move.

        Raises:
            NoMatchError: No demonstration fits the words, or none of those can be read.
        """
        self._described(task)

    def query(self, task: TaskDescription, view: ObjectView) -> Ranking:
        """Rank the demonstrations that fit a task by how much their object looks like this one.

        Args:
            task: What to do.
            view: The live object.

        Raises:
            NoMatchError: No demonstration fits the words, or none of those can be read.
        """
        readable, skipped = self._described(task)
        for _, reason in skipped:
            _log.warning("demonstration skipped: %s", reason)
        live = self._encoder.encode(view)
        candidates: list[Candidate] = []
        for match, descriptor in readable:
            geometry = float(np.clip(live @ descriptor, -1.0, 1.0))
            score = (1.0 - _LANGUAGE_SHARE) * geometry + _LANGUAGE_SHARE * match.score
            candidates.append(Candidate(match.summary, match.score, geometry, score))
        candidates.sort(key=lambda candidate: -candidate.score)
        return Ranking(tuple(candidates), tuple(skipped))

    def _described(
        self, task: TaskDescription
    ) -> tuple[list[tuple[LanguageMatch, FloatArray]], list[tuple[str, str]]]:
        """What fits the words, at least one, with descriptors; the unreadable, with reasons."""
        readable: list[tuple[LanguageMatch, FloatArray]] = []
        skipped: list[tuple[str, str]] = []
        for match in self.narrow(task):
            try:
                readable.append((match, self._descriptor(match.summary)))
            except (DemoFormatError, DemoNotFoundError) as error:
                skipped.append((match.summary.demo_id, str(error)))
        if not readable:
            raise NoMatchError(
                f'every demonstration for "{task.text}" is damaged: '
                + "; ".join(reason for _, reason in skipped),
                (),
            )
        return readable, skipped

    def _descriptor(self, summary: DemoSummary) -> FloatArray:
        key = (self._encoder.name, summary.content_hash)
        if key not in self._descriptors:
            view = self._source.load(summary.demo_id).view
            self._descriptors[key] = self._encoder.encode(view)
        return self._descriptors[key]
