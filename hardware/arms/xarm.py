"""UFACTORY xArm 6, xArm 7, Lite 6 and 850."""

import logging
from functools import partial
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from hardware import ufactory_sdk
from hardware.arms import xarm_checks
from hardware.arms.xarm_keeper import XArmKeeper
from hardware.arms.xarm_link import Mode, XArmLink
from mt3.control.monotonic_clock import MonotonicClock
from mt3.errors import ConfigurationError, DeviceError, NotConnectedError
from mt3.interfaces import ArmState, Clock, JointTrajectory
from mt3.tool import ToolFrame
from mt3.types import FloatArray, frozen_array, require_bool

_log = logging.getLogger(__name__)

_STEP_S = 0.01  # joint targets at 100 Hz, as the maker's user manual asks for
_START_TOLERANCE_RAD = 0.02
_LEASH_RAD = 0.2
_ARRIVED_RAD, _RESTING = 2e-3, 0.01
_SETTLE_S = 1.0


class UfactoryArm:
    """An arm behind an xArm controller.

    Twists go through the controller's Cartesian velocity mode with a time limit of 50 ms each, so
    that the arm comes to rest without us too; a thread renews the last twist for 0.1 s. Joint
    trajectories go through its servo mode, where it holds the last target. Any error ends the
    connection: leave and enter ``with`` again.

    Args:
        address: IPv4 address of the controller.
        model: One of ``xarm6``, ``xarm7``, ``lite6``, ``uf850``.
        tool: What the controller must have been told of the tool.
        lower: Lower joint limits that the rest of the stack relies on, (n,), rad.
        upper: Upper joint limits, (n,), rad.
        acceleration_m_s2: By which the controller changes a twist. It stays set until the
            controller restarts.
        clear_errors: Clear the controller's error and enable the motors when connecting.
        clock: Of the joint trajectories; its time is CLOCK_MONOTONIC.

    Raises:
        ConfigurationError: No such model, no such address, limits of another joint count, or
            a choice neither true nor false.
    """

    def __init__(
        self,
        address: str,
        model: str,
        tool: ToolFrame,
        lower: npt.ArrayLike,
        upper: npt.ArrayLike,
        acceleration_m_s2: float = 10.0,
        clear_errors: bool = False,
        clock: Clock | None = None,
    ) -> None:
        if model not in xarm_checks.MODELS:
            raise ConfigurationError(
                f"model: got {model!r}, expected one of {', '.join(xarm_checks.MODELS)}"
            )
        require_bool("clear_errors", clear_errors)
        self.clock: Clock = clock or MonotonicClock()
        self._address = ufactory_sdk.require_address(address)
        self._model = model
        self._axes = xarm_checks.MODELS[model][0]
        self._tool = tool
        self._lower = self._joint_values("lower", lower)
        self._upper = self._joint_values("upper", upper)
        self._acceleration_m_s2 = acceleration_m_s2
        self._clear_errors = clear_errors
        self._link: XArmLink | None = None
        self._keeper: XArmKeeper | None = None

    def __enter__(self) -> Self:
        """Connect, check the controller, and hold still.

        Raises:
            NotConnectedError: Nobody answers at the address.
            ConfigurationError: Arm, tool or limits are not those of the configuration.
            DeviceError: The controller has an error, or is not ready to be moved.
        """
        api = ufactory_sdk.connect(self._address)
        link = XArmLink(api, self._axes)
        keeper = XArmKeeper(link)
        try:
            if self._clear_errors:
                xarm_checks.clear_errors(api)
            xarm_checks.require_fit(api, self._model)
            xarm_checks.require_tool(api, self._tool)
            xarm_checks.require_limits(api, self._lower, self._upper)
            code = api.set_tcp_maxacc(1000.0 * self._acceleration_m_s2)
            ufactory_sdk.require(api, code, "acceleration")
            link.enter(Mode.CARTESIAN_VELOCITY)  # now, because it would delay the first twist
            keeper.start()
        except BaseException:
            keeper.close()
            link.close()
            raise
        self._link, self._keeper = link, keeper
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        link, keeper = self._connected()
        self._link = self._keeper = None
        try:
            keeper.do(link.halt)
        except DeviceError as error:
            # The controller's own time limit stops an arm that cannot be reached.
            _log.error("the arm was not told to stop: %s", error)
        finally:
            keeper.close()
            link.close()

    def state(self) -> ArmState:
        """The newest state, at most 0.3 s old; the controller is asked at 100 Hz.

        Raises:
            NotConnectedError: Outside the ``with`` block, or the connection was lost.
            StaleDataError: The controller has not answered for 0.3 s.
            DeviceError: The controller has an error.
        """
        return self._connected()[1].state()

    def command_twist(self, V_BE_E: FloatArray) -> None:
        """Move along a twist of E in B, in E, until the next command or for 0.1 s.

        Args:
            V_BE_E: (6,), m/s then rad/s.

        Raises:
            GeometryError: Wrong shape, NaN or infinity; the arm keeps its last command.
            DeviceError: A hand guides the arm, or an earlier command failed.
        """
        link, keeper = self._connected()
        if link.mode is Mode.MANUAL:
            raise DeviceError("a twist: got one in manual mode; end the free-drive first")
        keeper.command(frozen_array("V_BE_E", V_BE_E, (6,)))

    def follow(self, trajectory: JointTrajectory) -> None:
        """Move along a joint trajectory and wait until the arm rests at its end.

        A step that comes late delays the rest of them, so that the arm never jumps.

        Raises:
            DeviceError: It does not start at the measured joints, or the arm fell behind.
        """
        link, keeper = self._connected()
        measured = self._start_of(trajectory)
        try:
            keeper.do(partial(link.enter, Mode.SERVO))
            self._stream(trajectory, measured)
            self._wait_for_rest(trajectory.joints[-1])
            keeper.do(partial(link.enter, Mode.CARTESIAN_VELOCITY))
        except BaseException:  # Ctrl-C too must leave a resting arm
            self._halt_after_error()
            raise

    def stop(self) -> None:
        """Brake hard, and hold still until the next command.

        Raises:
            NotConnectedError: Outside the ``with`` block, or the connection was lost.
        """
        link, keeper = self._connected()
        keeper.do(link.halt)

    def begin_freedrive(self) -> None:
        """Let a hand move the arm, in the controller's manual mode.

        Raises:
            DeviceError: The controller refuses.
        """
        link, keeper = self._connected()
        keeper.do(partial(link.enter, Mode.MANUAL))

    def end_freedrive(self) -> None:
        """Hold still again; does nothing where no hand moves the arm."""
        link, keeper = self._connected()
        if link.mode is Mode.MANUAL:
            keeper.do(partial(link.enter, Mode.CARTESIAN_VELOCITY))

    def _connected(self) -> tuple[XArmLink, XArmKeeper]:
        if self._link is None or self._keeper is None:
            raise NotConnectedError(
                f"{self._model} at {self._address}: used outside its with block"
            )
        return self._link, self._keeper

    def _joint_values(self, name: str, values: npt.ArrayLike) -> FloatArray:
        count = np.size(values)
        if count != self._axes:
            raise ConfigurationError(
                f"{name}: got {count} joint limits, expected {self._axes} for {self._model}"
            )
        return frozen_array(name, values, (self._axes,))

    def _start_of(self, trajectory: JointTrajectory) -> FloatArray:
        """The measured joints, where a trajectory has to start."""
        measured = self.state().joints
        count = trajectory.joints.shape[1]
        if count != len(measured):
            raise DeviceError(f"trajectory: got {count} joints, expected {len(measured)}")
        apart_rad = np.abs(trajectory.joints[0] - measured).max()
        if apart_rad > _START_TOLERANCE_RAD:
            raise DeviceError(
                f"trajectory: got a start {apart_rad:.3f} rad from the measured joints, expected "
                f"at most {_START_TOLERANCE_RAD} rad"
            )
        return measured

    def _stream(self, trajectory: JointTrajectory, measured: FloatArray) -> None:
        """Send targets from the measured joints on; what separates them from the start fades."""
        link, keeper = self._connected()
        end_s = trajectory.t_s[-1]
        count = int(np.ceil(end_s / _STEP_S))
        times_s = np.minimum(np.arange(count + 1) * _STEP_S, end_s)
        path = [np.interp(times_s, trajectory.t_s, column) for column in trajectory.joints.T]
        fading = np.outer(1.0 - times_s / end_s, measured - trajectory.joints[0])
        due_s = self.clock.now_s()
        for target in np.stack(path, axis=1) + fading:
            keeper.do(partial(link.send_joints, target))
            self._require_on_leash(keeper.state().joints, target)
            due_s = max(due_s + _STEP_S, self.clock.now_s())
            self.clock.sleep_until(due_s)

    def _require_on_leash(self, joints: FloatArray, target: FloatArray) -> None:
        behind_rad = np.abs(joints - target).max()
        if behind_rad > _LEASH_RAD:
            raise DeviceError(
                f"the arm fell {behind_rad:.2f} rad behind its trajectory, expected at most "
                f"{_LEASH_RAD} rad; is something in its way?"
            )

    def _wait_for_rest(self, goal: FloatArray) -> None:
        give_up_s = self.clock.now_s() + _SETTLE_S
        while True:
            state = self.state()
            away_rad = np.abs(state.joints - goal).max()
            if away_rad < _ARRIVED_RAD and np.abs(state.V_BE_E).max() < _RESTING:
                return
            if self.clock.now_s() > give_up_s:
                raise DeviceError(
                    f"the arm rests {away_rad:.4f} rad from the end of its trajectory, expected "
                    f"less than {_ARRIVED_RAD} rad"
                )
            self.clock.sleep_until(self.clock.now_s() + _STEP_S)

    def _halt_after_error(self) -> None:
        try:
            self.stop()
        except DeviceError as error:
            _log.error("the arm was not told to stop: %s", error)
