"""UFACTORY's client library, connected within bounds and kept off stdout.

The library (xarm-python-sdk 1.18.4) has habits that do not suit a program:

* It prints, and its two loggers write to stdout (``x3/base.py``, ``core/utils/log.py``).
* It asks a controller that does not answer for its version for minutes (``_check_version``).
* It takes an address that is no IPv4 address for a serial port (``Base.connect``).
* It prefers a Unix socket of a fixed name to the address that was given (``SocketPort``).
* It changes the default timeout of every socket of the process (``SocketPort``).
"""

import contextlib
import ipaddress
import logging
import socket
import struct
import sys
import time
from types import ModuleType, SimpleNamespace
from typing import Any

from hardware.extra import import_extra
from mt3.errors import ConfigurationError, DeviceError, NotConnectedError

_log = logging.getLogger(__name__)

_EXTRA = "xarm"
_COMMAND_PORT = 502
_VERSION_REQUEST = struct.pack(">HHHB", 1, 2, 1, 1)
_CONNECT_TIMEOUT_S = 2.0
_ANSWER_TIMEOUT_S = 0.5
_REPORT_TIMEOUT_S = 3.0  # the report comes at 5 Hz
_PRINTING_MODULES = ("xarm.x3.base", "xarm.x3.gripper", "xarm.core.wrapper.uxbus_cmd_tcp")
_HAS_ERROR, _NOT_READY, _OUT_OF_RANGE = 1, 9, -8
_NO_CONNECTION = (-1, 3, 8)


def require_address(address: str) -> str:
    """An IPv4 address as the library takes it.

    Raises:
        ConfigurationError: Anything else, which the library would take for a serial port.
    """
    try:
        return str(ipaddress.IPv4Address(address))
    except ValueError as error:
        raise ConfigurationError(
            f"address: got {address!r}, expected the IPv4 address on the controller's label, "
            "for instance 192.168.1.203"
        ) from error


def connect(address: str) -> Any:  # noqa: ANN401
    """An ``XArmAPI`` in radians, whose first report has arrived.

    Raises:
        DeviceError: The library is not installed.
        NotConnectedError: Nobody answers there, or no controller.
    """
    wrapper = _quiet_library()
    _require_controller(address)
    api = wrapper.XArmAPI(
        address,
        is_radian=True,
        do_not_open=True,
        forbid_uds=True,
        check_is_pause=False,  # it would wait for the end of a pause for ever
        check_cmdnum_limit=False,
    )
    try:
        api.connect()
        wait_for_report(api)
    except Exception as error:  # the library raises nothing more specific
        api.disconnect()
        raise NotConnectedError(f"{address}: the controller's client gave up: {error}") from error
    api.set_timeout(_ANSWER_TIMEOUT_S)
    return api


def wait_for_report(api: Any) -> None:  # noqa: ANN401
    """Return once a report has arrived that was sent after this call.

    Raises:
        NotConnectedError: None came.
    """
    before, end_s = api.count, time.monotonic() + _REPORT_TIMEOUT_S
    while api.count == before:
        if time.monotonic() > end_s:
            raise NotConnectedError(
                f"no report on port 30002 within {_REPORT_TIMEOUT_S:.0f} s; restart the controller"
            )
        time.sleep(0.01)


def require(api: Any, code: int, what: str) -> None:  # noqa: ANN401
    """Raise unless the library says that a request was carried out.

    Args:
        api: The ``XArmAPI``.
        code: What it returned; 2 is success under a warning.
        what: The request, for the message.

    Raises:
        NotConnectedError: No answer.
        DeviceError: The controller refuses; the message says why.
    """
    if code in (0, 2):
        return
    if code in _NO_CONNECTION:
        raise NotConnectedError(
            f"{what}: got no answer within {_ANSWER_TIMEOUT_S} s (code {code}), expected one; "
            "check the cable and the controller, then connect again"
        )
    if code == _HAS_ERROR:
        require_no_error(api)
    reasons = {
        _NOT_READY: f"the controller was stopped by somebody else (state {api.state})",
        _OUT_OF_RANGE: "joints outside the arm's range",
    }
    reason = reasons.get(code, "see the library's api code documentation")
    raise DeviceError(f"{what}: got code {code}, expected 0: {reason}")


def require_no_error(api: Any) -> None:  # noqa: ANN401
    """Ask the controller for its error.

    Raises:
        NotConnectedError: No answer.
        DeviceError: It has one; the message names it.
    """
    code, (error, _) = api.get_err_warn_code()
    require(api, code, "the controller's error")
    if error == 0:
        return
    codes = import_extra("xarm.core.config.x_code", _EXTRA)
    known = codes.ControllerError(error, status=0)
    raise DeviceError(
        f"controller error {error}: {known.title['en']}. {known.description['en']} Then clear it, "
        "in UFACTORY Studio or by connecting once with scene.arm.clear_errors=true"
    )


def joint_limits(axes: int, device_type: int, serial: str) -> tuple[tuple[float, float], ...]:
    """The maker's joint limits, rad; empty for an arm the library does not know.

    Source: the rule of xarm-python-sdk 1.18.4, ``x3/xarm.py``, ``_is_out_of_joint_range``.
    """
    table = import_extra("xarm.core.config.x_config", _EXTRA).XCONF.Robot.JOINT_LIMITS
    series = int(serial[2:6]) if serial[2:6].isdigit() else 0
    key = int(f"{axes}1305") if 1305 <= series < 8500 else device_type
    return tuple(table.get(axes, {}).get(key, ()))


def _quiet_library() -> ModuleType:
    with contextlib.redirect_stdout(sys.stderr):
        wrapper = import_extra("xarm.wrapper", _EXTRA)
        own_log = import_extra("xarm.core.utils.log", _EXTRA)
    for name in _PRINTING_MODULES:
        vars(import_extra(name, _EXTRA))["print"] = _log.info
    ports = vars(import_extra("xarm.core.comm.socket_port", _EXTRA))
    ports["socket"] = SimpleNamespace(**{**vars(socket), "setdefaulttimeout": lambda _: None})
    own_log.logger.handlers.clear()
    own_log.logger.parent = _log
    own_log.logger.setLevel(logging.ERROR)  # it warns of every change of mode ...
    own_log.logger.warn = own_log.logger.warning  # ... by a method that warns of itself
    own_log.origin_logger.handlers.clear()
    return wrapper


def _require_controller(address: str) -> None:
    """Ask for the version once, before the library asks for minutes."""
    remedy = f"is the controller on, and at {address}? ping it, see docs/hardware.md"
    try:
        with socket.create_connection((address, _COMMAND_PORT), _CONNECT_TIMEOUT_S) as client:
            client.sendall(_VERSION_REQUEST)
            answer = client.recv(64)
    except TimeoutError as error:
        raise NotConnectedError(
            f"{address}: got no answer within {_CONNECT_TIMEOUT_S} s, expected one; {remedy}"
        ) from error
    except OSError as error:
        raise NotConnectedError(f"{address}: cannot connect ({error}); {remedy}") from error
    if answer[2:7] != b"\0\2" + answer[4:6] + b"\1":
        raise NotConnectedError(
            f"{address}: got an answer that is no xArm controller's ({answer[:16]!r}); {remedy}"
        )
