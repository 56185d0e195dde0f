"""The arm that every command goes through, simulated or real."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from mt3.errors import DeviceError, SafetyViolation
from mt3.geometry import SE3
from mt3.interfaces import Arm, ArmState, Clock, FreedriveArm, JointTrajectory
from mt3.motion.robot_model import RobotModel
from mt3.safety.breach import Breach, BreachError
from mt3.safety.envelope import Envelope
from mt3.safety.hold import Hold
from mt3.safety.interventions import Interventions
from mt3.safety.limits import Limit, SafetyLimits
from mt3.safety.motion_limits import MotionLimits
from mt3.safety.place import Place
from mt3.safety.scene_contacts import SceneContacts
from mt3.safety.sent_motion import SentMotion
from mt3.safety.state_watch import StateWatch
from mt3.safety.step import Sent, Step, Timing, damped_inverse, largest_factor
from mt3.safety.surroundings import Surroundings
from mt3.safety.trajectory_check import TrajectoryCheck
from mt3.types import FloatArray, frozen_array

_log = logging.getLogger(__name__)

# Of joints' limits under twists: ``Step`` allows 1 % more while braking, and near a singular
# posture joints that are guessed from states 0.09 s old, by a clock that races, sped up 5 % harder.
_RESERVE = 0.06


class GuardedArm:
    """An arm that never exceeds its limits; the scene connects it, and stops it on the way out.

    Twists too fast are scaled down as a whole, changes of twist too sudden are spread over several
    commands, and near the end of what is permitted a twist is scaled so that the arm can brake
    before it, and comes to rest there. Each is counted, and logged once for each episode. A zero
    twist is the soft stop: it is spread like any other; ``stop`` is the hard one.

    What is not a number, rests on an old, jumping or missing state or a hard contact, cannot be
    braked in time, or goes on against a limit that holds the arm, stops it and raises.

    While a hand moves the arm, twists and trajectories are refused, and each state that is asked
    for must be a fresh one. Where the hand moves it, how fast, and what it touches is not watched:
    that is left to the arm's own controller, and to the person. So is the force during ``follow``.

    Args:
        arm: The arm itself; nobody else may command it.
        model: Its kinematics and shape.
        limits: What it may not exceed.
        T_WB: Pose of its base in W.
        clock: The clock of its states.

    Raises:
        ConfigurationError: Limits for another number of joints.
    """

    def __init__(
        self, arm: Arm, model: RobotModel, limits: SafetyLimits, T_WB: SE3, clock: Clock
    ) -> None:
        self._arm, self._model, self._limits = arm, model, limits
        self._T_WB, self._clock = T_WB, clock
        self._motion = MotionLimits.of(model, limits).with_reserve(_RESERVE)
        self._watch = StateWatch(arm, model, limits, clock)
        self._interventions = Interventions()
        self._hold = Hold(limits.max_hold_s)
        n = len(model.velocity_limit)
        self._sent = SentMotion(n, limits.max_command_gap_s, limits.max_state_age_s)
        self._last_s: float | None = None
        self._last = Sent.rest(n)
        self._guided = False
        self.set_surroundings(None)

    @property
    def guided(self) -> bool:
        """Whether a hand moves the arm; ends with every stop."""
        return self._guided

    @property
    def interventions(self) -> Mapping[str, int]:
        """How many commands were changed, by the name of the ``Limit``."""
        return self._interventions.counts

    def set_surroundings(self, surroundings: Surroundings | None) -> None:
        """From now on, forbid contact with what stands around the arm; None forgets it."""
        self._envelope = Envelope(self._model, self._limits, self._T_WB, surroundings)
        self._scene = (
            None if surroundings is None else SceneContacts(self._model, self._T_WB, surroundings)
        )

    def state(self) -> ArmState:
        """The newest measured state.

        Raises:
            NotConnectedError: Outside the ``with`` block, or the connection was lost.
            SafetyViolation: A hand moves the arm, and there is no fresh state; it was stopped.
        """
        if not self._guided:
            return self._arm.state()
        with self._stopped_by_breaches():
            return self._watch.fresh()

    def command_twist(self, V_BE_E: FloatArray) -> None:
        """Move along a twist until the next command, slower or less suddenly where limits ask.

        Args:
            V_BE_E: Of E in B, expressed in E, (6,), m/s then rad/s.

        Raises:
            SafetyViolation: The arm was stopped; ``limit`` names the ``Limit``.
        """
        with self._stopped_by_breaches():
            self._require_unguided("a twist")
            twist = _checked_twist(V_BE_E)
            now_s = self._clock.now_s()
            since_s = self._since_last_s(now_s)
            state = self._watch.steady()
            step = self._step(self._joints_at(now_s, state), since_s)
            twist = self._within_tool_speed(twist)
            twist = self._within_joint_speeds(twist, step)
            twist = self._slowed_near_singularity(twist, step)
            twist = self._eased(twist, step)
            twist = self._braked_before_limits(twist, step)
            self._hold.require_short(now_s)
        self._arm.command_twist(twist)
        self._last, self._last_s = Sent(twist, step.velocity(twist)), now_s
        self._sent.note(now_s, self._last.velocity)

    def follow(self, trajectory: JointTrajectory) -> None:
        """Move along a joint trajectory, all of it checked before any of it is sent.

        Raises:
            SafetyViolation: The arm was stopped; ``limit`` names the ``Limit``.
            DeviceError: The arm could not follow.
        """
        with self._stopped_by_breaches():
            self._require_unguided("a trajectory")
            if self._last.twist.any():
                self.stop()
            state = self._watch.steady()
            check = TrajectoryCheck(self._model, self._limits, self._envelope, self._scene)
            if breach := check.breach(state.joints, trajectory):
                raise BreachError(breach.limit, breach.message)
        self._rest()
        self._arm.follow(trajectory)

    def stop(self) -> None:
        """Stop all motion now and hold still, also where a hand moves the arm."""
        self._rest()
        try:
            if self._guided:
                self._freedrive_arm().end_freedrive()
                self._guided = False
        finally:
            self._arm.stop()

    def begin_freedrive(self) -> None:
        """Let a hand move the arm, from rest, until ``end_freedrive`` or a stop.

        Raises:
            DeviceError: The arm has no free-drive, or refuses it.
            SafetyViolation: Its state is not fresh; the arm was stopped.
        """
        arm = self._freedrive_arm()
        self.stop()
        with self._stopped_by_breaches():
            self._watch.fresh()
        self._guided = True  # also if it fails half-way: the next stop ends it
        try:
            arm.begin_freedrive()
        except BaseException:
            self.stop()
            raise

    def end_freedrive(self) -> None:
        """Hold still again; does nothing where no hand moves the arm."""
        if self._guided:
            self.stop()

    def _freedrive_arm(self) -> FreedriveArm:
        if isinstance(self._arm, FreedriveArm):
            return self._arm
        raise DeviceError(
            f"free-drive: got an arm without it ({type(self._arm).__name__}), expected one whose "
            "driver has begin_freedrive; move it with another teleoperation device"
        )

    def _require_unguided(self, what: str) -> None:
        if self._guided:
            raise BreachError(
                Limit.COMMAND, f"got {what} while a hand moves the arm, expected none until its end"
            )

    def _rest(self) -> None:
        self._last, self._last_s = Sent.rest(len(self._last.velocity)), None
        self._sent.note(self._clock.now_s(), None)
        self._hold.end()
        self._watch.forget()

    def _since_last_s(self, now_s: float) -> float:
        """Time since the last twist; from rest, and after a gap, the expected one.

        Raises:
            BreachError: The clock stands still, or went backwards.
        """
        self._interventions.next_command()
        if self._last_s is None:
            return self._limits.command_period_s
        gap_s = now_s - self._last_s
        if not gap_s > 0.0:
            raise BreachError(
                Limit.COMMAND,
                f"clock: got {gap_s:.3f} s since the last twist, expected more than 0 s",
            )
        if gap_s <= self._limits.max_command_gap_s:
            return gap_s
        self._interventions.note(Limit.COMMAND_GAP, f"no twist for {gap_s:.3f} s")
        self.stop()
        return self._limits.command_period_s

    def _joints_at(self, now_s: float, state: ArmState) -> FloatArray:
        """Where the joints are by now, (n,), rad, by what they were told since they were measured.

        Source: the trapezoidal rule. The last twist asks other speeds of the joints where it has
            led than where it began; without that, a joint sped up 5 % harder than allowed near a
            singular posture, with states 0.09 s old.
        """
        there = state.joints + self._sent.between(state.t_s, now_s)
        velocity = damped_inverse(self._model.jacobian_E(there)) @ self._last.twist
        self._sent.note_end(velocity)
        return state.joints + self._sent.between(state.t_s, now_s)

    def _step(self, joints: FloatArray, since_s: float) -> Step:
        limits = self._limits
        timing = Timing(since_s, limits.command_period_s, limits.max_command_gap_s)
        place = self._envelope.place
        jacobian_E = self._model.jacobian_E
        return Step(
            place(joints), jacobian_E, self._last, timing, self._motion, place, self._forbidden
        )

    def _forbidden(self, here: Place, there: Place) -> Breach | None:
        """What is wrong with moving from one place to another near it."""
        breach = self._envelope.breach(here, there)
        return breach or (self._scene.breach(here, there) if self._scene else None)

    def _within_tool_speed(self, twist: FloatArray) -> FloatArray:
        """The twist, scaled down as a whole to the tool's speed limits."""
        factor = largest_factor(twist, self._motion.tool_speeds)
        if factor < 1.0:
            self._interventions.note(Limit.TOOL_SPEED, f"a twist scaled by {factor:.2f}")
        return twist * factor

    def _within_joint_speeds(self, twist: FloatArray, step: Step) -> FloatArray:
        """The twist, scaled down as a whole to the joints' speed limits."""
        share = step.joint_share(twist)
        if share <= 1.0:
            return twist
        self._interventions.note(Limit.JOINT_VELOCITY, f"a twist scaled by {1.0 / share:.2f}")
        return twist / share

    def _slowed_near_singularity(self, twist: FloatArray, step: Step) -> FloatArray:
        """The twist, within the share of all speed limits that nearness to a singularity leaves.

        A twist that leads away from there may use all of them.
        """
        condition = step.here.condition
        share, used = self._limits.share_at(condition), step.speed_share(twist)
        if used <= share or step.condition_ahead(twist) <= condition:
            return twist
        cause = f"condition number {condition:.1f} of the Jacobian grows"
        self._interventions.note(Limit.SINGULARITY, cause)
        return twist * self._hold.mind(share / used, Breach(Limit.SINGULARITY, cause))

    def _eased(self, twist: FloatArray, step: Step) -> FloatArray:
        """The twist, or as far from the last one towards it as the accelerations allow."""
        eased, limit = step.towards(twist)
        if limit:
            self._interventions.note(limit, "a change of twist spread over several commands")
        return eased

    def _braked_before_limits(self, twist: FloatArray, step: Step) -> FloatArray:
        """The twist, scaled so that the arm can brake before all that is forbidden.

        Where the tool cannot turn to the scaled twist in time, the arm brakes from the last one:
        that was found to be possible when it was sent.

        Raises:
            BreachError: Not even braking as hard as allowed keeps the limits.
        """
        breach = step.breach(twist)
        if breach is None:
            return twist
        self._interventions.note(breach.limit, breach.message)
        share = self._hold.mind(step.free_share(twist), breach)
        for wanted in (share * twist, np.zeros(6)):
            slower, _ = step.towards(wanted)
            breach = step.breach(slower)
            if breach is None:
                return slower
        raise BreachError(breach.limit, breach.message)

    @contextmanager
    def _stopped_by_breaches(self) -> Iterator[None]:
        """Stops the arm at a breach inside the block, or whatever else happens, and raises."""
        try:
            yield
        except BreachError as error:
            limit = error.limit.value
            _log.warning("safety gate: the arm is stopped: %s: %s", limit, error)
            self._stop_at_any_rate()
            raise SafetyViolation(f"{limit}: {error}; the arm was stopped", limit) from error
        except BaseException:
            self._stop_at_any_rate()
            raise

    def _stop_at_any_rate(self) -> None:
        try:
            self.stop()
        except DeviceError:
            _log.exception("the arm did not stop")


def _checked_twist(V_BE_E: FloatArray) -> FloatArray:
    try:
        numbers = np.asarray(V_BE_E).astype(np.float64, casting="same_kind")
        return frozen_array("V_BE_E", numbers, (6,))
    except (TypeError, ValueError) as error:
        raise BreachError(Limit.COMMAND, str(error)) from error
