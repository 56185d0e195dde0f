"""Connecting to a Franka controller, and saying why it failed.

Franka's control interface (FCI) listens on TCP 1337 for the arm and 1338 for the hand, but only
while it is activated in Desk, and serves one client at a time.
"""

import socket
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

from mt3.errors import DeviceError, NotConnectedError

ARM_PORT = 1337
HAND_PORT = 1338
_PATIENCE_S = 5.0  # libfranka waits for ever where nobody answers; a robot takes about a second
_PROBE_S = 2.0


def open_connection(vendor: ModuleType, build: Callable[[], Any], address: str, port: int) -> Any:  # noqa: ANN401  # franky has no types
    """What ``build`` makes, which connects to a controller as it is made.

    Args:
        vendor: franky.
        build: Makes one of franky's objects.
        address: Host name or IP address, for messages and for finding out what is wrong.
        port: The object's port.

    Raises:
        NotConnectedError: Nobody at that address, FCI not active, or another client connected.
        DeviceError: The controller refuses, speaks another version, or wants a realtime kernel.
    """
    made: list[Any] = []
    failed: list[Exception] = []

    def connect() -> None:
        try:
            made.append(build())
        except Exception as error:  # handed to the caller's thread
            failed.append(error)

    thread = threading.Thread(target=connect, name="franka-connect", daemon=True)
    thread.start()
    thread.join(_PATIENCE_S)
    if made:
        return made[0]
    error = failed[0] if failed else None
    if error is None or isinstance(error, vendor.NetworkException):
        raise NotConnectedError(_reason(address, port, error)) from error
    raise DeviceError(f"{address}: {_refusal(vendor, error)}") from error


def _reason(address: str, port: int, error: Exception | None) -> str:
    """Why nobody answered; asked only after the attempt, so that a robot is not disturbed."""
    got = f"{address}:{port}: got {error or f'no answer in {_PATIENCE_S:.0f} s'}, expected a Franka"
    try:
        socket.create_connection((address, port), _PROBE_S).close()
    except ConnectionRefusedError:
        return (
            f"{got}; the machine is there but its FCI is not: unlock the joints and activate FCI "
            "in Desk, and for the hand choose it as the end effector there"
        )
    except OSError as probe:
        return (
            f"{got}; nobody is at that address ({probe}): correct `address`, check the cable to "
            "the control box and this machine's own address in the robot's network"
        )
    return f"{got}; another program holds its FCI: end that program"


def _refusal(vendor: ModuleType, error: Exception) -> str:
    """What to do about a controller that answered, but refused."""
    if isinstance(error, vendor.RealtimeException):
        return (
            f"got a kernel without realtime ({error}), expected one: install a PREEMPT_RT kernel, "
            "or set scene.arm.require_realtime_kernel=false and accept that a busy machine loses "
            "packets, which stops the arm"
        )
    if isinstance(error, vendor.IncompatibleVersionException):
        return (
            f"got {error}, expected the same version: install the franky wheel that its "
            "documentation lists for this robot's system version"
        )
    if isinstance(error, vendor.CommandException):
        return (
            f"the controller refused its settings ({error}): release the user stop, unlock the "
            "joints, activate FCI in Desk, and end other programs"
        )
    return f"could not connect ({error})"
