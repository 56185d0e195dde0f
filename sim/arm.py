"""The simulated arm, behind the core's ``Arm`` protocol."""

from types import TracebackType
from typing import Self, TypeAlias

import numpy as np

from mt3.errors import DeviceError, GeometryError, NotConnectedError
from mt3.interfaces import ArmState, JointTrajectory
from mt3.types import FloatArray, frozen_array
from sim.robot import SimRobot
from sim.world import STEP_S

_WATCHDOG_STEPS = 24  # 0.1 s without a new twist stops the arm
_POSITION_GAIN = 0.3
_LEASH_RAD = 0.05  # the commanded joints never run further ahead of blocked ones
_START_TOLERANCE_RAD = 0.02
_TRACKING_TOLERANCE_RAD = 0.1
_SETTLED_RAD = 1e-3
_SETTLED_RAD_S = 0.01
_SETTLE_STEPS = 240

ArmController: TypeAlias = tuple[FloatArray, FloatArray, FloatArray | None, int]


class SimArm:
    """An arm whose joint controller runs at every physics step.

    A twist becomes joint velocities by damped least squares; the joints then track the integrated
    angles with velocity feed-forward. A twist that would leave the joint range stops the arm.

    Raises:
        NotConnectedError: Anything but ``with`` outside the ``with`` block.
    """

    def __init__(self, robot: SimRobot) -> None:
        self._robot = robot
        self._world = robot.world
        self._connected = False
        self._velocity = np.zeros(len(robot.arm_joints))
        self._twist: FloatArray | None = None
        self._twist_step = 0
        self.reset(robot.description.observe_joints)
        self._world.call_before_step(self._tick)

    def __enter__(self) -> Self:
        self._connected = True
        self.stop()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._hold()
        self._connected = False

    def state(self) -> ArmState:
        """Joints, tool pose and tool twist after the last physics step."""
        self._require_connection()
        joints, velocities = self._measure()
        kinematics = self._robot.kinematics
        return ArmState(
            t_s=self._world.steps * STEP_S,
            joints=joints,
            T_BE=kinematics.forward(joints),
            V_BE_E=kinematics.jacobian_E(joints) @ velocities,
        )

    def command_twist(self, V_BE_E: FloatArray) -> None:
        """Move along a twist of E in B, in E, until the next command or for 0.1 s.

        Raises:
            GeometryError: Wrong shape, NaN or infinity; the arm keeps its last command.
        """
        self._require_connection()
        self._twist = frozen_array("V_BE_E", V_BE_E, (6,))
        self._twist_step = self._world.steps

    def follow(self, trajectory: JointTrajectory) -> None:
        """Move along a joint trajectory and wait until the arm rests at its end.

        Raises:
            DeviceError: It does not start at the measured joints, or the arm fell behind, for
                instance because something was in the way.
        """
        self._require_connection()
        self._check_start(trajectory)
        count = int(np.ceil(trajectory.t_s[-1] / STEP_S))
        times = np.minimum(np.arange(1, count + 1) * STEP_S, trajectory.t_s[-1])
        samples = np.stack(
            [np.interp(times, trajectory.t_s, column) for column in trajectory.joints.T], axis=1
        )
        self._twist = None
        try:
            for sample in samples:
                self._velocity = (sample - self._target) / STEP_S
                self._step_and_check()
            self._velocity = np.zeros_like(self._velocity)
            self._wait_settled()
        except BaseException:  # Ctrl-C too must leave a resting arm
            self._hold()
            raise

    def stop(self) -> None:
        """Hold the measured joints."""
        self._require_connection()
        self._hold()

    def pursue(self, joints: FloatArray) -> None:
        """Be at joints, (n,) rad, after the next step: for a controller that is elsewhere."""
        self._require_connection()
        self._twist = None
        self._velocity = (joints - self._target) / STEP_S

    def reset(self, joints: FloatArray) -> None:
        """Put the arm somewhere at rest without physics; for staging a scene."""
        self._robot.world.bullet.reset_joints(self._robot.body, self._robot.arm_joints, joints)
        self._hold()

    def controller_state(self) -> ArmController:
        """What ``restore_controller`` needs beside the state of the physics."""
        return self._target.copy(), self._velocity.copy(), self._twist, self._twist_step

    def restore_controller(self, state: ArmController) -> None:
        """Return the controller to a remembered state."""
        target, velocity, self._twist, self._twist_step = state
        self._target, self._velocity = target.copy(), velocity.copy()

    def _tick(self) -> None:
        joints, _ = self._measure()
        if self._twist is not None:
            self._velocity = self._resolve(joints)
        robot = self._robot
        self._world.bullet.drive_joints(
            robot.body,
            robot.arm_joints,
            self._target,
            self._velocity,
            robot.max_torque,
            _POSITION_GAIN,
        )
        self._target = np.clip(
            self._target + self._velocity * STEP_S, joints - _LEASH_RAD, joints + _LEASH_RAD
        )

    def _resolve(self, joints: FloatArray) -> FloatArray:
        expired = self._world.steps - self._twist_step >= _WATCHDOG_STEPS
        if self._twist is None or expired or not self._twist.any():
            return np.zeros_like(joints)
        kinematics = self._robot.kinematics
        velocity = kinematics.resolve_twist(self._target, self._twist)
        reached = self._target + velocity * STEP_S
        if ((reached < kinematics.lower) | (reached > kinematics.upper)).any():
            return np.zeros_like(joints)
        return velocity

    def _step_and_check(self) -> None:
        expected = self._target + self._velocity * STEP_S
        self._world.step()
        error = float(np.abs(self._measure()[0] - expected).max())
        if error > _TRACKING_TOLERANCE_RAD:
            raise DeviceError(
                f"follow: got a joint {error:.3f} rad behind its reference, expected at most "
                f"{_TRACKING_TOLERANCE_RAD} (is something in the way?)"
            )

    def _wait_settled(self) -> None:
        for _ in range(_SETTLE_STEPS):
            joints, velocities = self._measure()
            error = float(np.abs(joints - self._target).max())
            if error < _SETTLED_RAD and float(np.abs(velocities).max()) < _SETTLED_RAD_S:
                return
            self._step_and_check()
        raise DeviceError(
            f"follow: got {error:.4f} rad from the end after {_SETTLE_STEPS * STEP_S:.1f} s, "
            f"expected at most {_SETTLED_RAD}"
        )

    def _check_start(self, trajectory: JointTrajectory) -> None:
        joints, _ = self._measure()
        if trajectory.joints.shape[1] != len(joints):
            raise GeometryError(
                f"trajectory: got {trajectory.joints.shape[1]} joints, expected {len(joints)}"
            )
        offset = float(np.abs(trajectory.joints[0] - joints).max())
        if offset > _START_TOLERANCE_RAD:
            raise DeviceError(
                f"trajectory: got a first target {offset:.3f} rad from the measured joints, "
                f"expected at most {_START_TOLERANCE_RAD}"
            )

    def _hold(self) -> None:
        self._twist = None
        self._target = self._measure()[0]
        self._velocity = np.zeros_like(self._target)

    def _measure(self) -> tuple[FloatArray, FloatArray]:
        return self._world.bullet.joint_states(self._robot.body, self._robot.arm_joints)

    def _require_connection(self) -> None:
        if not self._connected:
            raise NotConnectedError("arm: not connected, use it inside `with`")
