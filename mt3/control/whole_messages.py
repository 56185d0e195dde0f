"""A pipe that Ctrl-C does not break."""

import pickle
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any

_POLL_S = 0.05


class WholeMessages:
    """Sends and receives over a pipe, in threads of their own, until ``close``.

    Ctrl-C breaks off whatever the main thread does, and only that. There it would cut a message in
    two, and all that follow would be misread.

    Args:
        pipe: This side of it; closed with this object.
    """

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._closing = Event()
        self._outgoing: SimpleQueue[bytes | None] = SimpleQueue()
        self._incoming: SimpleQueue[Any] = SimpleQueue()
        self._threads = [Thread(target=work, daemon=True) for work in (self._pass, self._take)]
        for thread in self._threads:
            thread.start()

    def send(self, message: object) -> None:
        """Have a message sent; where the other side is gone, ``receive`` says it."""
        self._outgoing.put(pickle.dumps(message))

    def receive(self, timeout_s: float) -> Any | None:  # noqa: ANN401  # what the other side sends
        """The next message, or ``None`` while there is none.

        Raises:
            EOFError: The other side has closed, and all that it sent is read.
            OSError: The pipe broke.
            pickle.UnpicklingError: What came is no message.
        """
        try:
            message = self._incoming.get(timeout=timeout_s)
        except Empty:
            return None
        if isinstance(message, Exception):
            self._incoming.put(message)  # so it stays
            raise message
        return message

    def close(self) -> None:
        """Let go of the pipe; what is not sent yet may be lost."""
        self._closing.set()
        self._outgoing.put(None)
        for thread in self._threads:
            thread.join(2 * _POLL_S)  # one that sends to a frozen process ends with that process
        self._pipe.close()

    def _pass(self) -> None:
        while (message := self._outgoing.get()) is not None:
            try:
                self._pipe.send_bytes(message)
            except OSError:
                return  # the other thread finds the end after the last message

    def _take(self) -> None:
        try:
            while not self._closing.is_set():
                if self._pipe.poll(_POLL_S):
                    self._incoming.put(self._pipe.recv())
        except Exception as error:  # raised where the message is waited for
            self._incoming.put(error)
