"""What ACME would ship: the client library that its customers install."""

import json
import socket
from typing import Any

_PORT = 9100


class Client:
    """A connection to a controller.

    Raises:
        OSError: Nobody answers, here or in any method.
    """

    def __init__(self, address: str) -> None:
        self._socket = socket.create_connection((address, _PORT), 2.0)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def read(self) -> dict[str, Any]:
        """Joints, tool and velocities now, in mm and degrees, in the base."""
        answer: dict[str, Any] = self._ask("read")
        return answer

    def speed(self, velocity_mm_s: list[float], turn_deg_s: list[float], valid_ms: float) -> None:
        """Move the tool at a velocity in the base, given up if not renewed in time."""
        self._ask("speed", velocity_mm_s, turn_deg_s, valid_ms)

    def servo(self, joints_deg: list[float]) -> None:
        """Chase joints."""
        self._ask("servo", joints_deg)

    def halt(self) -> None:
        """Brake hard."""
        self._ask("halt")

    def close(self) -> None:
        """End the connection."""
        self._file.close()
        self._socket.close()

    def _ask(self, *request: object) -> Any:
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        line = self._file.readline()
        if not line:
            raise ConnectionError("the controller hung up")
        return json.loads(line)
