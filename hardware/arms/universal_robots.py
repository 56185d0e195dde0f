"""Universal Robots arms (CB3 and e-Series) over ``ur_rtde``."""

import logging
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import numpy as np

from hardware.arms.ur_configuration import UrConfiguration
from hardware.arms.ur_connect import connect
from hardware.arms.ur_link import UrLink
from mt3.control.monotonic_clock import MonotonicClock
from mt3.errors import DeviceError, GeometryError, NotConnectedError
from mt3.interfaces import ArmState, Clock, JointTrajectory
from mt3.tool import ToolFrame
from mt3.types import FloatArray, frozen_array

_log = logging.getLogger(__name__)

_TWIST_VALID_S = 0.1  # a twist that is not renewed for this long ends in rest
_TWIST_M_S2 = 10.0  # fast enough to follow shaped twists; the safety gate sets gentler limits
_FASTEST_M_S, _FASTEST_RAD_S = 1.0, np.pi  # UR5e data sheet: tool speed, joint speed
_PERIOD_S = 0.008  # of joint targets
_START_RAD = 0.02
_END_RAD, _END_SPEED = 0.001, 0.005  # of the joints; m/s and rad/s of the tool
_SETTLES_S = 1.0


class UniversalRobotsArm:
    """A Universal Robots arm; B is the base of its controller.

    The controller's watchdog is armed before anything moves: when it hears nothing for 50 ms, it
    stops the arm. Whatever breaks the connection is raised by every later call; leaving the
    ``with`` block and entering it again connects anew.

    Args:
        host: Address of the controller.
        tool: What is mounted at the flange; the controller must know the same.
        lower: Lower joint limits of the model, (6,), rad.
        upper: Upper joint limits of the model, (6,), rad.
        dh_a: Denavit-Hartenberg a of the model, (6,), metres.
        dh_d: Denavit-Hartenberg d of the model, (6,), metres.
        state_hz: How often the controller tells its state; None for as often as it can, which is
            500 on an e-Series.
        clock: Paces ``follow``.
    """

    def __init__(
        self,
        host: str,
        tool: ToolFrame,
        lower: Sequence[float],
        upper: Sequence[float],
        dh_a: Sequence[float],
        dh_d: Sequence[float],
        state_hz: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.clock = MonotonicClock() if clock is None else clock
        self._host = host
        self._tool = tool
        self._state_hz = state_hz
        n = len(lower)
        self._model = UrConfiguration(
            frozen_array("lower", lower, (n,)),
            frozen_array("upper", upper, (n,)),
            frozen_array("dh_a", dh_a, (n,)),
            frozen_array("dh_d", dh_d, (n,)),
        )
        self._open: UrLink | None = None

    def __enter__(self) -> Self:
        if self._open is not None:
            raise DeviceError(f"{self._host}: got a second with, expected one at a time")
        self._open = connect(self._host, self._tool, self._model, self._state_hz)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        link, self._open = self._link, None
        link.close()

    @property
    def _link(self) -> UrLink:
        if self._open is None:
            raise NotConnectedError(f"{self._host}: not connected, use it inside its with block")
        return self._open

    def state(self) -> ArmState:
        """The newest measured state.

        Raises:
            NotConnectedError: Outside the ``with`` block, or the connection was lost.
            StaleDataError: The controller sends nothing.
            DeviceError: The controller stopped the arm.
        """
        return self._link.state()

    def command_twist(self, V_BE_E: FloatArray) -> None:
        """Move along a twist until the next command, for at most 0.1 s; returns at once.

        Args:
            V_BE_E: Of E in B, expressed in E, (6,), m/s then rad/s.

        Raises:
            GeometryError: Not six finite numbers, or faster than the robot may ever be.
            DeviceError: The arm cannot move.
        """
        link = self._link
        twist = _checked_twist(V_BE_E)
        R_BE = link.state().T_BE.R
        V_B = np.concatenate([R_BE @ twist[:3], R_BE @ twist[3:]])
        link.speed(V_B, _TWIST_M_S2, _TWIST_VALID_S)

    def follow(self, trajectory: JointTrajectory) -> None:
        """Move along a joint trajectory that starts at the measured joints; returns at its end.

        Raises:
            DeviceError: The path starts elsewhere, or the arm was stopped or did not get there.
        """
        link = self._link
        try:
            link.halt()
            measured = link.state().joints
            self._require_start(measured, trajectory)
            self._stream(link, measured, trajectory)
            self._settle(link, trajectory.joints[-1])
            link.halt()
        except BaseException:
            self._stop_after_error(link)
            raise

    def stop(self) -> None:
        """Stop all motion now and hold still."""
        self._link.stop()

    def begin_freedrive(self) -> None:
        """Let a hand move the arm.

        Raises:
            DeviceError: The controller refuses.
        """
        link = self._link
        link.halt()
        link.guide()

    def end_freedrive(self) -> None:
        """Hold still again; does nothing where no hand moves the arm."""
        link = self._link
        if link.guided:
            link.halt()

    def _require_start(self, measured: FloatArray, trajectory: JointTrajectory) -> None:
        first = trajectory.joints[0]
        if first.shape != measured.shape:
            raise DeviceError(
                f"trajectory: got {len(first)} joints, expected {len(measured)} as the measured "
                "joints"
            )
        offset = float(np.abs(first - measured).max())
        if offset > _START_RAD:
            raise DeviceError(
                f"trajectory: got a first point {offset:.3f} rad from the measured joints, "
                f"expected at most {_START_RAD}; plan from where the arm is"
            )

    def _stream(self, link: UrLink, measured: FloatArray, trajectory: JointTrajectory) -> None:
        """Send joint targets at absolute times; one that is missed is left out.

        The first target is the measured joints; their distance from the path's first point shrinks
        to nothing along it.
        """
        end_s = float(trajectory.t_s[-1])
        start_s, due_s = self.clock.now_s(), 0.0
        while True:
            at_s = min(due_s, end_s)
            target = np.array([np.interp(at_s, trajectory.t_s, q) for q in trajectory.joints.T])
            link.servo(target + (1.0 - at_s / end_s) * (measured - trajectory.joints[0]))
            if at_s == end_s:
                return
            passed = int((self.clock.now_s() - start_s) / _PERIOD_S)
            due_s = (passed + 1) * _PERIOD_S
            self.clock.sleep_until(start_s + due_s)

    def _settle(self, link: UrLink, goal: FloatArray) -> None:
        deadline_s = self.clock.now_s() + _SETTLES_S
        while True:
            state = link.state()
            offset = float(np.abs(state.joints - goal).max())
            if offset < _END_RAD and np.abs(state.V_BE_E).max() < _END_SPEED:
                return
            if self.clock.now_s() > deadline_s:
                raise DeviceError(
                    f"trajectory: got the arm {offset:.4f} rad from its end {_SETTLES_S} s after "
                    f"it, expected rest within {_END_RAD} rad"
                )
            self.clock.sleep_until(self.clock.now_s() + _PERIOD_S)

    def _stop_after_error(self, link: UrLink) -> None:
        try:
            link.stop()
        except DeviceError as error:
            _log.warning("%s: could not be told to stop (%s)", self._host, error)


def _checked_twist(V_BE_E: FloatArray) -> FloatArray:
    """The twist, if a robot may ever move like that.

    Source: ur_rtde 1.6.5: ``speedL`` passes on NaN and 50 m/s.
    """
    twist = frozen_array("V_BE_E", V_BE_E, (6,))
    linear, angular = np.linalg.norm(twist.reshape(2, 3), axis=1)
    if linear > _FASTEST_M_S or angular > _FASTEST_RAD_S:
        raise GeometryError(
            f"V_BE_E: got {linear:.2f} m/s and {angular:.2f} rad/s, expected at most "
            f"{_FASTEST_M_S} and {_FASTEST_RAD_S:.2f}"
        )
    return twist
