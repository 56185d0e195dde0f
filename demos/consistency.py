"""Leave-one-out: whether the demonstrations of one task agree where the interaction begins.

Every demonstration is registered on every other, and its bottleneck, transferred, is held against
the one that was recorded there. A stale camera pose, a wrong bottleneck or another tool offset
shows as one demonstration that disagrees with all others; so does another way of grasping.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Protocol, TypeAlias

import numpy as np

from mt3.alignment import Registration
from mt3.demonstration import Demonstration
from mt3.errors import GeometryError
from mt3.geometry import SE3, invert_poses
from mt3.perception import ObjectView
from mt3.types import FloatArray, require_positive

_MOST = 0.5
_HALF_TURN_E = np.diag([-1.0, -1.0, 1.0, 1.0])  # the same parallel gripper
_ROUND_TURNS_RAD = np.deg2rad(np.arange(360.0))


Pair: TypeAlias = tuple[Demonstration, Demonstration]


class Registers(Protocol):
    """What registers views of one object; see ``mt3.alignment.Registrar``."""

    def register(self, demo: Sequence[ObjectView], live: Sequence[ObjectView]) -> Registration:
        """Estimate the motion from one to the other."""
        ...


@dataclass(frozen=True, slots=True)
class ConsistencyRules:
    """From where on two demonstrations disagree.

    Args:
        max_position_m: Between the transferred and the recorded bottleneck.
        max_angle_rad: Between their orientations.

    Raises:
        ConfigurationError: One is not a positive number.
    """

    max_position_m: float = 0.020
    max_angle_rad: float = float(np.deg2rad(15.0))

    def __post_init__(self) -> None:
        for name in self.__slots__:
            require_positive(name, getattr(self, name))


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """One demonstration transferred to the scene of another.

    Args:
        demo_id: Whose bottleneck was transferred.
        other_id: Whose recorded bottleneck it is held against.
        trusted: Whether the registration can be believed; else the pair does not count.
        reason: Why not, or an empty text.
        position_m: Disagreement of the bottlenecks, 0 where nothing was registered.
        angle_rad: Disagreement of their orientations, 0 where nothing was registered.
        agrees: Whether both are within the rules; means nothing where not trusted.
    """

    demo_id: str
    other_id: str
    trusted: bool
    reason: str
    position_m: float
    angle_rad: float
    agrees: bool


@dataclass(frozen=True, slots=True)
class MedianAgreement:
    """Medians of one demonstration over its trusted pairs, both ways.

    Args:
        demo_id: Which.
        pairs: How many were trusted.
        disagreeing: How many of them disagree.
        position_m: Median disagreement.
        angle_rad: Median disagreement.
    """

    demo_id: str
    pairs: int
    disagreeing: int
    position_m: float
    angle_rad: float


@dataclass(frozen=True, slots=True)
class TaskConsistency:
    """How far the demonstrations of one task agree.

    Args:
        demo_ids: In order.
        pairs: Every ordered pair.
        culprits: Demonstrations without which the rest agree; empty where none or no few do.
    """

    demo_ids: tuple[str, ...]
    pairs: tuple[PairAgreement, ...]
    culprits: tuple[str, ...]

    @property
    def disagreeing(self) -> tuple[PairAgreement, ...]:
        """Trusted pairs that disagree."""
        return tuple(pair for pair in self.pairs if pair.trusted and not pair.agrees)

    @property
    def untrusted(self) -> tuple[PairAgreement, ...]:
        """Pairs that could not be registered, and do not count."""
        return tuple(pair for pair in self.pairs if not pair.trusted)

    def medians(self) -> list[MedianAgreement]:
        """One row for each demonstration, in order."""
        return [_median(demo_id, self.pairs) for demo_id in self.demo_ids]

    def verdict(self) -> str:
        """What follows, in words."""
        n, compared = len(self.demo_ids), len(self.pairs) - len(self.untrusted)
        if n < 2:
            return "one demonstration: nothing to compare"
        if not compared:
            return "no pair could be registered with trust: nothing to compare"
        if not self.disagreeing:
            return f"consistent: all {compared} trusted pairs agree"
        found = f"{len(self.disagreeing)} of {compared} trusted pairs disagree"
        if self.culprits:
            return f"{found}; the rest agrees without {', '.join(self.culprits)}"
        if n == 2:
            return f"{found}; of two demonstrations nobody can say which is wrong"
        return f"{found}; no likely culprit"


def check_consistency(
    demos: Sequence[Demonstration],
    registrar: Registers,
    rules: ConsistencyRules,
    track: Callable[[Sequence[Pair]], Iterable[Pair]] = iter,
) -> TaskConsistency:
    """Compare all demonstrations of one task with each other.

    Args:
        demos: Of one task; n of them cost n (n - 1) registrations.
        registrar: Registers one on another.
        rules: From where on two disagree.
        track: Yields the pairs in turn, for a progress bar.
    """
    pairs = [_compare(*pair, registrar, rules) for pair in track(list(permutations(demos, 2)))]
    ids = tuple(demo.demo_id for demo in demos)
    return TaskConsistency(ids, tuple(pairs), find_culprits(ids, pairs))


def find_culprits(demo_ids: Sequence[str], pairs: Sequence[PairAgreement]) -> tuple[str, ...]:
    """The few demonstrations without which no trusted pair disagrees.

    The one with the largest share of disagreeing pairs goes first, until no pair disagrees. They
    are only named where more demonstrations are left than went, these agree with each other, and
    each that went disagrees with most of them.
    """
    left, gone = list(demo_ids), []
    rest = list(pairs)
    while any(pair.trusted and not pair.agrees for pair in rest):
        worst = max((_median(demo_id, rest) for demo_id in left), key=_guilt)
        left.remove(worst.demo_id)
        gone.append(worst.demo_id)
        rest = _among(left, pairs)
    agreeing = {name for pair in rest if pair.trusted for name in (pair.demo_id, pair.other_id)}
    against = [_median(demo_id, _among([*left, demo_id], pairs)) for demo_id in gone]
    clear = all(_guilt(median)[0] > _MOST for median in against)
    return tuple(gone) if clear and len(agreeing) > len(gone) else ()


def _among(demo_ids: Sequence[str], pairs: Sequence[PairAgreement]) -> list[PairAgreement]:
    return [pair for pair in pairs if {pair.demo_id, pair.other_id} <= set(demo_ids)]


def _guilt(median: MedianAgreement) -> tuple[float, float]:
    return median.disagreeing / max(median.pairs, 1), median.position_m


def _median(demo_id: str, pairs: Sequence[PairAgreement]) -> MedianAgreement:
    own = [pair for pair in pairs if pair.trusted and demo_id in (pair.demo_id, pair.other_id)]
    return MedianAgreement(
        demo_id=demo_id,
        pairs=len(own),
        disagreeing=sum(not pair.agrees for pair in own),
        position_m=float(np.median([pair.position_m for pair in own])) if own else 0.0,
        angle_rad=float(np.median([pair.angle_rad for pair in own])) if own else 0.0,
    )


def _compare(
    demo: Demonstration, other: Demonstration, registrar: Registers, rules: ConsistencyRules
) -> PairAgreement:
    try:
        found = registrar.register(demo.views, other.views)
    except GeometryError as error:
        return PairAgreement(demo.demo_id, other.demo_id, False, str(error), 0.0, 0.0, False)
    T_WE = _equivalent_motions(found) @ demo.T_WE_bottleneck.matrix
    T_WE = np.concatenate([T_WE, T_WE @ _HALF_TURN_E])
    between = invert_poses(T_WE) @ other.T_WE_bottleneck.matrix
    positions_m = np.linalg.norm(between[:, :3, 3], axis=1)
    cosines = 0.5 * (np.trace(between[:, :3, :3], axis1=1, axis2=2) - 1.0)
    angles_rad = np.arccos(np.clip(cosines, -1.0, 1.0))
    excess = np.maximum(positions_m / rules.max_position_m, angles_rad / rules.max_angle_rad)
    k = int(excess.argmin())
    return PairAgreement(
        demo_id=demo.demo_id,
        other_id=other.demo_id,
        trusted=found.trusted,
        reason=found.reason,
        position_m=float(positions_m[k]),
        angle_rad=float(angles_rad[k]),
        agrees=bool(excess[k] <= 1.0),
    )


def _equivalent_motions(found: Registration) -> FloatArray:
    """Motions that the object's symmetry makes as good, (K, 4, 4); of a round one, every degree."""
    motions = np.stack([D_W.matrix for D_W in found.equivalent_motions])
    if found.symmetry != "full" or len(motions) < 2:
        return motions
    turn = motions[1] @ np.linalg.inv(motions[0])  # about the vertical through the live axis
    axis = np.linalg.solve(np.eye(2) - turn[:2, :2], turn[:2, 3])
    to_axis = SE3.from_translation((*axis, 0.0))
    turns = [to_axis @ SE3.from_yaw(yaw_rad) @ to_axis.inverse() for yaw_rad in _ROUND_TURNS_RAD]
    turned: FloatArray = np.stack([one.matrix for one in turns]) @ motions[0]
    return turned
