"""The whole controller: ports, motion, gripper, and a back door for tests and benches."""

import contextlib
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ufactory.fingers import Fingers
from ufactory.frames import answer, normal_report, real_report, rich_report, split
from ufactory.motion import Motion
from ufactory.registers import Registers
from ufactory.sockets import COMMANDS, NORMAL, REAL, RICH, Pacer, Port
from ufactory.xarm6 import START

_TICK_HZ, _REAL_HZ, _SLOW_HZ = 250.0, 100.0, 5.0


class Controller:
    """An xArm 6 controller at an address of its own; the client's ports are fixed.

    ``start`` and ``stop`` are for ``EmulatorProcess``; all else is the back door.

    Args:
        host: Loopback address; ports below 1024 take root or CAP_NET_BIND_SERVICE.
        gripper: Whether an xArm gripper is fitted.
        q: Joints at the start, (6,), rad.
        tcp_offset: Of the controller: x, y, z in metres, then roll, pitch, yaw in rad.
        payload_kg: Mass of the tool that the controller knows.
        payload_cog: Its centre of mass in the flange, metres.
    """

    def __init__(
        self,
        host: str = "127.0.0.3",
        gripper: bool = True,
        q: Sequence[float] = START,
        tcp_offset: Sequence[float] = (0.0, 0.0, 0.172, 0.0, 0.0, 0.0),
        payload_kg: float = 0.82,
        payload_cog: Sequence[float] = (0.0, 0.0, 0.048),
    ) -> None:
        self.host = host
        self._lock = threading.RLock()
        offset_mm_rad = (*(1000.0 * x for x in tcp_offset[:3]), *tcp_offset[3:])
        payload_kg_mm = (payload_kg, *(1000.0 * x for x in payload_cog))
        self.motion = Motion(time.monotonic(), q, offset_mm_rad, payload_kg_mm)
        self.fingers = Fingers(time.monotonic(), gripper)
        self._registers = Registers(self.motion, self.fingers)
        self._delay_s, self._deaf = 0.0, False
        self._ports: list[Port] = []

    def start(self) -> None:
        """Open the ports and let time pass."""
        self._running = True
        threading.Thread(target=self._tick, daemon=True).start()
        self._ports = [
            Port(self.host, COMMANDS, self._serve_commands),
            Port(self.host, NORMAL, self._reporter(normal_report, _SLOW_HZ)),
            Port(self.host, RICH, self._reporter(rich_report, _SLOW_HZ)),
            Port(self.host, REAL, self._reporter(real_report, _REAL_HZ)),
        ]

    def stop(self) -> None:
        """Close the ports."""
        self._running = False
        for port in self._ports:
            port.close()

    # Truth.

    def joints(self) -> np.ndarray:
        """Joints now, (6,), rad."""
        with self._now():
            return self.motion.arm.q.copy()

    def pose(self) -> np.ndarray:
        """Tool centre point in the base now, (4, 4), metres."""
        with self._now():
            return self.motion.arm.pose()

    def moves(self) -> bool:
        """Whether the controller commands a motion now."""
        with self._now():
            return self.motion.moves()

    def opening(self) -> float:
        """Of the gripper now, a fraction: 0 closed, 1 open."""
        with self._now():
            return self.fingers.opening

    def mode_and_state(self) -> tuple[int, int]:
        """The controller's mode and state."""
        with self._now():
            return self.motion.mode, self.motion.reported_state()

    def commands(self) -> list:
        """Motion commands so far: ("twist", t_s, values, duration) or ("joints", t_s, q)."""
        with self._lock:
            return list(self.motion.commands)

    def log(self, since_s: float = 0.0) -> dict[str, np.ndarray]:
        """Per control cycle, on ``time.monotonic``: when, last packet received, joints, speeds."""
        with self._now():
            rows = [row for row in self.motion.ticks if row[0] >= since_s]
        names = ("t_s", "last_packet_s", "q", "qd")
        return {name: np.array([row[k] for row in rows]) for k, name in enumerate(names)}

    def client_count(self) -> int:
        """Clients of the command port."""
        return self._ports[0].client_count

    # The world.

    def reset(self) -> None:
        """Everything as at the start, and every client gone."""
        for port in self._ports:
            port.drop()
        with self._now():
            self.motion.start_again()
            self.fingers.start_again()
        self.mend()

    def tell(self, method: str, *args: object) -> object:
        """Call a method of the motion, at this moment."""
        with self._now():
            return getattr(self.motion, method)(*args)

    def set_up(self, values: dict) -> None:
        """Set attributes of the motion as they would be before a client connects."""
        with self._now():
            for name, value in values.items():
                setattr(self.motion, name, value)

    def place(self, q: Sequence[float]) -> None:
        """Put the joints somewhere, (6,), rad."""
        with self._now():
            self.motion.arm.place(np.array(q))

    def hand_moves(
        self, q: Sequence[float], qd: Sequence[float] = (0.0,) * 6, t_s: float = math.inf
    ) -> None:
        """A hand has the joints at q, rad, at a time, and moves them on at qd, rad/s.

        Only in manual mode does the arm give way.
        """
        with self._now():
            self.motion.hand_moves(q, qd, t_s)

    def set_obstacle(self, opening: float | None) -> None:
        """Something between the fingers, at which they stop."""
        with self._now():
            self.fingers.obstacle_opening = opening

    def break_gripper(self, error: int) -> None:
        """A fault of the gripper itself."""
        self.fingers.error = error

    # The network.

    def cut(self) -> float:
        """Reset all connections, and serve no more; says when."""
        for port in self._ports:
            port.refusing = True
            port.drop()
        return time.monotonic()

    def fall_silent(self) -> float:
        """Half-open: nothing is taken or sent, and nothing closed; says when."""
        with self._lock:
            self._deaf = True
        return time.monotonic()

    def delay(self, seconds: float) -> None:
        """Answer and report late."""
        self._delay_s = seconds

    def mend(self) -> None:
        """All faults of the network are over; a client that was cut off has to connect again."""
        for port in self._ports:
            port.refusing = False
        self._deaf, self._delay_s = False, 0.0

    def send_garbage(self) -> None:
        """Send noise to every client."""
        for port in self._ports:
            port.send_garbage()

    # Inside.

    def _tick(self) -> None:
        pacer = Pacer(_TICK_HZ)
        while self._running:
            with self._now():
                pass
            pacer.wait()

    @contextlib.contextmanager
    def _now(self) -> Iterator[None]:
        """The controller's lock, with motion and fingers moved on to this moment."""
        with self._lock:
            now_s = time.monotonic()
            self.motion.advance(now_s)
            self.fingers.advance(now_s)
            yield

    def _serve_commands(self, client: socket.socket) -> None:
        buffer = b""
        while data := self._hear(client):
            buffer += data
            request, buffer = split(buffer)
            while request is not None:
                self._answer(client, *request)
                request, buffer = split(buffer)

    def _hear(self, client: socket.socket) -> bytes:
        data = client.recv(4096)
        while data and self._deaf:  # what comes through a cut cable is lost
            data = client.recv(4096)
        return data

    def _answer(
        self, client: socket.socket, transaction: int, protocol: int, register: int, data: bytes
    ) -> None:
        with self._now():
            if self._deaf:
                return
            self.motion.last_packet_s = time.monotonic()
            status, result = self._registers.carry_out(register, data)
        time.sleep(self._delay_s)
        client.sendall(answer(transaction, protocol, register, status, result))

    def _reporter(self, pack: Callable, rate_hz: float) -> Callable:
        def report(client: socket.socket) -> None:
            pacer = Pacer(rate_hz)
            while self._running:
                with self._now():
                    snapshot = self.motion.snapshot()
                if not self._deaf:
                    time.sleep(self._delay_s)
                    client.sendall(pack(snapshot))
                pacer.wait()

        return report
