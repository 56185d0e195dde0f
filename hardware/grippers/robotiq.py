"""Robotiq two-finger grippers at the wrist of a Universal Robots arm, over their URCap's socket."""

import logging
import socket
import threading
import time
from types import TracebackType
from typing import Self

from mt3.errors import DeviceError, GeometryError, NotConnectedError
from mt3.interfaces import GripperState
from mt3.types import require_bool, require_positive

_log = logging.getLogger(__name__)

_PORT = 63352
_PATIENCE_S = 2.0  # to connect
_ANSWER_S = 0.5
_POLL_S = 0.02
_ACTIVATION_S = 10.0
_ACTIVE = 3  # STA
_HOLDING = (1, 2)  # OBJ: stopped by something while opening, while closing
_SLOWEST_MM_S, _FASTEST_MM_S = 20.0, 150.0
_WEAKEST_N, _STRONGEST_N = 20.0, 235.0


class RobotiqGripper:
    """A 2F-85 or 2F-140; ``with`` may activate it, which moves the fingers if it was not active.

    A thread of its own talks to it, so that no call waits for the gripper. What breaks the
    connection is raised by every later call.

    Source: Robotiq, "2F-85 & 2F-140 Instruction Manual", registers: position 0 is open and 255
    closed, speed 0 to 255 is 20 to 150 mm/s, force 0 to 255 is 20 to 235 N; the URCap takes
    ``GET`` and ``SET`` of the registers by name and answers a ``SET`` with ``ack``.

    Args:
        host: Address of the arm's controller.
        speed_mm_s: Of the fingers.
        force_n: At which they stop.
        open_count: What it reports when fully open; a mounted pair of fingers may not reach 0.
        closed_count: What it reports when fully closed, likewise.
        activate: Whether to activate a gripper that is not active, on ``with``; it then opens and
            closes once. Without it such a gripper takes no command, and nothing moves.
    """

    def __init__(
        self,
        host: str,
        speed_mm_s: float = 80.0,
        force_n: float = 60.0,
        open_count: int = 0,
        closed_count: int = 255,
        activate: bool = True,
    ) -> None:
        require_bool("activate", activate)
        require_positive("closed_count - open_count", closed_count - open_count)
        self._host = host
        self._speed = _register("speed_mm_s", speed_mm_s, _SLOWEST_MM_S, _FASTEST_MM_S)
        self._force = _register("force_n", force_n, _WEAKEST_N, _STRONGEST_N)
        self._counts = (open_count, closed_count)
        self._may_activate = activate
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        if self._socket is not None:
            raise DeviceError(f"{self._host}: got a second with, expected one at a time")
        self._socket = self._connect()
        try:
            self._active = self._get("STA") == _ACTIVE
            if self._may_activate and not self._active:
                self._activate()
            opening = self._opening(self._get("POS"))
        except BaseException:
            self._hang_up()
            raise
        self._state = GripperState(time.monotonic(), opening, opening)
        self._error: DeviceError | None = None
        self._asked: float | None = None  # an opening
        self._halt = self._leaving = False
        self._holding = False
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"gripper {self._host}", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            self._asked, self._halt, self._leaving = None, True, True
        self._wake.set()
        self._thread.join()
        self._hang_up()

    def state(self) -> GripperState:
        """The newest measured state.

        Raises:
            NotConnectedError: Outside the ``with`` block, or the connection was lost.
            DeviceError: The gripper reported a fault.
        """
        self._check()
        return self._state

    def command(self, opening: float) -> None:
        """Begin to move to an opening, 0 closed and 1 open; returns at once.

        Raises:
            GeometryError: Not a fraction.
            NotConnectedError: As ``state``.
            DeviceError: As ``state``; or it is not active, and was not to be activated.
        """
        self._check()
        if not self._active:
            raise DeviceError(
                f"{self._host}: the gripper is not active and scene.gripper.activate=false, so it "
                "takes no command; activate it on the pendant, or connect with "
                "scene.gripper.activate=true"
            )
        if not 0.0 <= opening <= 1.0:
            raise GeometryError(f"opening: got {opening}, expected a fraction from 0 to 1")
        with self._lock:
            self._asked, self._halt = float(opening), False
            self._state = GripperState(self._state.t_s, self._state.opening, float(opening))
        self._wake.set()

    def stop(self) -> None:
        """Stop the fingers where they are; what they hold stays held."""
        self._check()
        with self._lock:
            self._asked, self._halt = None, True
        self._wake.set()

    @property
    def _connection(self) -> socket.socket:
        if self._socket is None:
            raise NotConnectedError(f"{self._host}: not connected, use it inside its with block")
        return self._socket

    def _check(self) -> None:
        if self._connection and self._error is not None:
            raise self._error

    # The thread that talks to it.

    def _run(self) -> None:
        try:
            leaving = False
            while not leaving:
                self._wake.wait(_POLL_S)
                self._wake.clear()
                with self._lock:
                    asked, halt, leaving = self._asked, self._halt, self._leaving
                    self._asked, self._halt = None, False
                self._tell(asked, halt)
                self._poll()
        except DeviceError as error:
            self._error = error
            _log.warning("%s", error)

    def _tell(self, asked: float | None, halt: bool) -> None:
        if asked is not None:
            count = round(self._counts[1] - asked * (self._counts[1] - self._counts[0]))
            self._set(f"POS {count} SPE {self._speed} FOR {self._force} GTO 1")
        elif halt and self._active and not self._holding:
            self._set("GTO 0")
            opening = min(1.0, max(0.0, self._opening(self._get("POS"))))
            with self._lock:
                if self._asked is None:
                    self._state = GripperState(time.monotonic(), opening, opening)

    def _poll(self) -> None:
        opening = self._opening(self._get("POS"))
        self._holding = self._get("OBJ") in _HOLDING
        if fault := self._get("FLT"):
            raise DeviceError(
                f"{self._host}: the gripper reports fault {fault}; see its manual, then connect "
                "anew"
            )
        with self._lock:
            self._state = GripperState(time.monotonic(), opening, self._state.command)

    # What is said.

    def _connect(self) -> socket.socket:
        try:
            connection = socket.create_connection((self._host, _PORT), _PATIENCE_S)
        except OSError as error:
            raise NotConnectedError(
                f"{self._host}:{_PORT}: no gripper answers ({error}); install Robotiq's URCap on "
                "the pendant, and check its plug at the wrist"
            ) from error
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(_ANSWER_S)
        return connection

    def _activate(self) -> None:
        self._set("ACT 0")  # also clears a fault
        self._set("ACT 1")
        deadline_s = time.monotonic() + _ACTIVATION_S
        while (status := self._get("STA")) != _ACTIVE:
            if time.monotonic() > deadline_s:
                raise DeviceError(
                    f"{self._host}: got gripper status {status} after {_ACTIVATION_S:.0f} s, "
                    f"expected {_ACTIVE}, active; free its fingers and check its plug"
                )
            time.sleep(_POLL_S)
        self._active = True

    def _opening(self, count: int) -> float:
        opened, closed = self._counts
        return (closed - count) / (closed - opened)

    def _get(self, name: str) -> int:
        words = self._ask(f"GET {name}").split()
        if len(words) != 2 or words[0] != name or not words[1].isdigit():
            raise DeviceError(f"{self._host}: got {words} for {name}, expected its name and value")
        return int(words[1])

    def _set(self, values: str) -> None:
        if (answer := self._ask(f"SET {values}").strip()) != "ack":
            raise DeviceError(f"{self._host}: got {answer!r} for SET {values}, expected ack")

    def _ask(self, line: str) -> str:
        connection = self._connection
        try:
            connection.sendall(f"{line}\n".encode())
            answer = connection.recv(1024)
        except OSError as error:
            raise NotConnectedError(
                f"{self._host}:{_PORT}: the gripper was lost ({error}); connect anew"
            ) from error
        if not answer:
            raise NotConnectedError(f"{self._host}:{_PORT}: the gripper hung up; connect anew")
        return answer.decode("ascii", "replace")

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _register(name: str, value: float, least: float, most: float) -> int:
    """A physical value as the register's 0 to 255."""
    require_positive(name, value)
    return round(255 * min(1.0, max(0.0, (value - least) / (most - least))))
