"""What each stage of a trial leaves in its record: plain values under spelled-out names.

Single poses are (4, 4) nested tuples. Paths of the tool in W are rows of x, y, z (metres) and a
quaternion with the scalar last, at most ``MAX_POSES`` of them, evenly thinned.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self, TypeAlias

import numpy as np
from scipy.spatial.transform import Rotation

from mt3.alignment.registration import Registration
from mt3.control.ticker import Punctuality
from mt3.demonstration import Demonstration
from mt3.execution.interaction_log import InteractionLog
from mt3.geometry import SE3
from mt3.motion.planner import Plan
from mt3.perception import ObjectView
from mt3.retrieval import Ranking
from mt3.types import FloatArray, IntArray

MAX_POSES = 200

Row: TypeAlias = tuple[float, ...]
Rows: TypeAlias = tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class ObservationRecord:
    """The live image, and whose mask was believed."""

    camera: str
    segmenter: str
    mask_pixels: int
    T_world_camera: Rows

    @classmethod
    def from_view(cls, view: ObjectView, segmenter: str) -> Self:
        """Record of a view and the name of what segmented it."""
        T_WC = _rows(view.rgbd.T_WC.matrix)
        return cls(view.rgbd.camera, segmenter, int(view.mask.sum()), T_WC)


@dataclass(frozen=True, slots=True)
class CandidateRecord:
    """One demonstration that fitted the words, with all its scores."""

    demo_id: str
    content_hash: str
    task: str
    language: float
    geometry: float
    score: float


@dataclass(frozen=True, slots=True)
class VerifiedRecord:
    """How well a retrieved demonstration fitted when it was registered."""

    demo_id: str
    probability: float
    score: float
    trusted: bool

    @classmethod
    def of(cls, demo: Demonstration, registration: Registration) -> Self:
        """Record of a demonstration's registration."""
        return cls(
            demo.demo_id,
            float(registration.probability),
            float(registration.score),
            bool(registration.trusted),
        )


@dataclass(frozen=True, slots=True)
class RetrievalRecord:
    """The demonstration that was chosen, and what it was chosen from.

    Args:
        demo_id, content_hash: The one that is done; the best by words and shape, until those that
            were registered say otherwise.
        candidates: What fitted the words, best first.
        skipped: What could not be read: id and reason.
        verified: Those of the candidates that were registered.
    """

    demo_id: str
    content_hash: str
    candidates: tuple[CandidateRecord, ...]
    skipped: tuple[tuple[str, str], ...]
    verified: tuple[VerifiedRecord, ...] = ()

    @classmethod
    def from_ranking(cls, ranking: Ranking) -> Self:
        """Record of a ranking whose best candidate is used."""
        best = ranking.best.summary
        candidates = tuple(
            CandidateRecord(
                demo_id=found.summary.demo_id,
                content_hash=found.summary.content_hash,
                task=found.summary.task.text,
                language=float(found.language),
                geometry=float(found.geometry),
                score=float(found.score),
            )
            for found in ranking.candidates
        )
        return cls(best.demo_id, best.content_hash, candidates, ranking.skipped)

    def settled_on(self, demo: Demonstration, verified: Sequence[VerifiedRecord]) -> Self:
        """The same after some candidates were registered and one of them was chosen."""
        return replace(
            self,
            demo_id=demo.demo_id,
            content_hash=demo.content_hash,
            verified=tuple(verified),
        )


@dataclass(frozen=True, slots=True)
class ClusterRecord:
    """What one of several things in view scored, when nobody had said which is meant.

    Args:
        number: As in the picture, from 1.
        pixel: (u, v), well inside it: a click there means it.
        mask_pixels: How large it is in the image.
        demo_id: The demonstration that fits it best; empty if none could be registered.
        probability: Of that registration being right, 0 if none could be.
        trusted: Whether it may be acted on.
        reason: Why not, if not.
    """

    number: int
    pixel: tuple[int, int]
    mask_pixels: int
    demo_id: str
    probability: float
    trusted: bool
    reason: str

    @classmethod
    def registered(
        cls, number: int, view: ObjectView, demo: Demonstration, registration: Registration
    ) -> Self:
        """Record of a thing and the registration that fits it best."""
        return cls(
            number,
            view.middle,
            int(view.mask.sum()),
            demo.demo_id,
            float(registration.probability),
            bool(registration.trusted),
            registration.reason,
        )

    @classmethod
    def unregistered(cls, number: int, view: ObjectView, reason: str) -> Self:
        """Record of a thing that could not be registered."""
        return cls(number, view.middle, int(view.mask.sum()), "", 0.0, False, reason)


@dataclass(frozen=True, slots=True)
class ModeRecord:
    """One local best yaw."""

    D_world: Rows
    yaw_rad: float
    score: float


