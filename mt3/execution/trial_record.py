"""Everything worth knowing about one trial, as one JSON document."""

import json
import math
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from mt3.execution.trial_stages import (
    ArrivalRecord,
    ClusterRecord,
    InteractionRecord,
    ObservationRecord,
    PlanRecord,
    RegistrationRecord,
    RetrievalRecord,
)
from mt3.task import TaskDescription

SCHEMA_VERSION = 1
RECORD_NAME = "trial.json"

Outcome = Literal["completed", "planned", "approached", "failed", "interrupted"]


class Until(StrEnum):
    """How far a trial goes: a plan to look at, to the bottleneck, or to its end."""

    PLAN = "plan"
    APPROACH = "approach"
    END = "end"


_REACHED: Mapping[Until, Outcome] = {
    Until.PLAN: "planned",
    Until.APPROACH: "approached",
    Until.END: "completed",
}


class FailureStage(StrEnum):
    """The stages of a trial, in order; a failed trial names the one it ended in."""

    OBSERVE = "OBSERVE"
    RETRIEVE = "RETRIEVE"
    ALIGN = "ALIGN"
    PLAN = "PLAN"
    APPROACH = "APPROACH"
    ARRIVE = "ARRIVE"
    INTERACT = "INTERACT"
    VERIFY = "VERIFY"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRecord:
    """One trial; a stage that did not run is None.

    Two trials with one seed have the same record apart from ``timings_s``.

    Args:
        task: What was asked for.
        robot: Name of the arm.
        backend: ``sim`` or ``real``.
        observation: The live image.
        clusters: What each thing in view scored, where nobody had said which is meant.
        retrieval: The demonstration, and what it was chosen from.
        registration: ``D_W`` with every field of trust.
        plan: The way to the bottleneck.
        arrival: Planned and measured bottleneck.
        interaction: Planned and measured paths of the tool.
        interventions: Commands that the safety gate changed, by limit.
        warnings: What the scene warned of as it was connected.
        outcome: How the trial ended; ``planned`` or ``approached`` where it was to go no further.
        failure_stage: Stage in which it failed or was interrupted.
        reason: Why, in words; empty for a completed trial.
        reason_code: Why, for programs, such as ``joint_limit`` or ``grasp_lost``; may be empty.
        success: Whether the task was done; None where nobody judged.
        judge: Who judged, or an empty text.
        config: Resolved configuration.
        software: Version and git revision.
        timings_s: Wall time of each stage that ran.
    """

    task: TaskDescription
    robot: str
    backend: str
    observation: ObservationRecord | None
    clusters: tuple[ClusterRecord, ...]
    retrieval: RetrievalRecord | None
    registration: RegistrationRecord | None
    plan: PlanRecord | None
    arrival: ArrivalRecord | None
    interaction: InteractionRecord | None
    interventions: Mapping[str, int]
    warnings: tuple[str, ...]
    outcome: Outcome
    failure_stage: FailureStage | None
    reason: str
    reason_code: str
    success: bool | None
    judge: str
    config: Mapping[str, Any]
    software: Mapping[str, str]
    timings_s: Mapping[str, float]

    def judged(self, success: bool | None, judge: str) -> "TrialRecord":
        """The same with a verdict on whether the task was done."""
        return replace(self, success=success, judge=judge)

    def interrupted(self) -> "TrialRecord":
        """The same, ended by somebody afterwards; a stage that had failed stays named."""
        stage = self.failure_stage or FailureStage.VERIFY
        reason = self.reason or "interrupted"
        return replace(self, outcome="interrupted", failure_stage=stage, reason=reason)

    def as_dict(self) -> dict[str, Any]:
        """Dicts, lists and plain values only; a number that is not finite is None."""
        document: dict[str, Any] = _plain({"schema_version": SCHEMA_VERSION, **asdict(self)})
        return document

    def without_times(self) -> dict[str, Any]:
        """What is the same whenever the trial is repeated."""
        document = self.as_dict()
        del document["timings_s"]
        return document

    def to_json(self) -> str:
        """The document as text."""
        return json.dumps(self.as_dict(), indent=1, allow_nan=False) + "\n"

    def save(self, folder: Path) -> Path:
        """Write ``trial.json`` into a folder, made if missing, as a whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / RECORD_NAME
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        with partial.open("w", encoding="utf-8") as file:
            file.write(self.to_json())
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        return path


@dataclass(slots=True, kw_only=True)
class TrialNotes:
    """What is known of a trial that is under way; becomes a ``TrialRecord`` at its end.

    The stages' records are set as they become known; ``during`` keeps the time.
    """

    task: TaskDescription
    robot: str
    backend: str
    config: Mapping[str, Any]
    software: Mapping[str, str]
    stage: FailureStage = FailureStage.OBSERVE
    observation: ObservationRecord | None = None
    clusters: tuple[ClusterRecord, ...] = ()
    retrieval: RetrievalRecord | None = None
    registration: RegistrationRecord | None = None
    plan: PlanRecord | None = None
    arrival: ArrivalRecord | None = None
    interaction: InteractionRecord | None = None
    interventions: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    timings_s: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def during(self, stage: FailureStage) -> Iterator[None]:
        """A stage: where the trial stands if the block is left by an error, and how long it took.

        A stage may be entered more than once; its times add up.
        """
        self.stage = stage
        start_s = time.perf_counter()
        try:
            yield
        finally:
            spent_s = time.perf_counter() - start_s
            self.timings_s[stage] = self.timings_s.get(stage, 0.0) + spent_s

    def reached(self, until: Until) -> TrialRecord:
        """The record of a trial that went as far as it was to."""
        return self._record(_REACHED[until], None, "", "")

    def failed(self, reason: str, reason_code: str = "") -> TrialRecord:
        """The record of a trial that ended in the present stage."""
        return self._record("failed", self.stage, reason, reason_code)

    def interrupted(self) -> TrialRecord:
        """The record of a trial that somebody ended in the present stage."""
        return self._record("interrupted", self.stage, "interrupted", "")

    def _record(
        self, outcome: Outcome, stage: FailureStage | None, reason: str, reason_code: str
    ) -> TrialRecord:
        return TrialRecord(
            task=self.task,
            robot=self.robot,
            backend=self.backend,
            observation=self.observation,
            clusters=self.clusters,
            retrieval=self.retrieval,
            registration=self.registration,
            plan=self.plan,
            arrival=self.arrival,
            interaction=self.interaction,
            interventions=dict(self.interventions),
            warnings=self.warnings,
            outcome=outcome,
            failure_stage=stage,
            reason=reason,
            reason_code=reason_code,
            success=None,
            judge="",
            config=dict(self.config),
            software=dict(self.software),
            timings_s=dict(self.timings_s),
        )


def _plain(value: Any) -> Any:  # noqa: ANN401  # a tree of whatever a record may hold
    """A tree of values as JSON has them."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
