"""Which of the things in view is meant, by which demonstration fits it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from mt3.alignment import Registrar, Registration
from mt3.demonstration import Demonstration
from mt3.errors import GeometryError, SegmentationError
from mt3.execution.observer import Observation
from mt3.execution.trial_stages import ClusterRecord, RetrievalRecord, VerifiedRecord
from mt3.retrieval import Ranking

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Retrieved:
    """A thing in view, and the demonstrations that may fit it.

    Args:
        seen: The thing.
        ranking: What fits the words of the task, by its likeness to the thing.
        demos: The best of the ranking, the best first.
    """

    seen: Observation
    ranking: Ranking
    demos: tuple[Demonstration, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """A thing in view with the demonstration that fits it best.

    Args:
        seen: The thing.
        demo: The demonstration.
        registration: How that one's object has moved to become the thing.
        retrieval: What it was chosen from.
    """

    seen: Observation
    demo: Demonstration
    registration: Registration
    retrieval: RetrievalRecord

    @property
    def rank(self) -> tuple[bool, float]:
        """The greater, the better it fits: trust counts before probability."""
        return self.registration.trusted, self.registration.probability


def match(retrieved: Retrieved, registrar: Registrar) -> Match:
    """Retrieve, then verify: of the demonstrations, the one that most probably fits.

    Raises:
        GeometryError: None could be registered.
    """
    found: list[tuple[Demonstration, Registration]] = []
    errors: list[GeometryError] = []
    for demo in retrieved.demos:
        try:
            found.append((demo, registrar.register(demo.views, retrieved.seen.view)))
        except GeometryError as error:
            _log.warning("demonstration %s not registered: %s", demo.demo_id, error)
            errors.append(error)
    if not found:
        raise next(iter(errors), GeometryError("no demonstration like it is of this robot"))
    demo, registration = max(found, key=lambda one: (one[1].trusted, one[1].probability))
    verified = [VerifiedRecord.of(*one) for one in found]
    retrieval = RetrievalRecord.from_ranking(retrieved.ranking).settled_on(demo, verified)
    return Match(retrieved.seen, demo, registration, retrieval)


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """All things in view, each with what fits it best.

    Args:
        of_things: For each, in the order of their numbers; what kept it from being registered,
            where that failed.
    """

    of_things: Sequence[Match | GeometryError]

    @classmethod
    def of(cls, retrieved: Sequence[Retrieved], registrar: Registrar) -> "Matches":
        """Register every thing.

        Raises:
            GeometryError: None could be registered.
        """
        found: list[Match | GeometryError] = []
        for one in retrieved:
            try:
                found.append(match(one, registrar))
            except GeometryError as error:
                found.append(error)
        errors = [one for one in found if isinstance(one, GeometryError)]
        if len(errors) == len(found):
            raise errors[0]
        return cls(found)

    @property
    def best(self) -> Match:
        """What fits best of all."""
        return max((one for one in self.of_things if isinstance(one, Match)), key=lambda m: m.rank)

    def records(self, retrieved: Sequence[Retrieved]) -> tuple[ClusterRecord, ...]:
        """What each thing scored; none where only one was in question."""
        if len(retrieved) == 1:
            return ()
        return tuple(
            ClusterRecord.unregistered(number, thing.seen.view, str(found))
            if isinstance(found, GeometryError)
            else ClusterRecord.registered(number, found.seen.view, found.demo, found.registration)
            for number, (thing, found) in enumerate(
                zip(retrieved, self.of_things, strict=True), start=1
            )
        )


def require_only_trusted(clusters: Sequence[ClusterRecord], object_name: str) -> None:
    """Refuse to guess which of several things is meant.

    Args:
        clusters: What each scored; empty where only one was in question.
        object_name: What was looked for.

    Raises:
        SegmentationError: No thing, or more than one, is trusted to be it.
    """
    trusted = [one for one in clusters if one.trusted]
    if not clusters or len(trusted) == 1:
        return
    how_many = f"{len(trusted)} that fit" if trusted else "none that fits"
    choice = "; ".join(
        f"{one.number}: segmenter.click=[{one.pixel[0]},{one.pixel[1]}], probability "
        f"{one.probability:.2f}"
        for one in (trusted or clusters)
    )
    raise SegmentationError(
        f"{object_name}: got {len(clusters)} things on the table and {how_many} a demonstration, "
        f"expected one; say which is meant: {choice}"
    )
