"""The whole controller: ports, motion, gripper, and a back door for tests and benches."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

from ufactory.fingers import Fingers
from ufactory.frames import answer, normal_report, real_report, rich_report, split
from ufactory.motion import Motion
from ufactory.registers import Registers
from ufactory.sockets import COMMANDS, NORMAL, REAL, RICH, Pacer, Port

_TICK_HZ, _REAL_HZ, _SLOW_HZ = 250.0, 100.0, 5.0


class Controller:
    """An xArm 6 controller at an address of its own; the client's ports are fixed.

    ``start`` and ``stop`` are for ``EmulatorProcess``; all else is the back door.

    Args:
        address: Loopback address; ports below 1024 take root or CAP_NET_BIND_SERVICE.
        gripper: Whether an xArm gripper is fitted.
    """

    def __init__(self, address: str, gripper: bool = True) -> None:
        self._address = address
        self._lock = threading.RLock()
        self.motion = Motion(time.monotonic())
        self.fingers = Fingers(time.monotonic(), gripper)
        self._registers = Registers(self.motion, self.fingers)
        self._delay_s, self._deaf = 0.0, False
        self._ports: list[Port] = []

    def start(self) -> None:
        """Open the ports and let time pass."""
        self._running = True
        threading.Thread(target=self._tick, daemon=True).start()
        self._ports = [
            Port(self._address, COMMANDS, self._serve_commands),
            Port(self._address, NORMAL, self._reporter(normal_report, _SLOW_HZ)),
            Port(self._address, RICH, self._reporter(rich_report, _SLOW_HZ)),
            Port(self._address, REAL, self._reporter(real_report, _REAL_HZ)),
        ]

    def stop(self) -> None:
        """Close the ports."""
        self._running = False
        for port in self._ports:
            port.close()

    # Truth.

    def joints(self) -> tuple:
        """Joints now, rad."""
        with self._now():
            return tuple(self.motion.arm.q)

    def pose(self) -> list:
        """Tool centre point in the base now, (4, 4), metres."""
        with self._now():
            return self.motion.arm.pose().tolist()

    def moves(self) -> bool:
        """Whether the controller commands a motion now."""
        with self._now():
            return self.motion.moves()

    def width_m(self) -> float:
        """Distance between the gripper's fingers now."""
        with self._now():
            return self.fingers.width_m

    def mode_and_state(self) -> tuple[int, int]:
        """The controller's mode and state."""
        with self._now():
            return self.motion.mode, self.motion.reported_state()

    def commands(self) -> list:
        """Motion commands so far: ("twist", t_s, values, duration) or ("joints", t_s, q)."""
        with self._lock:
            return list(self.motion.commands)

    def log(self) -> list:
        """Ticks so far: (t_s, time of the last command packet, commands a motion, q, qd)."""
        with self._lock:
            return list(self.motion.ticks)

    def client_count(self) -> int:
        """Clients of the command port."""
        return self._ports[0].client_count

    # The world.

    def start_again(self, q: tuple) -> None:
        """Be as after a start with the joints somewhere, but for tool and payload."""
        with self._now():
            self.motion.start_again(q)
            self.fingers.start_again()
        self.heal()

    def tell(self, method: str, *args: object) -> object:
        """Call a method of the motion, at this moment."""
        with self._now():
            return getattr(self.motion, method)(*args)

    def set_up(self, values: dict) -> None:
        """Set attributes of the motion as they would be before a client connects."""
        with self._now():
            for name, value in values.items():
                setattr(self.motion, name, value)

    def put_between_fingers(self, width_m: float) -> None:
        """An object that stops the closing fingers."""
        with self._now():
            self.fingers.obstacle = width_m * 1e4

    def break_gripper(self, error: int) -> None:
        """A fault of the gripper itself."""
        self.fingers.error = error

    # The network.

    def drop(self) -> None:
        """Break all connections."""
        for port in self._ports:
            port.drop()

    def cut(self) -> None:
        """Hear nothing, answer nothing, report nothing, as behind a cut cable."""
        self._deaf = True

    def delay(self, delay_s: float) -> None:
        """Answer and report late."""
        self._delay_s = delay_s

    def heal(self) -> None:
        """Undo ``cut`` and ``delay``."""
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
