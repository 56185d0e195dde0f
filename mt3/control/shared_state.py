"""What operator and control process know of each other at every moment, in shared memory.

The operator's sign of life and wish to stop go one way; the newest states of the robot go the
other. Nobody waits for anybody.
"""

import pickle
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.context import SpawnContext
from typing import Any

from mt3.errors import DeviceError, NotConnectedError
from mt3.interfaces import ArmState, GripperState

_CAPACITY = 1 << 14
_SLOTS = 256  # more than a second, at the 200 Hz of the control process
_HEADER = struct.Struct("<QII")  # number, bytes, checksum
_READS = 100  # of a snapshot that is being written; one write takes microseconds


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The robot as the control process last saw it.

    Args:
        t_s: When it was written, on the monotonic clock.
        arm: Newest state of the arm; None where there is none, and ``error`` says why.
        gripper: Newest state of the gripper; likewise.
        guided: Whether a hand moves the arm.
        interventions: Commands that the safety gate changed, by limit.
        error: What reading the states raised.
    """

    t_s: float
    arm: ArmState | None = None
    gripper: GripperState | None = None
    guided: bool = False
    interventions: dict[str, int] = field(default_factory=dict)
    error: DeviceError | None = None


class SharedState:
    """Shared between exactly two processes; handed to the second one when it is started.

    Args:
        context: Of the processes.
    """

    def __init__(self, context: SpawnContext) -> None:
        self._beat_s: Any = context.RawValue("d", 0.0)
        self._stop: Any = context.RawValue("b", 0)
        self._cancelled: Any = context.RawValue("Q", 0)
        self._written: Any = context.RawValue("Q", 0)
        self._slots: Any = context.RawArray("c", _SLOTS * _CAPACITY)

    @property
    def beat_s(self) -> float:
        """When the operator's program last gave a sign of life."""
        return float(self._beat_s.value)

    @beat_s.setter
    def beat_s(self, t_s: float) -> None:
        self._beat_s.value = t_s

    @property
    def stop(self) -> bool:
        """Whether the operator wants the arm to rest from now on, whatever is asked."""
        return bool(self._stop.value)

    @stop.setter
    def stop(self, stop: bool) -> None:
        self._stop.value = int(stop)

    @property
    def cancelled(self) -> int:
        """Number of the newest request that is no longer wanted, nor are those before it."""
        return int(self._cancelled.value)

    @cancelled.setter
    def cancelled(self, number: int) -> None:
        self._cancelled.value = number

    def publish(self, snapshot: Snapshot) -> None:
        """Write the newest snapshot; only the control process does."""
        data = pickle.dumps(snapshot, protocol=pickle.HIGHEST_PROTOCOL)
        if len(data) + _HEADER.size > _CAPACITY:
            raise DeviceError(f"snapshot: got {len(data)} bytes, expected at most {_CAPACITY}")
        number = self._written.value
        start = number % _SLOTS * _CAPACITY
        header = _HEADER.pack(number, len(data), zlib.crc32(data))
        self._slots[start : start + _HEADER.size + len(data)] = header + data
        self._written.value = number + 1

    def read(self) -> Snapshot:
        """The newest whole snapshot.

        Raises:
            NotConnectedError: None was written yet.
        """
        for _ in range(_READS):
            snapshot = self._read(self._written.value - 1)
            if snapshot is not None:
                return snapshot
        raise NotConnectedError("control: no state of the robot was written yet")

    def read_since(self, t_s: float) -> Sequence[Snapshot]:
        """Whole snapshots written after a time, as far as they are remembered, oldest first."""
        newest = self._written.value - 1
        found: list[Snapshot] = []
        for number in range(newest, max(newest - _SLOTS, -1), -1):
            snapshot = self._read(number)
            if snapshot is None or snapshot.t_s <= t_s:
                break
            found.append(snapshot)
        return found[::-1]

    def _read(self, number: int) -> Snapshot | None:
        """The snapshot of a number; None where another one was written there."""
        start = number % _SLOTS * _CAPACITY
        found, size, checksum = _HEADER.unpack(self._slots[start : start + _HEADER.size])
        start += _HEADER.size
        data = self._slots[start : start + min(size, _CAPACITY)]
        if number < 0 or found != number or zlib.crc32(data) != checksum:
            return None
        snapshot: Snapshot = pickle.loads(data)  # our own process wrote it
        return snapshot
