"""A thread that serves one device."""

import logging
import threading
from collections.abc import Callable

from mt3.errors import DeviceError, Mt3Error

_log = logging.getLogger(__name__)


class DeviceThread:
    """Repeats one step until it is stopped, and keeps the error that ended it.

    Args:
        name: Of the device, for messages.
        step: Done again and again; waits for the device, but not for long.
        close: Done at the end by the thread itself, so that nothing is closed under its hands.
    """

    def __init__(
        self, name: str, step: Callable[[], None], close: Callable[[], None] | None = None
    ) -> None:
        self._name, self._step, self._close = name, step, close
        self._error: Mt3Error | None = None
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def check(self) -> None:
        """Raise what ended the thread, if anything did."""
        if self._error is not None:
            raise self._error

    def stop(self, wait_s: float) -> None:
        """End the thread; one that hangs in the device longer than ``wait_s`` is left behind.

        Never raises, so that leaving a ``with`` block hides no error.
        """
        self._leaving.set()
        if self._thread.ident is None:
            self._end()
            return
        self._thread.join(wait_s)
        if self._thread.is_alive():
            _log.warning("%s: did not answer within %.1f s while it was closed", self._name, wait_s)

    def _run(self) -> None:
        try:
            while not self._leaving.is_set():
                self._step()
        except Mt3Error as error:
            self._error = error
        except Exception as error:  # a vendor's, of any kind; raised by `check`
            self._error = DeviceError(f"{self._name}: {error}")
            self._error.__cause__ = error
        finally:
            self._end()

    def _end(self) -> None:
        try:
            if self._close is not None:
                self._close()
        except Exception as error:  # a device that is gone cannot be closed
            _log.info("%s: %s", self._name, error)
