"""The arm that every command goes through, simulated or real."""

import logging
import math
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Never

import numpy as np

from mt3.errors import DeviceError, SafetyViolation
from mt3.geometry import SE3
from mt3.interfaces import Arm, ArmState, Clock, FreedriveArm, JointTrajectory
from mt3.motion.robot_model import RobotModel
from mt3.safety.envelope import Envelope
from mt3.safety.limits import Limit, SafetyLimits
from mt3.safety.trajectory_check import TrajectoryCheck
from mt3.types import FloatArray, frozen_array

_log = logging.getLogger(__name__)

_DAMPING = 1e-6 * np.eye(6)  # small, so that the joint speeds of a twist are not underrated
_SPEED_SLACK = 0.01  # share of the joints' speed limits that braking may exceed them by


class GuardedArm:
    """An arm that never exceeds its limits; the scene connects it, and stops it on the way out.

    Twists too fast are scaled down as a whole, changes of twist too sudden are spread over several
    commands, and both are counted. Whatever leads out of the permitted positions, is not a number,
    rests on an old state, or cannot be braked in time before a singular posture stops the arm and
    raises.

    While a hand moves the arm, twists and trajectories are refused, and each state that is asked
    for must be a fresh one. Where the hand moves it, how fast, and what it touches is not watched:
    that is left to the arm's own controller, and to the person.

    Args:
        arm: The arm itself; nobody else may command it.
        model: Its kinematics and shape.
        limits: What it may not exceed.
        T_WB: Pose of its base in W.
        clock: The clock of its states.
    """

    def __init__(
        self, arm: Arm, model: RobotModel, limits: SafetyLimits, T_WB: SE3, clock: Clock
    ) -> None:
        self._arm = arm
        self._model = model
        self._limits = limits
        self._clock = clock
        self._joint_speeds = limits.joint_velocity_fraction * model.velocity_limit
        self._envelope = Envelope(model, limits, T_WB)
        self._trajectory_check = TrajectoryCheck(model, limits, self._envelope)
        self._interventions: Counter[str] = Counter()
        self._last_twist = np.zeros(6)
        self._last_s: float | None = None
        self._guided = False

    @property
    def guided(self) -> bool:
        """Whether a hand moves the arm; ends with every stop."""
        return self._guided

    @property
    def interventions(self) -> Mapping[str, int]:
        """How many commands were changed, by the name of the ``Limit``."""
        return MappingProxyType(self._interventions)

    def state(self) -> ArmState:
        """The newest measured state.

        Raises:
            NotConnectedError: Outside the ``with`` block, or the connection was lost.
            SafetyViolation: A hand moves the arm, and there is no fresh state; it was stopped.
        """
        return self._fresh_state() if self._guided else self._arm.state()

    def command_twist(self, V_BE_E: FloatArray) -> None:
        """Move along a twist until the next command, slower or less suddenly where limits ask.

        Args:
            V_BE_E: Of E in B, expressed in E, (6,), m/s then rad/s.

        Raises:
            SafetyViolation: The arm was stopped; ``limit`` names the ``Limit``.
        """
        self._require_unguided("a twist")
        twist = self._checked_twist(V_BE_E)
        state = self._fresh_state()
        now_s = self._clock.now_s()
        twist = self._within_joint_speeds(self._slowed(twist), state.joints)
        twist = self._eased(twist, self._since_last_s(now_s))
        velocity = self._joint_velocity(twist, state.joints)
        if (share := self._joint_share(velocity)) > 1.0 + _SPEED_SLACK:
            self._refuse(
                Limit.JOINT_VELOCITY,
                f"joints: got {share:.2f} of their speed limits while braking as hard as allowed, "
                "expected at most 1 (close to a singular posture?)",
            )
        if velocity.any():
            ahead = state.joints + velocity * self._horizon_s(twist)
            if breach := self._envelope.breach(state.joints, ahead):
                self._refuse(breach.limit, breach.message)
        self._arm.command_twist(twist)
        self._last_twist, self._last_s = twist, now_s

    def follow(self, trajectory: JointTrajectory) -> None:
        """Move along a joint trajectory, all of it checked before any of it is sent.

        Raises:
            SafetyViolation: The arm was stopped; ``limit`` names the ``Limit``.
            DeviceError: The arm could not follow.
        """
        self._require_unguided("a trajectory")
        state = self._fresh_state()
        if breach := self._trajectory_check.breach(state.joints, trajectory):
            self._refuse(breach.limit, breach.message)
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
        self._fresh_state()
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
            self._refuse(
                Limit.COMMAND, f"got {what} while a hand moves the arm, expected none until its end"
            )

    def _rest(self) -> None:
        self._last_twist = np.zeros(6)
        self._last_s = None

    def _checked_twist(self, V_BE_E: FloatArray) -> FloatArray:
        try:
            return frozen_array("V_BE_E", V_BE_E, (6,))
        except (TypeError, ValueError) as error:
            self._refuse(Limit.COMMAND, str(error))

    def _fresh_state(self) -> ArmState:
        try:
            state = self._arm.state()
        except Exception as error:
            self._refuse(Limit.STALE_STATE, f"state: got none ({error}), expected a measured one")
        age_s = self._clock.now_s() - state.t_s
        if not 0.0 <= age_s <= self._limits.max_state_age_s:
            self._refuse(
                Limit.STALE_STATE,
                f"state: got an age of {age_s:.3f} s, expected 0 to "
                f"{self._limits.max_state_age_s} s",
            )
        return state

    def _since_last_s(self, now_s: float) -> float:
        """Time for which the twist may change: since the last one, at most a command period."""
        if self._last_s is None:
            return self._limits.command_period_s
        gap_s = now_s - self._last_s
        if gap_s > self._limits.max_command_gap_s:
            self._interventions[Limit.COMMAND_GAP] += 1
            self.stop()
        return min(gap_s, self._limits.command_period_s)

    def _slowed(self, twist: FloatArray) -> FloatArray:
        """The twist, scaled down as a whole to the tool's speed limits."""
        factor = _largest_factor(twist, self._limits.tool.speeds)
        if factor < 1.0:
            self._interventions[Limit.TOOL_SPEED] += 1
        return twist * factor

    def _eased(self, twist: FloatArray, since_s: float) -> FloatArray:
        """The twist, or as far from the last one towards it as the accelerations allow."""
        change = twist - self._last_twist
        factor = _largest_factor(change, self._limits.tool.accelerations * since_s)
        if factor < 1.0:
            self._interventions[Limit.TOOL_ACCELERATION] += 1
        return self._last_twist + factor * change

    def _within_joint_speeds(self, twist: FloatArray, joints: FloatArray) -> FloatArray:
        """The twist, scaled down as a whole to the joints' speed limits."""
        share = self._joint_share(self._joint_velocity(twist, joints))
        if share <= 1.0:
            return twist
        self._interventions[Limit.JOINT_VELOCITY] += 1
        return twist / share

    def _joint_velocity(self, twist: FloatArray, joints: FloatArray) -> FloatArray:
        """Joint speeds that a twist needs, (n,), rad/s."""
        J = self._model.jacobian_E(joints)
        velocity: FloatArray = J.T @ np.linalg.solve(J @ J.T + _DAMPING, twist)
        return velocity

    def _joint_share(self, velocity: FloatArray) -> float:
        """Largest share that joint speeds have of their limits."""
        return float((np.abs(velocity) / self._joint_speeds).max())

    def _horizon_s(self, twist: FloatArray) -> float:
        """How long the arm would go on at a twist before it could have come to rest.

        One command period, and the braking distance at the limits of acceleration: that of half
        the braking time at full speed.
        """
        speeds = np.linalg.norm(twist.reshape(2, 3), axis=1)
        braking_s = float((speeds / self._limits.tool.accelerations).max())
        return self._limits.command_period_s + 0.5 * braking_s

    def _refuse(self, limit: Limit, message: str) -> Never:
        """Stop the arm and raise, even if stopping fails."""
        try:
            self.stop()
        except DeviceError:
            _log.exception("the arm did not stop")
        raise SafetyViolation(f"{limit.value}: {message}; the arm was stopped", limit.value)


def _largest_factor(twist: FloatArray, bounds: FloatArray) -> float:
    """Largest factor, at most 1, that keeps both parts of a twist within (2,) bounds."""
    linear, angular = math.hypot(*twist[:3]), math.hypot(*twist[3:])
    return min(
        1.0,
        bounds[0] / linear if linear > bounds[0] else 1.0,
        bounds[1] / angular if angular > bounds[1] else 1.0,
    )
