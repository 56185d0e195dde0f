"""Franka Research 3 and Panda, through franky over libfranka."""

import logging
from collections.abc import Sequence
from types import ModuleType, TracebackType
from typing import Any, Self

import numpy as np

from hardware.arms.franka_connection import ARM_PORT, open_connection
from hardware.arms.franka_link import FrankaLink
from hardware.arms.franka_setup import (
    JOINTS,
    check_joints,
    check_tool,
    realtime_config,
    require_mode,
)
from hardware.extra import import_extra
from mt3.control.monotonic_clock import MonotonicClock
from mt3.errors import DeviceError, NotConnectedError
from mt3.interfaces import ArmState, Clock, JointTrajectory
from mt3.tool import ToolFrame
from mt3.types import FloatArray, frozen_array, require_bool, require_positive

_log = logging.getLogger(__name__)

_FOLLOW_PERIOD_S = 0.01
_FOLLOW_GAIN_HZ = 5.0
_FOLLOW_LEAD_S = 0.02  # from a commanded joint velocity to a measured one
_START_TOLERANCE_RAD = 0.02
_TRACKING_TOLERANCE_RAD = 0.1
_SETTLED_RAD = 1e-3
_SETTLED_RAD_S = 0.01
_SETTLE_S = 1.0
_GUIDE_BEGIN_S = 0.05  # a refusal takes less


