"""The xArm gripper of UFACTORY, at the end of an xArm."""

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any, Self

import numpy as np

from hardware import ufactory_sdk
from hardware.fault_latch import FaultLatch
from mt3.errors import (
    ConfigurationError,
    DeviceError,
    GeometryError,
    NotConnectedError,
    StaleDataError,
)
from mt3.interfaces import GripperState
from mt3.types import require_bool

_log = logging.getLogger(__name__)

# Source: xarm-python-sdk 1.18.4, ``set_gripper_position``, and the xArm Gripper User Manual:
# position in pulses, 0 closed, 850 open (85 mm); speed in r/min, at most 5000.
_OPEN_PULSES = 850
_FASTEST_RPM = 5000
_POSITION_MODE = 0
_GRIPPER_HAS_FAULT = 102
_STATUS_MASK, _MOVING = 0x03, 0x01
_LEAST_FIRMWARE = (3, 4, 3)  # of the gripper; older ones do not say whether they move

_PERIOD_S = 0.05
_MAX_AGE_S = 0.5  # the gripper is asked over the arm's serial line
_JOIN_TIMEOUT_S = 3.0


class UfactoryGripper:
    """The xArm gripper, over a connection of its own to the arm's controller.

    The controller serves several clients. So the gripper shares nothing with the arm's driver, and
    its slow serial line holds up no twist. A thread talks to it; no call waits.

    Args:
        address: IPv4 address of the arm's controller.
        speed_rpm: Speed of its motor, up to 5000.
        clear_errors: Clear the gripper's error when connecting.

    Raises:
        ConfigurationError: No such address or speed.
    """

    def __init__(
        self, address: str, speed_rpm: int = _FASTEST_RPM, clear_errors: bool = False
    ) -> None:
        if not 1 <= speed_rpm <= _FASTEST_RPM:
            raise ConfigurationError(
                f"speed_rpm: got {speed_rpm}, expected 1 to {_FASTEST_RPM} r/min"
            )
        require_bool("clear_errors", clear_errors)
        self._address = ufactory_sdk.require_address(address)
        self._speed_rpm = speed_rpm
        self._clear_errors = clear_errors
        self._fingers: _Fingers | None = None

    def __enter__(self) -> Self:
        """Connect, enable the gripper, and leave the fingers where they are.

        Raises:
            NotConnectedError: Nobody answers at the address.
            DeviceError: There is no gripper, or it has an error.
        """
        api = ufactory_sdk.connect(self._address)
        fingers = _Fingers(api)
        try:
            if self._clear_errors:
                api.clean_gripper_error()
            _require_firmware(api)
            _require(api, api.set_gripper_mode(_POSITION_MODE), "gripper mode")
            _require(api, api.set_gripper_enable(True), "gripper enable")
            _require(api, api.set_gripper_speed(self._speed_rpm), "gripper speed")
            fingers.start()
        except BaseException:
            fingers.close()
            raise
        self._fingers = fingers
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        fingers = self._connected()
        self._fingers = None
        fingers.hold()
        fingers.close()

    def state(self) -> GripperState:
        """The newest state; the gripper is asked at 20 Hz.

        Raises:
            NotConnectedError: Outside the ``with`` block, or the connection was lost.
            StaleDataError: It has not answered for 0.5 s.
            DeviceError: It has an error.
        """
        return self._connected().state()

    def command(self, opening: float) -> None:
        """Begin to move to a fraction, 0 closed and 1 open; a grasped object stops the fingers.

        Raises:
            GeometryError: No fraction.
        """
        fingers = self._connected()
        if not 0.0 <= opening <= 1.0:
            raise GeometryError(f"opening: got {opening}, expected a fraction from 0 to 1")
        fingers.command(opening)

    def stop(self) -> None:
        """Stop the fingers where they are; those that stand still keep their grip."""
        self._connected().hold()

    def _connected(self) -> "_Fingers":
        if self._fingers is None:
            raise NotConnectedError(f"gripper at {self._address}: used outside its with block")
        return self._fingers


class _Fingers:
    """The thread that talks to the gripper."""

    def __init__(self, api: Any) -> None:  # noqa: ANN401
        self._api = api
        self._fault = FaultLatch()
        self._command: float | None = None  # None before the first one
        self._wish: Callable[[], None] | None = None
        self._state: GripperState | None = None
        self._closing = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="xarm gripper", daemon=True)

    def start(self) -> None:
        self._read()
        self._thread.start()

    def close(self) -> None:
        self._closing = True
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(_JOIN_TIMEOUT_S)
        self._api.disconnect()

    def state(self) -> GripperState:
        self._fault.require_none()
        state = self._state
        age_s = np.inf if state is None else time.monotonic() - state.t_s
        if state is None or age_s > _MAX_AGE_S:
            raise StaleDataError(
                f"gripper: got a state {age_s:.2f} s old, expected at most {_MAX_AGE_S} s; check "
                "the cable to the controller"
            )
        command = state.opening if self._command is None else self._command
        return GripperState(state.t_s, state.opening, command)

    def command(self, opening: float) -> None:
        self._fault.require_none()
        self._command = opening
        self._wish = partial(self._go_to, round(opening * _OPEN_PULSES))
        self._wake.set()

    def hold(self) -> None:
        self._wish = self._brake
        self._wake.set()

    def _run(self) -> None:
        try:
            while True:
                self._carry_out()
                if self._closing:
                    return
                self._read()
                self._wake.wait(_PERIOD_S)
                self._wake.clear()
        except Exception as error:
            self._fault.set(error)
            _log.exception("the connection to the gripper ended")

    def _carry_out(self) -> None:
        wish, self._wish = self._wish, None
        if wish is not None:
            wish()

    def _go_to(self, pulses: int) -> None:
        code = self._api.set_gripper_position(pulses, wait=False, wait_motion=False)
        _require(self._api, code, "gripper position")

    def _brake(self) -> None:
        """Make the place where the fingers are their goal, unless they rest or hold something."""
        code, status = self._api.get_gripper_status()
        _require(self._api, code, "gripper status")
        if status & _STATUS_MASK == _MOVING:
            self._go_to(self._read())

    def _read(self) -> int:
        asked_s = time.monotonic()
        answer = self._api.get_gripper_position()  # a bare code where the gripper has a fault
        code, pulses = answer if isinstance(answer, tuple) else (answer, None)
        _require(self._api, code, "gripper position")
        if pulses is None:
            _require(self._api, self._api.get_gripper_err_code()[0], "gripper position")
            raise DeviceError("gripper position: got none, expected pulses; is it plugged in?")
        t_s = 0.5 * (asked_s + time.monotonic())
        self._state = GripperState(t_s, pulses / _OPEN_PULSES, pulses / _OPEN_PULSES)
        return int(pulses)


def _require_firmware(api: Any) -> None:  # noqa: ANN401
    code, version = api.get_gripper_version()
    _require(api, code, "gripper version")
    if tuple(map(int, version.split("."))) < _LEAST_FIRMWARE:
        raise DeviceError(
            f"gripper firmware: got {version}, expected at least "
            f"{'.'.join(map(str, _LEAST_FIRMWARE))}; update it in UFACTORY Studio"
        )


def _require(api: Any, code: int, what: str) -> None:  # noqa: ANN401
    """Raise unless the gripper did it; its own fault is named."""
    if code == _GRIPPER_HAS_FAULT:
        _, fault = api.get_gripper_err_code()
        raise DeviceError(
            f"{what}: got the gripper's error {fault}, expected none; take away what blocks it, "
            "then connect once with scene.gripper.clear_errors=true"
        )
    ufactory_sdk.require(api, code, what)
