"""The one reference to a client of ``ur_rtde``, so that its end comes when it is asked for."""

from collections.abc import Callable
from typing import Any


class UrClient:
    """Calls the methods of a client by their names, until it is dropped.

    Its destructor holds the interpreter for half a second. Were an exception or a closure to keep a
    bound method of it, garbage collection would run that destructor at any later time, and starve
    the watchdog of the next connection.

    Source: measured with ur_rtde 1.6.5, whose destructors wait for their reconnection.

    Args:
        client: ``RTDEReceiveInterface`` or ``RTDEControlInterface``; keep no other reference.
    """

    def __init__(self, client: object) -> None:
        self._client: object | None = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *args: getattr(self._client, name)(*args)

    def drop(self) -> None:
        """Disconnect, and run the destructor now."""
        self._client = None
