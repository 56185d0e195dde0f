"""The controller of an ACME arm, emulated: lines of JSON over TCP, millimetres and degrees.

Behind it moves the kinematics of an xArm 6. A twist is given up when it is not renewed in time, and
so is all motion when the client is gone.
"""

import contextlib
import json
import socket
import socketserver
import threading
import time

import numpy as np
from ufactory.xarm6 import xarm6

PORT = 9100
_TICK_S = 0.004
_ACCELERATION = 10.0  # m/s2 and rad/s2
_LAG_S = 0.02


class AcmeController:
    """Serves one arm at a loopback address from ``start`` to ``stop``.

    Args:
        address: Loopback address.
        tool_mm: Where the tool centre point is on the flange's z axis.
    """

    def __init__(self, address: str, tool_mm: float = 172.0) -> None:
        self._tool_mm = tool_mm
        self._lock = threading.Lock()
        self._server = _Server((address, PORT), _Client)
        self._server.answer = self._answer
        self.reset()

    def start(self) -> None:
        """Listen, and let time pass."""
        self._running = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        threading.Thread(target=self._tick, daemon=True).start()

    def stop(self) -> None:
        """Close the port."""
        self._running = False
        self._server.shutdown()
        self._server.server_close()

    # Back door.

    def reset(self) -> None:
        """Everything as at the start."""
        self.mend()
        with self._lock:
            self.velocities: list[np.ndarray] = []  # that it was told, m/s and rad/s
            self.targets: list[np.ndarray] = []  # likewise, rad
            self._arm = xarm6()
            self._arm.T_flange_tool[2, 3] = self._tool_mm / 1000.0
            self._until_s = np.inf

    def joints(self) -> np.ndarray:
        """(6,), rad."""
        with self._lock:
            return self._arm.q.copy()

    def pose(self) -> np.ndarray:
        """Tool centre point in the base, (4, 4)."""
        with self._lock:
            return self._arm.pose()

    def has_client(self) -> bool:
        """Whether somebody is connected."""
        return bool(self._server.clients)

    def cut(self) -> None:
        """Break all connections, and take no other."""
        self._server.refusing = True
        for client in list(self._server.clients):
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Take connections again."""
        self._server.refusing = False

    # What a client asks for.

    def _answer(self, request: str, *values: object) -> object:
        with self._lock:
            return getattr(self, f"_do_{request}")(*values)

    def _do_read(self) -> dict[str, object]:
        T, V = self._arm.pose(), self._arm.twist()
        return {
            "joints_deg": np.rad2deg(self._arm.q).tolist(),
            "position_mm": (1000.0 * T[:3, 3]).tolist(),
            "rotation": T[:3, :3].tolist(),
            "velocity_mm_s": (1000.0 * V[:3]).tolist(),
            "turn_deg_s": np.rad2deg(V[3:]).tolist(),
            "tool_mm": self._tool_mm,
        }

    def _do_speed(self, velocity_mm_s: list, turn_deg_s: list, valid_ms: float) -> None:
        V = np.concatenate([np.array(velocity_mm_s) / 1000.0, np.deg2rad(turn_deg_s)])
        self.velocities.append(V)
        self._arm.move_by_twist(V, _ACCELERATION)
        self._until_s = time.monotonic() + valid_ms / 1000.0

    def _do_servo(self, joints_deg: list) -> None:
        self.targets.append(np.deg2rad(joints_deg))
        self._arm.servo_to(self.targets[-1], _LAG_S)
        self._until_s = np.inf

    def _do_halt(self) -> None:
        self._arm.hold()

    def _tick(self) -> None:
        due_s = time.monotonic()
        while self._running:
            with self._lock:
                if time.monotonic() > self._until_s:
                    self._arm.hold()
                    self._until_s = np.inf
                self._arm.tick(_TICK_S)
            due_s += _TICK_S
            time.sleep(max(0.0, due_s - time.monotonic()))


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    refusing = False

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.clients: set[socket.socket] = set()


class _Client(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        if self.server.refusing:
            return
        self.server.clients.add(self.connection)
        with contextlib.suppress(OSError):
            for line in self.rfile:
                answer = self.server.answer(*json.loads(line))
                self.wfile.write(json.dumps(answer).encode() + b"\n")
        self.server.clients.discard(self.connection)
        self.server.answer("halt")
