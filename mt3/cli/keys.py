"""Key presses from the terminal, without waiting for them."""

import os
import select
import signal
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType, TracebackType
from typing import Any, Self, TextIO, TypeAlias

from mt3.cli.key_decoder import KeyDecoder
from mt3.errors import ConfigurationError, NotConnectedError

_ESCAPE_S = 0.05  # the rest of an escape sequence follows within this, also over a slow line
_CHUNK = 4096
_MAX_CHUNKS = 16  # taken in one call: a flood of pasted text does not hold up who asks
_LFLAG, _IFLAG, _CC = 3, 0, 6

_Handler: TypeAlias = Callable[[int, FrameType | None], None]


class TerminalKeys:
    """The keys of a terminal, a ``Keys``, one by one and unseen while the ``with`` block lasts.

    Ctrl-C still interrupts and Ctrl-Z still suspends. However the block is left, the terminal is
    as it was before; SIGTERM leaves it as ``SystemExit``, and so does SIGHUP, a closed terminal, so
    that all blocks around it are left too and the arm stops.

    Args:
        stream: The terminal; standard input by default.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._fd: int | None = None
        self._decoder = KeyDecoder()
        self._newest_s = 0.0

    def __enter__(self) -> Self:
        """Read keys instead of lines.

        Raises:
            ConfigurationError: It is no terminal.
        """
        fd = _terminal(sys.stdin if self._stream is None else self._stream)
        self._saved = termios.tcgetattr(fd)
        self._decoder = KeyDecoder()
        self._fd = fd
        self._handlers = _set_handlers(
            {
                signal.SIGTERM: self._terminated,
                signal.SIGHUP: self._terminated,
                signal.SIGTSTP: self._suspended,
            }
        )
        try:
            self._begin()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave()

    def pressed(self) -> Sequence[str]:
        """Names of the keys pressed since the last call, in order; never waits.

        Raises:
            NotConnectedError: Outside the ``with`` block, or the terminal was closed.
        """
        if self._fd is None:
            raise NotConnectedError("terminal: not connected, use it inside `with`")
        names: list[str] = []
        for _ in range(_MAX_CHUNKS):
            if not select.select([self._fd], [], [], 0.0)[0]:
                break
            names += self._decoder.feed(_read(self._fd))
            self._newest_s = time.monotonic()
        if self._decoder.waits and time.monotonic() - self._newest_s > _ESCAPE_S:
            names += self._decoder.flush()
        return names

    def _begin(self) -> None:
        """Hand over each key at once and unseen, and let Ctrl-S be a key: it would stop output."""
        mode = termios.tcgetattr(self._require())
        mode[_LFLAG] &= ~(termios.ECHO | termios.ICANON)
        mode[_IFLAG] &= ~termios.IXON
        mode[_CC][termios.VMIN], mode[_CC][termios.VTIME] = 1, 0
        termios.tcsetattr(self._require(), termios.TCSADRAIN, mode)

    def _restore(self) -> None:
        termios.tcsetattr(self._require(), termios.TCSADRAIN, self._saved)

    def _leave(self) -> None:
        try:
            self._restore()
        except termios.error:
            pass  # the terminal is gone, and nobody looks at it any more
        finally:
            self._fd = None
            for number, handler in self._handlers.items():
                signal.signal(number, handler)

    def _require(self) -> int:
        if self._fd is None:
            raise NotConnectedError("terminal: not connected, use it inside `with`")
        return self._fd

    def _terminated(self, number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    def _suspended(self, number: int, frame: FrameType | None) -> None:
        """Suspend with the terminal as it was, and read keys again when continued."""
        self._restore()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)  # returns when the shell continues us
        signal.signal(number, self._suspended)
        self._begin()


def _terminal(stream: TextIO | None) -> int:
    """The file descriptor of a terminal."""
    try:
        fd = -1 if stream is None else stream.fileno()
    except (OSError, ValueError):
        fd = -1
    if fd < 0 or not os.isatty(fd):
        raise ConfigurationError(
            "standard input: got no terminal, expected one to read keys from; run it in a terminal "
            "without a pipe or < (over ssh with -t, in a container with -it)"
        )
    return fd


def _read(fd: int) -> bytes:
    try:
        data = os.read(fd, _CHUNK)
    except OSError as error:
        raise NotConnectedError(f"terminal: closed ({error})") from error
    if not data:
        raise NotConnectedError("terminal: closed")
    return data


def _set_handlers(handlers: Mapping[int, _Handler]) -> dict[int, Any]:
    """Handle signals that nobody else handles; what they were handled by before."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    free = [number for number in handlers if signal.getsignal(number) is signal.SIG_DFL]
    return {number: signal.signal(number, handlers[number]) for number in free}
