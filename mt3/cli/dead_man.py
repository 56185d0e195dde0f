"""Any key stops a real arm."""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from mt3.errors import NotConnectedError
from mt3.interfaces import Keys

_POLL_S = 0.01


class DeadManSwitch:
    """Watches a terminal while the ``with`` block lasts, and stops the arm at the first key.

    A terminal that was closed stops it too: nobody can press a key there any more. A key that comes
    before there is something to stop is remembered until there is.

    Args:
        keys: The terminal's.
        stop: Stops the arm; called by another thread. While it raises ``NotConnectedError`` it is
            called again.
    """

    def __init__(self, keys: "AbstractContextManager[Keys]", stop: Callable[[], None]) -> None:
        self._terminal, self._stop = keys, stop
        self._leaving = threading.Event()
        self._watching = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Begin to watch.

        Raises:
            ConfigurationError: There is no terminal.
        """
        self._keys = self._terminal.__enter__()
        self._watching.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leaving.set()
        self._watching.join()
        self._terminal.__exit__(exc_type, exc, traceback)

    def _watch(self) -> None:
        pressed = False
        while not self._leaving.is_set():
            pressed = pressed or self._is_pressed()
            if pressed and self._is_stopped():
                return
            time.sleep(_POLL_S)

    def _is_pressed(self) -> bool:
        try:
            return bool(self._keys.pressed())
        except NotConnectedError:
            return True

    def _is_stopped(self) -> bool:
        try:
            self._stop()
        except NotConnectedError:
            return False
        return True
