"""The controller's ports, and what a network can do to them."""

import contextlib
import os
import socket
import struct
import threading
import time
from collections.abc import Callable

COMMANDS, NORMAL, RICH, REAL = 502, 30001, 30002, 30003
PORTS = {COMMANDS: "commands", NORMAL: "report", RICH: "long report", REAL: "short report"}

_LINGER_RESET = struct.pack("ii", 1, 0)
_POLL_S = 0.05


class Port:
    """One listening port; each client gets a thread of its own.

    Args:
        address: Loopback address.
        number: Of the port.
        serve: Called with each client's socket until it returns or the socket breaks.

    Attributes:
        refusing: Whether new clients are sent away.
    """

    def __init__(self, address: str, number: int, serve: Callable) -> None:
        self._serve = serve
        self._clients: list[socket.socket] = []
        self._listener = socket.create_server((address, number))
        self._listener.settimeout(_POLL_S)
        self._open, self.refusing = True, False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def client_count(self) -> int:
        """Clients connected now."""
        return len(self._clients)

    def drop(self) -> None:
        """Break all connections, as a controller that is switched off."""
        for client in list(self._clients):
            with contextlib.suppress(OSError):
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
                client.shutdown(socket.SHUT_RDWR)
            client.close()
        self._clients.clear()

    def send_garbage(self) -> None:
        """Send noise to all clients."""
        for client in self._clients:
            with contextlib.suppress(OSError):
                client.sendall(os.urandom(600))

    def close(self) -> None:
        """Listen no more."""
        self._open = False
        self._listener.close()
        self.drop()

    def _accept(self) -> None:
        while self._open:
            with contextlib.suppress(TimeoutError, OSError):
                client, _ = self._listener.accept()
                if self.refusing:
                    client.close()
                    continue
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._clients.append(client)
                threading.Thread(target=self._run, args=(client,), daemon=True).start()

    def _run(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self._serve(client)
        client.close()
        with contextlib.suppress(ValueError):  # it was dropped
            self._clients.remove(client)
        with contextlib.suppress(ValueError):
            self._clients.remove(client)


class Pacer:
    """Absolute deadlines at a rate; what was missed is left out."""

    def __init__(self, rate_hz: float) -> None:
        self._period_s = 1.0 / rate_hz
        self._next_s = time.monotonic()

    def wait(self) -> None:
        """Sleep to the next deadline."""
        self._next_s = max(self._next_s + self._period_s, time.monotonic())
        time.sleep(max(0.0, self._next_s - time.monotonic()))