@dataclass(frozen=True, slots=True)
class RegistrationRecord:
    """A registration with every field of trust."""

    D_world: Rows
    converged: bool
    trusted: bool
    reason: str
    probability: float
    overlap: float
    rmse_m: float
    violation_m: float
    score: float
    points: int
    margin: float
    symmetry: str
    modes: tuple[ModeRecord, ...]
    equivalent_motions: tuple[Rows, ...]
    yaw_curve: Rows

    @classmethod
    def from_registration(cls, registration: Registration) -> Self:
        """Record of a registration."""
        return cls(
            D_world=_rows(registration.D_W.matrix),
            converged=bool(registration.converged),
            trusted=bool(registration.trusted),
            reason=registration.reason,
            probability=float(registration.probability),
            overlap=float(registration.overlap),
            rmse_m=float(registration.rmse_m),
            violation_m=float(registration.violation_m),
            score=float(registration.score),
            points=int(registration.points),
            margin=float(registration.margin),
            symmetry=registration.symmetry,
            modes=tuple(
                ModeRecord(_rows(mode.D_W.matrix), float(mode.yaw_rad), float(mode.score))
                for mode in registration.modes
            ),
            equivalent_motions=tuple(_rows(D.matrix) for D in registration.equivalent_motions),
            yaw_curve=_rows(registration.yaw_curve),
        )


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """The way to the bottleneck, and how much slower than demonstrated the rest is followed.

    ``contact_allowance_m`` is the height over the table down to which the tool may go then.
    """

    choice: int
    choices: int
    duration_s: float
    slowdown: float
    contact_allowance_m: float
    joints_at_bottleneck_rad: Row
    path: Rows

    @classmethod
    def from_plan(
        cls, plan: Plan, choices: int, slowdown: float, contact_allowance_m: float
    ) -> Self:
        """Record of a plan chosen among equivalent references."""
        return cls(
            choice=int(plan.choice),
            choices=choices,
            duration_s=float(plan.trajectory.t_s[-1]),
            slowdown=float(slowdown),
            contact_allowance_m=contact_allowance_m,
            joints_at_bottleneck_rad=_row(plan.q_bottleneck),
            path=_path(plan.T_WE_path[_thinned(len(plan.T_WE_path))]),
        )


@dataclass(frozen=True, slots=True)
class ArrivalRecord:
    """Where the tool was to be before the interaction, and where it was."""

    T_world_tool_planned: Rows
    T_world_tool_measured: Rows
    error_m: float
    error_rad: float

    @classmethod
    def from_poses(cls, T_WE_planned: SE3, T_WE_measured: SE3) -> Self:
        """Record of planned and measured bottleneck."""
        return cls(
            _rows(T_WE_planned.matrix),
            _rows(T_WE_measured.matrix),
            T_WE_measured.translation_to_m(T_WE_planned),
            T_WE_measured.angle_to_rad(T_WE_planned),
        )


@dataclass(frozen=True, slots=True)
class InteractionRecord:
    """How the reference was followed, thinned to rows of one time each.

    ``punctuality`` says how well the control loop kept its times. ``progress_s`` and ``sample``
    say where in the reference it ended, or was stopped.
    """

    failure: str | None
    reason: str
    limit: str
    punctuality: Punctuality
    progress_s: float
    sample: int
    duration_s: float
    ticks: int
    final_error_m: float
    final_error_rad: float
    max_error_m: float
    holds: tuple[dict[str, Any], ...]
    t_s: Row
    opening: Row
    path_planned: Rows
    path_measured: Rows

    @classmethod
    def from_log(cls, log: InteractionLog) -> Self:
        """Record of a log."""
        final_error_m, final_error_rad = log.final_error
        kept = _thinned(len(log.t_s))
        return cls(
            failure=None if log.failure is None else log.failure.value,
            reason=log.reason,
            limit=log.limit,
            punctuality=log.punctuality,
            progress_s=log.progress_s,
            sample=log.sample,
            duration_s=float(log.t_s[-1]) if len(log.t_s) else 0.0,
            ticks=len(log.t_s),
            final_error_m=final_error_m,
            final_error_rad=final_error_rad,
            max_error_m=log.max_error_m,
            holds=tuple(asdict(hold) for hold in log.holds),
            t_s=_row(log.t_s[kept]),
            opening=_row(log.opening[kept]),
            path_planned=_path(log.T_WE_reference[kept]),
            path_measured=_path(log.T_WE_measured[kept]),
        )


def _row(values: FloatArray) -> Row:
    return tuple(float(value) for value in values)


def _rows(matrix: FloatArray) -> Rows:
    return tuple(_row(row) for row in matrix)


def _path(T_WE: FloatArray) -> Rows:
    if not len(T_WE):
        return ()
    quat_xyzw = Rotation.from_matrix(T_WE[:, :3, :3]).as_quat(canonical=True)
    return _rows(np.concatenate([T_WE[:, :3, 3], quat_xyzw], axis=1))


def _thinned(count: int) -> IntArray:
    """Indices of at most ``MAX_POSES`` samples, the first and the last among them."""
    return np.unique(np.linspace(0, max(count - 1, 0), min(count, MAX_POSES)).round()).astype(
        np.intp
    )
