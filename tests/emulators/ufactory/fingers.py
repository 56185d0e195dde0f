"""The xArm gripper: a Modbus slave behind the controller, whose fingers take their time.

Source: xArm Gripper User Manual, chapter 3 (registers); xarm-python-sdk 1.18.4,
``xarm/core/config/x_config.py``, ``ServoConf``.
"""

import math
import struct

_SLAVE, _READ, _WRITE = 8, 0x03, 0x10
_STATUS, _ERROR, _ENABLE, _CLEAR, _SPEED = 0x0000, 0x000F, 0x0100, 0x0109, 0x0303
_TARGET, _POSITION, _VERSION = 0x0700, 0x0702, 0x0801

_OPEN_PULSES = 850
_PULSES_PER_S_AND_RPM = 0.22  # about 0.8 s for the whole way at 5000 r/min
_STOPPED, _MOVING, _CAUGHT = 0, 1, 2


class Fingers:
    """Registers and motion; time comes from outside.

    Args:
        now_s: Now.
        fitted: Whether there is a gripper at all.
    """

    def __init__(self, now_s: float, fitted: bool = True) -> None:
        self.fitted = fitted
        self._now_s = now_s
        self.start_again()

    def start_again(self) -> None:
        """Be open and switched off, without a fault."""
        self.error = 0
        self.position = self._target = float(_OPEN_PULSES)
        self.obstacle_opening: float | None = None
        self._speed_rpm, self._enabled = 1500, False

    @property
    def opening(self) -> float:
        """Fraction, 0 closed and 1 open."""
        return self.position / _OPEN_PULSES

    def advance(self, now_s: float) -> None:
        """Move on to a moment."""
        reach = self._speed_rpm * _PULSES_PER_S_AND_RPM * (now_s - self._now_s)
        self._now_s = now_s
        goal = max(self._target, min(self._wall(), self.position))
        self.position += max(-reach, min(reach, goal - self.position))

    def answer(self, request: bytes) -> bytes | None:
        """Answer a Modbus request without its checksum; None where nobody answers."""
        if not self.fitted or request[0] != _SLAVE:
            return None
        function, address, count = struct.unpack(">BHH", request[1:6])
        if function == _READ:
            words = b"".join(struct.pack(">H", self._read(address + k)) for k in range(count))
            return bytes([_SLAVE, _READ, len(words)]) + words
        self._write(address, int.from_bytes(request[7 : 7 + request[6]], "big"))
        return request[:6]

    def _read(self, address: int) -> int:
        position = round(self.position) & 0xFFFFFFFF
        registers = {
            _STATUS: self._status(),
            _ERROR: self.error,
            _ENABLE: int(self._enabled),
            _POSITION: position >> 16,
            _POSITION + 1: position & 0xFFFF,
            _VERSION: 3,
            _VERSION + 1: 4,
            _VERSION + 2: 3,
        }
        return registers.get(address, 0)

    def _write(self, address: int, value: int) -> None:
        if address == _ENABLE:
            self._enabled = bool(value)
        elif address == _CLEAR:
            self.error = 0
        elif address == _SPEED:
            self._speed_rpm = value
        elif address == _TARGET and self._enabled:
            value = value - (1 << 32) if value >= 1 << 31 else value
            self._target = float(min(max(value, -10), _OPEN_PULSES))

    def _status(self) -> int:
        if abs(self._target - self.position) < 1.0:
            return _STOPPED
        return _CAUGHT if self.position < self._wall() + 1.0 else _MOVING

    def _wall(self) -> float:
        """Where the closing fingers stop, in pulses."""
        return -math.inf if self.obstacle_opening is None else self.obstacle_opening * _OPEN_PULSES
