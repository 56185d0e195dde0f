"""What keeps a Universal Robots arm from moving, in words.

Source: Universal Robots, "Real-Time Data Exchange (RTDE) Guide": robot_mode, robot_status_bits,
safety_status_bits.
"""

from hardware.arms.ur_client import UrClient
from mt3.errors import DeviceError

_PROGRAM_RUNS = 1 << 1  # robot_status_bits
_PROTECTIVE, _SAFEGUARD = 1 << 2, 1 << 4  # safety_status_bits
_EMERGENCY = 1 << 5 | 1 << 6 | 1 << 7  # of the system, of the robot, of any
_FAULT = 1 << 8 | 1 << 9  # violation, fault
_IDLE, _RUNNING = 5, 7  # robot_mode


def require_fit(host: str, receive: UrClient) -> None:
    """Check that power is on, brakes are off and no stop is active.

    Args:
        host: Of the controller, for messages.
        receive: Connected ``RTDEReceiveInterface``.

    Raises:
        DeviceError: What is in the way, and how to get it out.
    """
    bits = receive.getSafetyStatusBits()
    if bits & _EMERGENCY:
        raise DeviceError(
            f"{host}: the emergency stop is pressed; make sure that nobody is near, release it, "
            "start the robot on the pendant, then connect anew"
        )
    if bits & _PROTECTIVE:
        raise DeviceError(
            f"{host}: protective stop; remove its cause, unlock the robot on the pendant, then "
            "connect anew"
        )
    if bits & _SAFEGUARD:
        raise DeviceError(f"{host}: safeguard stop; close the safeguard, then connect anew")
    if bits & _FAULT:
        raise DeviceError(f"{host}: fault of the safety system; read its message on the pendant")
    mode = receive.getRobotMode()
    if mode == _IDLE:
        raise DeviceError(f"{host}: the brakes are on; release them on the pendant (Start)")
    if mode != _RUNNING:
        raise DeviceError(
            f"{host}: the robot is off or not ready (robot mode {mode}), expected {_RUNNING}, "
            "running; power it on and release the brakes on the pendant"
        )


def program_runs(receive: UrClient) -> bool:
    """Whether any program runs on the controller."""
    return bool(receive.getRobotStatus() & _PROGRAM_RUNS)
