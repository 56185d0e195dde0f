"""Which request does what; the protocol's registers by number.

Source: xArm Developer Manual V1.8.5, chapters 2.1.3 and 2.1.4; xarm-python-sdk 1.18.4,
``xarm/core/config/x_config.py``, ``UxbusReg``.
"""

import struct

import numpy as np

from ufactory.fingers import Fingers
from ufactory.frames import INVALID_BIT, floats, pose_mm_rpy, read_floats, seven
from ufactory.motion import Motion
from ufactory.xarm6 import AXES, DEVICE_TYPE

_VERSION = f"{AXES},{DEVICE_TYPE},XI1202000001,AC1202000001,v2.5.0"
_BAUD_2000000 = 11  # place in the client's list of rates
_NO_GRIPPER = 19  # controller error: nobody answers at the end of the arm


class Registers:
    """Carries out requests on the motion and the gripper."""

    def __init__(self, motion: Motion, fingers: Fingers) -> None:
        self._motion, self._fingers = motion, fingers
        self._handlers = {
            1: lambda _: _VERSION.encode().ljust(40, b"\0"),
            11: lambda data: motion.enable(bool(data[1])),
            12: lambda data: motion.set_state(data[0]),
            13: lambda _: bytes([motion.reported_state()]),
            14: lambda _: struct.pack(">H", motion.queued),
            15: lambda _: bytes([motion.error, 0]),
            16: lambda _: motion.clear_error(),
            17: lambda _: None,
            19: lambda data: motion.set_mode(data[0]),
            29: lambda data: motion.servo_to(read_floats(data, 7)[:AXES]),
            31: lambda _: None,
            32: self._set_acceleration,
            35: lambda data: motion.set_tcp_offset(tuple(read_floats(data, 6))),
            36: self._set_payload,
            41: lambda _: floats(pose_mm_rpy(motion.snapshot().T_base_tool)),
            42: self._joint_states,
            82: self._set_twist,
            124: self._gripper,
            128: lambda _: struct.pack(">i", _BAUD_2000000),
        }

    def carry_out(self, register: int, data: bytes) -> tuple[int, bytes]:
        """Status byte and data of the answer."""
        handler = self._handlers.get(register)
        if handler is None:
            return self._motion.status() | INVALID_BIT, b""
        before = self._motion.status()
        result = handler(data) or b""
        # A motion command is judged by what the arm was when it came.
        return (before if register in (29, 82) else self._motion.status()), result

    def _set_acceleration(self, data: bytes) -> None:
        self._motion.max_acceleration_m_s2 = read_floats(data, 1)[0] / 1000.0

    def _set_payload(self, data: bytes) -> None:
        self._motion.payload = tuple(read_floats(data, 4))

    def _set_twist(self, data: bytes) -> None:
        duration_s = read_floats(data[25:], 1)[0] if len(data) >= 29 else 0.0
        self._motion.set_twist(read_floats(data, 6), bool(data[24]), duration_s)

    def _joint_states(self, data: bytes) -> bytes:
        arm = self._motion.arm
        count = data[0] & 0x0F if data else 1
        rows = [seven(arm.q), seven(arm.qd), np.zeros(7)]
        return floats(np.concatenate(rows[:count]))

    def _gripper(self, data: bytes) -> bytes:
        reply = self._fingers.answer(data[1:])
        if reply is None:
            self._motion.fail(_NO_GRIPPER)
            return b""
        return data[:1] + reply