class FrankaArm:
    """An arm that a Franka controller moves at 1 kHz, by velocities that are streamed to it.

    franky's control thread sends every millisecond. Each velocity that it is given here ends in
    rest by itself after 0.1 s, so that a silent sender stops the arm; a lost process or network
    stops it because the controller ends a motion after 20 ms without a packet. Source: Franka
    Control Interface documentation, "libfranka", "Errors due to communication problems".

    A motion that the controller aborted is an error that every later call raises. Leaving the
    ``with`` block and entering it again reconnects.

    Args:
        address: Host name or IP address of the control box.
        tool: What is mounted; compared with the controller's end effector and load.
        lower: Least joint angles, (7,), rad; compared with the robot's own.
        upper: Greatest joint angles, (7,), rad.
        require_realtime_kernel: False lets franky run on a kernel without PREEMPT_RT.
        recover_errors: Clear a reflex error while connecting, once its cause is removed.
        collision_torque_nm: Above it at any joint the controller stops with a reflex.
        collision_force_n: Above it at the tool (and that many Nm about it) likewise.
        clock: For time stamps and waiting; real time where there is none.

    Raises:
        GeometryError: Joint limits that are not seven numbers.
        ConfigurationError: A threshold that is not positive, or a choice neither true nor false.
    """

    def __init__(
        self,
        address: str,
        tool: ToolFrame,
        lower: Sequence[float],
        upper: Sequence[float],
        *,
        require_realtime_kernel: bool = True,
        recover_errors: bool = False,
        collision_torque_nm: float = 20.0,
        collision_force_n: float = 30.0,
        clock: Clock | None = None,
    ) -> None:
        require_bool("require_realtime_kernel", require_realtime_kernel)
        require_bool("recover_errors", recover_errors)
        require_positive("collision_torque_nm", collision_torque_nm)
        require_positive("collision_force_n", collision_force_n)
        self.clock: Clock = clock or MonotonicClock()
        self._address = address
        self._tool = tool
        self._lower = frozen_array("lower", lower, (JOINTS,))
        self._upper = frozen_array("upper", upper, (JOINTS,))
        self._require_realtime_kernel = require_realtime_kernel
        self._recover_errors = recover_errors
        self._thresholds = (collision_torque_nm, collision_force_n)
        self._open: FrankaLink | None = None

    def __enter__(self) -> Self:
        """Connect, and compare the robot with the configuration; nothing moves.

        Raises:
            NotConnectedError: Wrong address, FCI not active, or another client; the message says.
            DeviceError: franky is not installed, or the robot is stopped, locked or in error.
            ConfigurationError: The controller's tool, load or joint limits are others.
        """
        if self._open is not None:
            raise DeviceError(f"{self._address}: got a second with, expected one at a time")
        vendor = import_extra("franky", "franka")
        self._open = FrankaLink(self._address, vendor, self._connect(vendor))
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        link, self._open = self._link, None
        try:
            link.close()
        except DeviceError:
            if exc is None:
                raise
            _log.exception("%s: the arm did not stop", self._address)  # the first error goes on

    @property
    def _link(self) -> FrankaLink:
        if self._open is None:
            raise NotConnectedError(f"{self._address}: not connected, use it inside `with`")
        return self._open

    def state(self) -> ArmState:
        """The newest measured state, stamped when it came.

        Raises:
            NotConnectedError: Outside the ``with`` block, or the connection was lost.
            StaleDataError: The robot sends nothing; a second later that is a lost connection.
            DeviceError: The controller stopped the arm.
        """
        return self._link.state(self.clock)

    def command_twist(self, V_BE_E: FloatArray) -> None:
        """Move along a twist of E in B, in E, until the next command or for 0.1 s.

        Raises:
            GeometryError: Wrong shape, NaN or infinity; the arm keeps its last command.
            DeviceError: The controller stopped the arm, or a hand moves it.
        """
        V_BE_E = frozen_array("V_BE_E", V_BE_E, (6,))
        R_BE = self.state().T_BE.R
        self._link.move_tool(np.concatenate([R_BE @ V_BE_E[:3], R_BE @ V_BE_E[3:]]))

    def follow(self, trajectory: JointTrajectory) -> None:
        """Move along a joint trajectory and wait until the arm rests at its end.

        Joint velocities are streamed: the trajectory's own, corrected by the measured joints.

        Raises:
            DeviceError: It does not start at the measured joints, or the arm fell behind, for
                instance because something was in the way, or the controller stopped it.
        """
        self._check_start(trajectory)
        try:
            self._track(trajectory)
            self._link.rest()
        except BaseException:  # Ctrl-C too must leave a resting arm
            try:
                self._link.rest()
            except DeviceError:
                _log.exception("%s: the arm did not stop", self._address)
            raise

    def stop(self) -> None:
        """Stop as hard as the robot can and wait until it rests."""
        self._link.rest()

    def begin_freedrive(self) -> None:
        """Let a hand move the arm: no stiffness and a little damping, gravity held by the robot.

        The controller carries what it knows of; with a wrong load the arm sinks or rises. It is
        kept off its joint limits by a soft torque. This is torque control, not Desk's guiding mode.

        Raises:
            DeviceError: The controller refuses.
        """
        self._link.guide(self.state().joints, self._lower, self._upper)
        self.clock.sleep_until(self.clock.now_s() + _GUIDE_BEGIN_S)
        self.state()

    def end_freedrive(self) -> None:
        """Hold still again; does nothing where no hand moves the arm."""
        if self._link.guided:
            self._link.rest()

    def _connect(self, vendor: ModuleType) -> object:
        """A ``franky.Robot`` that can be commanded and is the configured one."""
        torque_nm, force_n = self._thresholds
        realtime = realtime_config(vendor, self._require_realtime_kernel)

        def build() -> object:
            return vendor.Robot(
                self._address,
                default_torque_threshold=torque_nm,
                default_force_threshold=force_n,
                realtime_config=realtime,
            )

        robot = open_connection(vendor, build, self._address, ARM_PORT)
        try:
            self._compare(robot)
        except Exception as error:
            del robot  # or the error's traceback would keep it, and so the connection
            if isinstance(error, vendor.Exception):
                raise DeviceError(
                    f"{self._address}: refused to be read or recovered ({error}): look at the arm"
                ) from error.with_traceback(None)
            raise error.with_traceback(None) from None
        return robot

    def _compare(self, robot: Any) -> None:  # noqa: ANN401  # franky has no types
        if self._recover_errors and robot.state.robot_mode.name == "Reflex":
            _log.warning("%s: recovering from a reflex error", self._address)
            robot.recover_from_errors()
        state = robot.state
        require_mode(self._address, state.robot_mode.name)
        check_tool(self._tool, state)
        if hasattr(robot, "model_urdf"):  # from system version 5.7 on
            check_joints(self._lower, self._upper, robot.model_urdf)

    def _check_start(self, trajectory: JointTrajectory) -> None:
        joints = self.state().joints
        if trajectory.joints.shape[1:] != joints.shape:
            raise DeviceError(
                f"trajectory: got {trajectory.joints.shape[1]} joints, expected {len(joints)}"
            )
        gap = float(np.abs(trajectory.joints[0] - joints).max())
        if gap > _START_TOLERANCE_RAD:
            raise DeviceError(
                f"trajectory: got a start {gap:.3f} rad from the measured joints, expected at most "
                f"{_START_TOLERANCE_RAD} rad: plan it from the arm's state"
            )

    def _track(self, trajectory: JointTrajectory) -> None:
        end_s = float(trajectory.t_s[-1])
        start_s = next_s = self.clock.now_s()
        while True:
            state, t_s = self.state(), self.clock.now_s() - start_s
            error = _sample(trajectory, t_s) - state.joints
            gap = float(np.abs(error).max())
            if gap > _TRACKING_TOLERANCE_RAD or t_s > end_s + _SETTLE_S:
                raise DeviceError(
                    f"{self._address}: {gap:.3f} rad off the trajectory at {t_s:.2f} s of "
                    f"{end_s:.2f} s; is something in the way?"
                )
            at_rest = np.abs(state.V_BE_E).max() < _SETTLED_RAD_S
            if t_s >= end_s and gap < _SETTLED_RAD and at_rest:
                return
            velocity = _rate(trajectory, t_s + _FOLLOW_LEAD_S) + _FOLLOW_GAIN_HZ * error
            self._link.move_joints(velocity)
            next_s = max(next_s + _FOLLOW_PERIOD_S, self.clock.now_s())
            self.clock.sleep_until(next_s)


def _sample(trajectory: JointTrajectory, t_s: float) -> FloatArray:
    """Joints of a trajectory at a time, (n,), rad; beyond its end the last ones."""
    columns = [np.interp(t_s, trajectory.t_s, column) for column in trajectory.joints.T]
    return np.array(columns, dtype=np.float64)


def _rate(trajectory: JointTrajectory, t_s: float) -> FloatArray:
    """Joint speeds of a trajectory about a time, (n,), rad/s."""
    half_s = _FOLLOW_PERIOD_S / 2
    step = _sample(trajectory, t_s + half_s) - _sample(trajectory, t_s - half_s)
    return np.asarray(step / _FOLLOW_PERIOD_S)
