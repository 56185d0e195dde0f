"""The controller's wire formats: command frames on port 502, and the reports it pushes.

Source: xArm Developer Manual V1.8.5, chapter 2.1 (Modbus-TCP communication format, automatic
reporting format); fields of the reports as the maker's client names them
(xarm-python-sdk 1.18.4, ``xarm/x3/report.py``).
"""

import math
import struct
from dataclasses import dataclass

import numpy as np

ERROR_BIT, WARNING_BIT, NOT_READY_BIT, INVALID_BIT = 0x40, 0x20, 0x10, 0x08

_JOINTS = 7  # the protocol always speaks of seven; those an arm has not are zero


@dataclass(frozen=True)
class Snapshot:
    """What the controller reports of itself.

    Args:
        q: Joints, (n,), rad.
        T_base_tool: Tool centre point in the base, (4, 4), metres.
        tcp_offset: x, y, z in mm, then roll, pitch, yaw in rad.
        world_offset: Likewise.
        payload: kg, then its centre of mass, mm.
    """

    state: int
    mode: int
    error: int
    enabled: bool
    q: np.ndarray
    T_base_tool: np.ndarray
    tcp_offset: tuple
    world_offset: tuple
    payload: tuple
    axes: int
    device_type: int
    simulated: bool
    counter: int


def split(buffer: bytes) -> tuple[tuple[int, int, int, bytes] | None, bytes]:
    """First request in a buffer (transaction, protocol, register, payload), and what follows it."""
    if len(buffer) < 6:
        return None, buffer
    transaction, protocol, length = struct.unpack(">HHH", buffer[:6])
    if len(buffer) < 6 + length:
        return None, buffer
    return (transaction, protocol, buffer[6], buffer[7 : 6 + length]), buffer[6 + length :]


def answer(transaction: int, protocol: int, register: int, status: int, data: bytes) -> bytes:
    """A response frame."""
    header = struct.pack(">HHHBB", transaction, protocol, 2 + len(data), register, status)
    return header + data


def floats(values: object) -> bytes:
    """Little-endian single floats, as the controller sends every real number."""
    values = np.asarray(values, dtype=np.float64).ravel()
    return struct.pack(f"<{len(values)}f", *values)


def read_floats(data: bytes, count: int) -> np.ndarray:
    """The first ``count`` little-endian single floats."""
    return np.array(struct.unpack_from(f"<{count}f", data), dtype=np.float64)


def seven(values: np.ndarray) -> np.ndarray:
    """Joint values, padded to the protocol's seven."""
    return np.pad(values, (0, _JOINTS - len(values)))


def pose_mm_rpy(T: np.ndarray) -> list[float]:
    """x, y, z in mm, then roll, pitch, yaw about fixed axes, rad."""
    roll = math.atan2(T[2, 1], T[2, 2])
    pitch = math.atan2(-T[2, 0], math.hypot(T[0, 0], T[1, 0]))
    yaw = math.atan2(T[1, 0], T[0, 0])
    return [*(1000.0 * T[:3, 3]), roll, pitch, yaw]


def matrix(pose: tuple) -> np.ndarray:
    """(4, 4) in metres, from x, y, z in mm and roll, pitch, yaw in rad."""
    x, y, z, roll, pitch, yaw = pose
    (cr, sr), (cp, sp), (cy, sy) = ((math.cos(a), math.sin(a)) for a in (roll, pitch, yaw))
    Rx = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    Ry = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    Rz = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    T = np.eye(4)
    T[:3, :3] = Rz @ Ry @ Rx
    T[:3, 3] = np.array([x, y, z]) / 1000.0
    return T


def real_report(s: Snapshot) -> bytes:
    """The short report of port 30003, 100 Hz."""
    body = struct.pack(">BH", s.mode << 4 | s.state, 0)
    body += floats(seven(s.q)) + floats(pose_mm_rpy(s.T_base_tool)) + floats(np.zeros(_JOINTS))
    return struct.pack(">I", 4 + len(body)) + body


def normal_report(s: Snapshot, size: int = 145) -> bytes:
    """The report of port 30001, 5 Hz; with zeros behind it up to a size."""
    joints_on = (1 << s.axes) - 1 if s.enabled else 0
    body = real_report(s)[4:] + bytes([joints_on, joints_on, s.error, 0])
    body += floats(s.tcp_offset) + floats(s.payload) + bytes([3, 3]) + floats([0.0, 0.0, -1.0])
    return (struct.pack(">I", size) + body).ljust(size, b"\0")


def rich_report(s: Snapshot) -> bytes:
    """The long report of port 30002, 5 Hz."""
    report = bytearray(normal_report(s, size=587))
    report[145:147] = bytes([s.device_type, s.axes])
    report[181:221] = floats([1000.0, 1.0, 50000.0, 0.1, 1000.0, 20.0, 0.01, 20.0, 0.0001, 4.0])
    struct.pack_into(">I", report, 284, s.counter)
    report[288:312] = floats(s.world_offset)
    report[314] = s.simulated
    return bytes(report)
