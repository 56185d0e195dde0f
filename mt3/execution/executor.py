"""Do a task: the method, in the paper's order."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mt3.alignment import Registrar
from mt3.control.control import Control
from mt3.demonstration import Demonstration
from mt3.errors import (
    ConfigurationError,
    DeviceError,
    InteractionError,
    Mt3Error,
    PlanningError,
    SafetyViolation,
)
from mt3.execution.grip import Grasp, GripRules, is_grasp
from mt3.execution.interaction import Interaction, TrackingRules
from mt3.execution.interaction_log import InteractionFailure, InteractionLog
from mt3.execution.matching import Match, Matches, Retrieved, require_only_trusted
from mt3.execution.observer import Observation, Observer
from mt3.execution.reference import Reference, transfers
from mt3.execution.trial_record import FailureStage, TrialNotes, TrialRecord, Until
from mt3.execution.trial_stages import (
    ArrivalRecord,
    InteractionRecord,
    ObservationRecord,
    PlanRecord,
    RegistrationRecord,
    RetrievalRecord,
)
from mt3.interfaces import DemoSource, Scene, SelfCheckingScene
from mt3.motion.planner import MotionPlanner, Plan
from mt3.motion.robot_model import RobotModel
from mt3.perception import ObjectView
from mt3.retrieval import DemoIndex
from mt3.safety import Limit, SafetyLimits, Surroundings
from mt3.task import TaskDescription
from mt3.types import require_positive

_log = logging.getLogger(__name__)

_GRIPPER_WAIT_S = 1.5
_OPENING_TOLERANCE = 0.05
_TICK_S = 0.02


@dataclass(frozen=True, slots=True)
class ExecutionRules:
    """When a trial goes on.

    Args:
        max_arrival_error_m: Of the measured tool position from the bottleneck.
        max_arrival_error_rad: Of its rotation.
        max_end_error_m: Of the measured tool position from the end of the reference.
        max_end_error_rad: Of its rotation.
        max_end_opening_error: Of the gripper's fraction at the end from the demonstrated one,
            unless something is held: another instance may be wider or narrower.
        contact_depth_m: How much nearer to the table than in the demonstration the tool may come.
        verified_candidates: So many of the best retrieved demonstrations are registered, and the
            one that most probably fits is done.
        accept_untrusted: Act on a registration that is not trusted; for experiments.
        until: How far a trial goes: ``plan``, ``approach`` or ``end``.

    Raises:
        ConfigurationError: A value that is not a positive number.
    """

    max_arrival_error_m: float = 0.003
    max_arrival_error_rad: float = float(np.deg2rad(1.5))
    max_end_error_m: float = 0.01
    max_end_error_rad: float = float(np.deg2rad(5.0))
    max_end_opening_error: float = 0.1
    contact_depth_m: float = 0.003
    verified_candidates: int = 3
    accept_untrusted: bool = False
    until: Until = Until.END

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if name not in ("accept_untrusted", "until"):
                require_positive(name, getattr(self, name))
        if self.until not in tuple(Until):
            choices = ", ".join(Until)
            raise ConfigurationError(f"until: got {self.until!r}, expected one of {choices}")
        object.__setattr__(self, "until", Until(self.until))
        if not isinstance(self.verified_candidates, int):
            raise ConfigurationError(
                f"verified_candidates: got {self.verified_candidates!r}, expected a whole number "
                "from 1"
            )


@dataclass(slots=True, eq=False)
class TrialEvidence:
    """What a trial saw, as far as it came; several things, where nobody said which is meant."""

    things: tuple[ObjectView, ...] = ()
    live_view: ObjectView | None = None
    demo: Demonstration | None = None


class Executor:
    """Runs trials in one workplace.

    Args:
        scene: The robot in its workplace.
        control: Its guarded arm and control loop; nothing else moves it.
        model: The arm's kinematics and shape.
        limits: What the guarded arm keeps.
        observer: Looks at the workplace.
        source: Where demonstrations come from.
        index: Finds the one to transfer.
        registrar: Estimates how the object moved.
        planner: Plans the way to the bottleneck.
        tracking: How closely the interaction is followed.
        grip: When the gripper has done its part.
        rules: When a trial goes on.
        config: Resolved configuration, for the record.
        software: Version and git revision, for the record.

    Raises:
        ConfigurationError: An untrusted registration would be acted on by a real arm.

    Attributes:
        evidence: What the last trial saw, for pictures.
    """

    def __init__(
        self,
        scene: Scene,
        control: Control,
        model: RobotModel,
        limits: SafetyLimits,
        observer: Observer,
        source: DemoSource,
        index: DemoIndex,
        registrar: Registrar,
        planner: MotionPlanner,
        tracking: TrackingRules,
        grip: GripRules,
        rules: ExecutionRules,
        config: Mapping[str, Any],
        software: Mapping[str, str],
    ) -> None:
        if rules.accept_untrusted and scene.backend == "real":
            raise ConfigurationError(
                "accept_untrusted: got true on a real arm, expected false; it is for simulation"
            )
        self._scene, self._control, self._arm = scene, control, control.arm
        self._model, self._limits = model, limits
        self._observer, self._source, self._index = observer, source, index
        self._registrar, self._planner = registrar, planner
        self._tracking, self._grip, self._rules = tracking, grip, rules
        self._config, self._software = config, software
        self.evidence = TrialEvidence()
        self._earlier: Counter[str] = Counter()

    def run(self, task: TaskDescription) -> TrialRecord:
        """Do a task, and say what happened.

        Arm and fingers are at rest afterwards, whatever happened, and keep what they hold. Ctrl-C
        stops them and ends the trial as interrupted.

        Raises:
            NoMatchError: No demonstration fits the words; nothing has moved.
        """
        self._index.narrow(task)
        self.evidence = TrialEvidence()
        self._earlier = Counter(self._arm.interventions)
        notes = self._notes(task)
        try:
            try:
                self._do(task, notes)
            finally:
                self._rest(notes)
        except KeyboardInterrupt:
            self._rest(notes)  # once more: it may have come while they were being stopped
            return notes.interrupted()
        except Mt3Error as error:
            return notes.failed(str(error), _reason_code(error))
        return notes.reached(self._rules.until)

    def interrupted(self, task: TaskDescription) -> TrialRecord:
        """The record of a trial that somebody ended before ``run`` began or could give one."""
        return self._notes(task).interrupted()

    def _do(self, task: TaskDescription, notes: TrialNotes) -> None:
        """The stages, each an error if it fails."""
        with notes.during(FailureStage.OBSERVE):
            things = self._observe(task, notes)
        with notes.during(FailureStage.RETRIEVE):
            retrieved = self._retrieve(task, things, notes)
        with notes.during(FailureStage.OBSERVE):
            repeatable = self._of_this_robot(retrieved)
        with notes.during(FailureStage.ALIGN):
            match = self._align(task, repeatable, notes)
        with notes.during(FailureStage.PLAN):
            references = transfers(match.demo, match.registration.equivalent_motions)
            around = self._surroundings(match.seen)
            plan, reference = self._plan(references, match, around, notes)
        if self._rules.until is Until.PLAN:
            return
        with notes.during(FailureStage.APPROACH):
            self._arm.set_surroundings(around)
            self._approach(plan, reference)
        with notes.during(FailureStage.ARRIVE):
            self._prove_arrival(reference, notes)
        if self._rules.until is Until.APPROACH:
            return
        with notes.during(FailureStage.INTERACT):
            allowance_m = self._contact_allowance_m(match.demo, reference)
            self._arm.set_surroundings(around.in_contact(allowance_m))
            log = self._interact(reference, notes)
        with notes.during(FailureStage.VERIFY):
            self._verify(reference, log)

    def _notes(self, task: TaskDescription) -> TrialNotes:
        """The notes of a trial that begins."""
        scene = self._scene
        return TrialNotes(
            task=task,
            robot=scene.robot,
            backend=scene.backend,
            config=self._config,
            software=self._software,
            warnings=scene.warnings if isinstance(scene, SelfCheckingScene) else (),
        )

    def _rest(self, notes: TrialNotes) -> None:
        """Stop arm and fingers, as far as they can still be told to; hides no error on its way."""
        for name, stop in (("arm", self._arm.stop), ("gripper", self._scene.gripper.stop)):
            try:
                stop()
            except Exception:  # whatever a driver raises
                _log.exception("the %s did not stop", name)
        try:
            notes.interventions = self._interventions()
            self._arm.set_surroundings(None)
        except DeviceError:
            _log.exception("the safety gate does not answer")

    def _interventions(self) -> Counter[str]:
        """Commands of this trial that the safety gate changed, by limit."""
        return Counter(self._arm.interventions) - self._earlier

    def _observe(self, task: TaskDescription, notes: TrialNotes) -> tuple[Observation, ...]:
        things = self._observer.observe(task.target_object)
        self.evidence.things = tuple(seen.view for seen in things)
        if len(things) == 1:
            self._note_view(things[0], notes)
        return things

    def _note_view(self, seen: Observation, notes: TrialNotes) -> None:
        self.evidence.live_view = seen.view
        notes.observation = ObservationRecord.from_view(seen.view, self._observer.segmenter_name)

    def _retrieve(
        self, task: TaskDescription, things: Sequence[Observation], notes: TrialNotes
    ) -> list[Retrieved]:
        """For each thing the best demonstrations by words and shape, the best first."""
        retrieved = []
        for seen in things:
            ranking = self._index.query(task, seen.view)
            best = ranking.candidates[: self._rules.verified_candidates]
            if len(things) == 1:
                notes.retrieval = RetrievalRecord.from_ranking(ranking)
            demos = tuple(self._source.load(candidate.summary.demo_id) for candidate in best)
            retrieved.append(Retrieved(seen, ranking, demos))
        self.evidence.demo = retrieved[0].demos[0] if len(things) == 1 else None
        return retrieved

    def _of_this_robot(self, retrieved: Sequence[Retrieved]) -> list[Retrieved]:
        """Only what this robot, as it is, can repeat; an error if that leaves nothing."""
        errors: dict[str, ConfigurationError] = {}
        for demo in {demo.demo_id: demo for one in retrieved for demo in one.demos}.values():
            try:
                self._observer.require_matches(demo)
            except ConfigurationError as error:
                _log.warning("demonstration skipped: %s", error)
                errors[demo.demo_id] = error
        repeatable = [
            replace(one, demos=tuple(demo for demo in one.demos if demo.demo_id not in errors))
            for one in retrieved
        ]
        if not any(one.demos for one in repeatable):
            raise next(iter(errors.values()))
        return repeatable

    def _align(
        self, task: TaskDescription, retrieved: Sequence[Retrieved], notes: TrialNotes
    ) -> Match:
        """The demonstration that most probably fits; of several things, the only trusted one."""
        matches = Matches.of(retrieved, self._registrar)
        best = matches.best
        self.evidence.demo = best.demo
        self._note_view(best.seen, notes)
        notes.clusters = matches.records(retrieved)
        notes.retrieval = best.retrieval
        notes.registration = RegistrationRecord.from_registration(best.registration)
        require_only_trusted(notes.clusters, task.target_object)
        if not self._rules.accept_untrusted:
            best.registration.require()
        return best

    def _surroundings(self, seen: Observation) -> Surroundings:
        """What the planner avoids, and the safety gate after it."""
        return Surroundings(self._observer.obstacles(seen), seen.held_p_E)

    def _plan(
        self,
        references: Sequence[Reference],
        match: Match,
        around: Surroundings,
        notes: TrialNotes,
    ) -> tuple[Plan, Reference]:
        """The way to the nearest bottleneck, and its interaction slowed to the limits."""
        poses = [reference.T_WE for reference in references]
        plan = self._planner.plan(match.seen.joints, poses, around.obstacles, around.held_p_E)
        reference = references[plan.choice]
        slowdown = reference.slowdown_for(self._model, self._limits, plan.reference_joints)
        allowance_m = self._contact_allowance_m(match.demo, reference)
        notes.plan = PlanRecord.from_plan(plan, len(references), slowdown, allowance_m)
        return plan, reference.slowed(slowdown)

    def _contact_allowance_m(self, demo: Demonstration, reference: Reference) -> float:
        """Height over the table down to which the tool may go.

        A little below what was demonstrated; as a smaller object may need, also further down to
        where the demonstration comes here, but then not into the table's margin.
        """
        limits = self._limits
        shown_m, here_m = (
            float(T_WE[:, 2, 3].min()) - limits.table_height_m - self._rules.contact_depth_m
            for T_WE in (demo.T_WE[demo.bottleneck_index :], reference.T_WE)
        )
        return min(shown_m, max(here_m, limits.table_clearance_m))

    def _approach(self, plan: Plan, reference: Reference) -> None:
        """Go to the bottleneck, with the fingers as they were there in the demonstration."""
        gripper, command = self._scene.gripper, float(reference.command[0])
        opening = reference.opening_at(0)
        held = is_grasp(command, opening)
        if not held:
            gripper.command(command)
        self._arm.follow(plan.trajectory)
        if opening is not None and not held:
            self._await_opening(opening)

    def _await_opening(self, opening: float) -> None:
        gripper, clock = self._scene.gripper, self._scene.clock
        deadline_s = clock.now_s() + _GRIPPER_WAIT_S
        while abs(gripper.state().opening - opening) > _OPENING_TOLERANCE:
            if clock.now_s() > deadline_s:
                raise DeviceError(
                    f"gripper: got an opening of {gripper.state().opening:.2f}, expected "
                    f"{opening:.2f} at the bottleneck"
                )
            clock.sleep_until(clock.now_s() + _TICK_S)

    def _prove_arrival(self, reference: Reference, notes: TrialNotes) -> None:
        """The measured bottleneck is the planned one."""
        measured = self._scene.T_WB @ self._arm.state().T_BE
        planned = reference.T_WE_bottleneck
        arrival = notes.arrival = ArrivalRecord.from_poses(planned, measured)
        rules = self._rules
        if not measured.is_close(planned, rules.max_arrival_error_m, rules.max_arrival_error_rad):
            raise DeviceError(
                f"arrival: got {arrival.error_m * 1e3:.1f} mm and "
                f"{np.rad2deg(arrival.error_rad):.2f} deg from the bottleneck, expected at most "
                f"{rules.max_arrival_error_m * 1e3:.1f} mm and "
                f"{np.rad2deg(rules.max_arrival_error_rad):.2f} deg"
            )

    def _interact(self, reference: Reference, notes: TrialNotes) -> InteractionLog:
        log = self._control.run(Interaction(reference, self._tracking, self._grip))
        notes.interaction = InteractionRecord.from_log(log)
        if log.failure is InteractionFailure.INTERRUPTED:
            raise KeyboardInterrupt
        if log.failure is not None:
            raise InteractionError(log.reason, log.limit or log.failure)
        return log

    def _verify(self, reference: Reference, log: InteractionLog) -> None:
        """What the robot itself can sense of the end: where the tool is, and what it holds."""
        rules = self._rules
        distance_m, angle_rad = log.final_error
        if distance_m > rules.max_end_error_m or angle_rad > rules.max_end_error_rad:
            raise DeviceError(
                f"end: got {distance_m * 1e3:.1f} mm and {np.rad2deg(angle_rad):.1f} deg from the "
                f"end of the reference, expected at most {rules.max_end_error_m * 1e3:.0f} mm and "
                f"{np.rad2deg(rules.max_end_error_rad):.0f} deg"
            )
        if gaps := self._interventions()[Limit.COMMAND_GAP]:
            raise DeviceError(
                f"commands: got {gaps} pauses in which the arm was stopped, expected none"
            )
        demonstrated = reference.opening_at(-1)
        if demonstrated is not None:
            self._verify_opening(float(reference.command[-1]), demonstrated)

    def _verify_opening(self, command: float, demonstrated: float) -> None:
        opening = self._scene.gripper.state().opening
        if is_grasp(command, demonstrated):  # another instance may be wider or narrower
            as_demonstrated = not Grasp(command, opening, self._grip).missed
        else:
            as_demonstrated = abs(opening - demonstrated) <= self._rules.max_end_opening_error
        if not as_demonstrated:
            raise DeviceError(
                f"end: got an opening of {opening:.2f}, expected {demonstrated:.2f} as demonstrated"
            )


def _reason_code(error: Mt3Error) -> str:
    """The reason for programs, where an error has one."""
    if isinstance(error, PlanningError | InteractionError):
        return error.reason
    return error.limit if isinstance(error, SafetyViolation) else ""
