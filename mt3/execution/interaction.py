"""The control loop: follows a reference with arm and gripper, and knows nothing else."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from mt3.control.ticker import Ticker
from mt3.errors import (
    ConfigurationError,
    DeviceError,
    Mt3Error,
    OperatorLostError,
    OperatorStopError,
    SafetyViolation,
)
from mt3.execution.grip import Grasp, GripRules, GripWait, is_grasp
from mt3.execution.interaction_log import GripperHold, InteractionFailure, InteractionLog
from mt3.execution.reference import Reference
from mt3.geometry import SE3, invert_poses, log_se3
from mt3.interfaces import Arm, Clock, Gripper
from mt3.types import FloatArray, require_positive

_log = logging.getLogger(__name__)

_ROUNDING_S = 1e-6
_LATE_PERIODS = 2.0  # a late tick lets the reference advance by no more than this


@dataclass(frozen=True, slots=True)
class TrackingRules:
    """How closely a reference is followed.

    Args:
        rate_hz: Ticks a second.
        feedback_hz: Share of a pose error that is taken out a second; 0 replays the twists blindly.
        max_error_m: A larger distance from the reference stops the interaction.
        max_error_rad: A larger angle does too.

    Raises:
        ConfigurationError: A value that is not positive, or a feedback that is negative or too fast
            for the rate.
    """

    rate_hz: float = 60.0
    feedback_hz: float = 5.0
    max_error_m: float = 0.03
    max_error_rad: float = 0.26

    def __post_init__(self) -> None:
        for name in ("rate_hz", "max_error_m", "max_error_rad"):
            require_positive(name, getattr(self, name))
        if not 0.0 <= self.feedback_hz <= 0.5 * self.rate_hz:
            raise ConfigurationError(
                f"feedback_hz: got {self.feedback_hz}, expected 0 to half of rate_hz "
                f"({self.rate_hz})"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Interaction:
    """A reference and the rules by which it is followed: plain values, for any process.

    Args:
        reference: What to do.
        tracking: How closely to follow it.
        grip: When the gripper has done its part.
    """

    reference: Reference
    tracking: TrackingRules = field(default_factory=TrackingRules)
    grip: GripRules = field(default_factory=GripRules)

    def run(self, arm: Arm, gripper: Gripper, clock: Clock, T_WB: SE3) -> InteractionLog:
        """Follow the reference to its end, or until something stops it; the arm rests afterwards.

        The demonstrated twist is feed-forward, the measured pose error feedback. At a gripper
        event the reference waits until the fingers have settled. Whatever stops it is in the log,
        Ctrl-C too: what was seen until then must not be lost with it.

        Args:
            arm: Behind the safety gate, at the reference's first pose.
            gripper: At its flange, at the reference's first command.
            clock: The clock of both.
            T_WB: Pose of the arm's base in W.

        Returns:
            Every tick, and how it ended. After ``INTERRUPTED`` the caller ends too. None of our
            errors is raised.
        """
        loop = _Loop(self, arm, gripper, clock, T_WB)
        try:
            with _at_rest_afterwards(arm):
                loop.follow()
        except _StoppedError as stop:
            return loop.log(stop.failure, str(stop))
        except SafetyViolation as violation:
            return loop.log(InteractionFailure.SAFETY, str(violation), violation.limit)
        except OperatorStopError as stop:
            return loop.log(InteractionFailure.OPERATOR_STOP, str(stop))
        except OperatorLostError as lost:
            return loop.log(InteractionFailure.OPERATOR_LOST, str(lost))
        except Mt3Error as error:
            return loop.log(InteractionFailure.DEVICE, str(error))
        except KeyboardInterrupt:
            return loop.log(InteractionFailure.INTERRUPTED, "interrupted")
        return loop.log(None, "")


class _StoppedError(Exception):
    """The interaction cannot go on."""

    def __init__(self, failure: InteractionFailure, reason: str) -> None:
        super().__init__(reason)
        self.failure = failure


@contextmanager
def _at_rest_afterwards(arm: Arm) -> Iterator[None]:
    """Stops the arm on the way out, never hiding the error that is already on its way."""
    try:
        yield
    except BaseException:
        try:
            arm.stop()
        except DeviceError:
            _log.exception("the arm did not stop")
        raise
    arm.stop()


class _Loop:
    """One run: where the reference stands, what the fingers do, and what was seen."""

    def __init__(
        self, interaction: Interaction, arm: Arm, gripper: Gripper, clock: Clock, T_WB: SE3
    ) -> None:
        self._reference = interaction.reference
        self._tracking, self._grip = interaction.tracking, interaction.grip
        self._arm, self._gripper, self._clock, self._T_WB = arm, gripper, clock, T_WB
        self._period_s = 1.0 / self._tracking.rate_hz
        self._ticker = Ticker(clock, self._tracking.rate_hz)
        self._events = list(self._reference.events)
        self._progress_s = 0.0
        self._wait: GripWait | None = None
        self._grasp: Grasp | None = None
        self._holds: list[GripperHold] = []
        self._ticks: list[tuple[float, FloatArray, FloatArray, float]] = []

    def follow(self) -> None:
        """Tick by tick, on a grid of deadlines, to the end of the reference."""
        start_s = last_s = self._clock.now_s()
        self._take_up_grasp()
        while not self._tick(last_s - start_s):
            now_s = self._ticker.wait()
            if self._wait is None:
                self._progress_s += min(now_s - last_s, _LATE_PERIODS * self._period_s)
            last_s = now_s

    def log(
        self, failure: InteractionFailure | None, reason: str, limit: str = ""
    ) -> InteractionLog:
        """What was seen so far."""
        n = len(self._ticks)
        t_s, T_reference, T_measured, opening = zip(*self._ticks, strict=True) if n else [()] * 4
        return InteractionLog(
            t_s=np.array(t_s),
            T_WE_reference=np.array(T_reference).reshape(n, 4, 4),
            T_WE_measured=np.array(T_measured).reshape(n, 4, 4),
            opening=np.array(opening),
            holds=tuple(self._holds),
            failure=failure,
            reason=reason,
            limit=limit,
            punctuality=self._ticker.punctuality(),
            progress_s=self._progress_s,
            sample=self._reference.sample_at(self._progress_s),
        )

    def _take_up_grasp(self) -> None:
        """Watch what the demonstration held from the start on."""
        command = self._reference.command[0]
        if is_grasp(command, self._reference.opening_at(0)):
            self._hold(float(command), self._gripper.state().opening)

    def _tick(self, t_s: float) -> bool:
        """Measure, judge and command; whether the end of the reference was reached."""
        opening = self._gripper.state().opening
        self._mind_gripper(t_s, opening)
        T_WE = self._T_WB.matrix @ self._arm.state().T_BE.matrix
        T_reference = self._reference.pose_at(self._progress_s)
        self._ticks.append((t_s, T_reference, T_WE, opening))
        error = log_se3(invert_poses(T_WE) @ T_reference)
        self._check_tracking(error)
        ended = self._wait is None and self._progress_s >= self._reference.duration_s - _ROUNDING_S
        if not ended:
            self._arm.command_twist(
                self._forward(T_WE, T_reference) + self._tracking.feedback_hz * error
            )
        return ended

    def _forward(self, T_WE: FloatArray, T_reference: FloatArray) -> FloatArray:
        """Twist of the reference over the coming tick, (6,), in the measured E."""
        if self._wait is not None:
            return np.zeros(6)
        V = self._reference.twist_at(self._progress_s + 0.5 * self._period_s).reshape(2, 3)
        return (V @ (T_WE[:3, :3].T @ T_reference[:3, :3]).T).ravel()

    def _check_tracking(self, error: FloatArray) -> None:
        distance_m, angle_rad = np.linalg.norm(error.reshape(2, 3), axis=1)
        rules = self._tracking
        if distance_m > rules.max_error_m or angle_rad > rules.max_error_rad:
            raise _StoppedError(
                InteractionFailure.TRACKING,
                f"tool: got {distance_m * 1e3:.1f} mm and {np.rad2deg(angle_rad):.1f} deg from the "
                f"reference at {self._progress_s:.2f} s, expected at most "
                f"{rules.max_error_m * 1e3:.0f} mm and {np.rad2deg(rules.max_error_rad):.0f} deg",
            )

    def _mind_gripper(self, t_s: float, opening: float) -> None:
        """Begin and end waits at gripper events, and watch what is held."""
        if self._wait is None and self._event_due():
            self._begin_wait(t_s, opening)
        elif self._wait is not None and self._wait.settled(t_s, opening):
            self._end_wait(self._wait, t_s, opening)
        elif self._wait is not None and self._wait.timed_out(t_s):
            raise _StoppedError(
                InteractionFailure.GRIPPER_TIMEOUT,
                f"gripper: got an opening of {opening:.2f} and still moving after "
                f"{self._grip.timeout_s} s, expected {self._wait.expectation}",
            )
        if self._grasp is not None and self._grasp.lost(opening, self._demonstrated_opening()):
            raise _StoppedError(
                InteractionFailure.GRASP_LOST,
                f"gripper: got an opening of {opening:.2f}, expected {self._grasp.opening:.2f} "
                "as when the object was taken",
            )

    def _demonstrated_opening(self) -> float | None:
        return self._reference.opening_at(self._reference.sample_at(self._progress_s))

    def _event_due(self) -> bool:
        return bool(
            self._events
            and self._progress_s >= self._reference.t_s[self._events[0].index] - _ROUNDING_S
        )

    def _begin_wait(self, t_s: float, opening: float) -> None:
        event = self._events.pop(0)
        self._progress_s = float(self._reference.t_s[event.index])
        self._grasp = None
        self._gripper.command(event.command)
        self._wait = GripWait(event, t_s, opening, self._grip)

    def _end_wait(self, wait: GripWait, t_s: float, opening: float) -> None:
        event = wait.event
        self._wait = None
        self._holds.append(
            GripperHold(event.index, event.command, event.opening, opening, t_s - wait.start_s)
        )
        if wait.grasps:
            self._hold(event.command, opening)

    def _hold(self, command: float, opening: float) -> None:
        self._grasp = Grasp(command, opening, self._grip)
        if self._grasp.missed:
            raise _StoppedError(
                InteractionFailure.GRASP_MISSED,
                f"gripper: got an opening of {opening:.2f} at a command of {command:.2f}, "
                "expected an object between the fingers",
            )
