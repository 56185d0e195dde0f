"""ACME arms: a complete driver to begin another one with, see docs/new_arm.md."""

import logging
import time
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hardware.extra import import_extra
from hardware.fault_latch import FaultLatch
from mt3.control.monotonic_clock import MonotonicClock
from mt3.errors import ConfigurationError, DeviceError, NotConnectedError
from mt3.geometry import SE3
from mt3.interfaces import ArmState, Clock, JointTrajectory
from mt3.tool import ToolFrame
from mt3.types import FloatArray, frozen_array

_log = logging.getLogger(__name__)

_VALID_MS = 50.0  # the controller gives up a twist that is not renewed: its watchdog
_STEP_S = 0.01  # between joint targets
_TOOL_MM = 0.5
_START_RAD = 0.02
_ARRIVED_RAD, _RESTING = 1e-3, 5e-3
_SETTLES_S = 1.0


class AcmeArm:
    """An arm behind an ACME controller; an error ends the connection, until ``with`` makes one.

    Args:
        address: Of the controller.
        tool: What is mounted at the flange; the controller must know the same.
        lower: Lower joint limits of the model, (6,), rad.
        upper: Upper joint limits of the model, (6,), rad.
        clock: Paces ``follow``; its time is CLOCK_MONOTONIC.
    """

    def __init__(
        self,
        address: str,
        tool: ToolFrame,
        lower: npt.ArrayLike,
        upper: npt.ArrayLike,
        clock: Clock | None = None,
    ) -> None:
        self.clock: Clock = clock or MonotonicClock()
        self._address, self._tool = address, tool
        self._lower = frozen_array("lower", lower, (6,))
        self._upper = frozen_array("upper", upper, (6,))
        self._fault = FaultLatch()
        self._client: Any = None  # of the maker's library, which has no types

    def __enter__(self) -> Self:
        """Connect, compare the controller with the configuration, and rest.

        Raises:
            NotConnectedError: Nobody answers.
            ConfigurationError: The controller knows another tool.
        """
        maker = import_extra("acme.client", "acme")
        self._fault = FaultLatch()
        try:
            self._client = maker.Client(self._address)
        except OSError as error:
            raise NotConnectedError(
                f"{self._address}: no controller answers ({error}); check cable and address"
            ) from error
        try:
            self._require_tool()
            self.command_twist(np.zeros(6))
        except BaseException:
            self._hang_up()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._halt_if_possible()
        finally:
            self._hang_up()

    def state(self) -> ArmState:
        """The newest measured state; see ``Arm.state``."""
        asked_s = time.monotonic()
        seen = self._ask("read")
        R_BE = np.array(seen["rotation"])
        T_BE = SE3.from_rotation_translation(R_BE, 1e-3 * np.array(seen["position_mm"]))
        v_B, w_B = 1e-3 * np.array(seen["velocity_mm_s"]), np.deg2rad(seen["turn_deg_s"])
        V_BE_E = np.concatenate([R_BE.T @ v_B, R_BE.T @ w_B])
        t_s = 0.5 * (asked_s + time.monotonic())
        return ArmState(t_s, np.deg2rad(seen["joints_deg"]), T_BE, V_BE_E)

    def command_twist(self, V_BE_E: FloatArray) -> None:
        """Move along a twist until the next command, for at most 50 ms; see ``Arm``."""
        twist = frozen_array("V_BE_E", V_BE_E, (6,))
        R_BE = self.state().T_BE.R
        v_mm_s, w_deg_s = 1e3 * R_BE @ twist[:3], np.rad2deg(R_BE @ twist[3:])
        self._ask("speed", v_mm_s.tolist(), w_deg_s.tolist(), _VALID_MS)

    def follow(self, trajectory: JointTrajectory) -> None:
        """Move along a joint trajectory, and return at rest at its end; see ``Arm.follow``."""
        measured = self._require_start(trajectory)
        try:
            self._stream(trajectory, measured - trajectory.joints[0])
            self._settle(trajectory.joints[-1])
        except BaseException:  # Ctrl-C too must leave a resting arm
            self._halt_if_possible()
            raise

    def stop(self) -> None:
        """Brake hard, and hold still."""
        self._ask("halt")

    def _require_tool(self) -> None:
        known_mm, expected_mm = self._ask("read")["tool_mm"], 1e3 * self._tool.T_flange_tool.t[2]
        if abs(known_mm - expected_mm) > _TOOL_MM:
            raise ConfigurationError(
                f"tool: the controller has {known_mm:.1f} mm, the configuration "
                f"{expected_mm:.1f} mm; mend the one that is wrong"
            )

    def _require_start(self, trajectory: JointTrajectory) -> FloatArray:
        measured = self.state().joints
        apart_rad = np.abs(trajectory.joints[0] - measured).max()
        if apart_rad > _START_RAD:
            raise DeviceError(
                f"trajectory: got a start {apart_rad:.3f} rad from the measured joints, expected "
                f"at most {_START_RAD} rad; plan from where the arm is"
            )
        return measured

    def _stream(self, trajectory: JointTrajectory, offset: FloatArray) -> None:
        """Send targets, the measured joints first; the offset from the path shrinks along it."""
        start_s, end_s = self.clock.now_s(), float(trajectory.t_s[-1])
        at_s = 0.0
        while True:
            target = np.array([np.interp(at_s, trajectory.t_s, q) for q in trajectory.joints.T])
            target += (1.0 - at_s / end_s) * offset
            self._ask("servo", np.rad2deg(target).tolist())
            if at_s == end_s:
                return
            self.clock.sleep_until(start_s + at_s + _STEP_S)
            at_s = min(end_s, self.clock.now_s() - start_s)

    def _settle(self, goal: FloatArray) -> None:
        give_up_s = self.clock.now_s() + _SETTLES_S
        while True:
            state = self.state()
            away_rad = np.abs(state.joints - goal).max()
            if away_rad < _ARRIVED_RAD and np.abs(state.V_BE_E).max() < _RESTING:
                return
            if self.clock.now_s() > give_up_s:
                raise DeviceError(f"trajectory: the arm is {away_rad:.4f} rad from its end")
            self.clock.sleep_until(self.clock.now_s() + _STEP_S)

    def _ask(self, what: str, *values: object) -> Any:
        """Have the controller do something; what breaks the connection is raised ever after."""
        if self._client is None:
            raise NotConnectedError(f"{self._address}: not connected, use it inside `with`")
        self._fault.require_none()
        try:
            return getattr(self._client, what)(*values)
        except OSError as error:
            self._fault.set(NotConnectedError(f"{self._address}: lost ({error}); connect anew"))
            self._fault.require_none()

    def _halt_if_possible(self) -> None:
        try:
            self.stop()
        except DeviceError as error:  # the controller's watchdog stops an arm without us
            _log.error("%s: was not told to stop: %s", self._address, error)

    def _hang_up(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()
