"""Key presses of a terminal, without waiting and without a window system."""

import codecs
import os
import select
import sys
import termios
import tty
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from mt3.errors import ConfigurationError, NotConnectedError

_ESCAPE = "\x1b"
_NAMES = {
    "\r": "enter",
    "\n": "enter",
    " ": "space",
    "\t": "tab",
    "\x7f": "backspace",
    "\b": "backspace",
    _ESCAPE: "escape",
}
_ARROWS = {"A": "up", "B": "down", "C": "right", "D": "left"}
_MAX_BYTES = 1024


class TerminalKeys:
    """The keys of the terminal at standard input; implements the core's ``Keys``.

    Within the ``with`` block the terminal hands over every key at once and shows none; Ctrl-C
    still interrupts. Leaving the block restores the terminal, whatever happened.
    """

    def __init__(self) -> None:
        self._file: int | None = None
        self._saved: list[Any] = []
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="ignore")

    def __enter__(self) -> Self:
        if sys.stdin is None or not sys.stdin.isatty():
            raise ConfigurationError(
                "keys: standard input is no terminal, expected one to press keys at"
            )
        file = sys.stdin.fileno()
        self._saved = termios.tcgetattr(file)
        tty.setcbreak(file, termios.TCSADRAIN)
        self._file = file
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            termios.tcsetattr(self._file, termios.TCSAFLUSH, self._saved)
            self._file = None

    def pressed(self) -> Sequence[str]:
        """Names of the keys pressed since the last call, in order; never waits.

        Raises:
            NotConnectedError: Outside the ``with`` block, or the terminal is gone.
        """
        if self._file is None:
            raise NotConnectedError("keys: not open, use them inside `with`")
        text = ""
        while select.select([self._file], [], [], 0.0)[0]:
            try:
                got = os.read(self._file, _MAX_BYTES)
            except OSError as error:
                raise NotConnectedError(f"keys: the terminal is gone ({error})") from error
            if not got:
                raise NotConnectedError("keys: the terminal was closed")
            text += self._decoder.decode(got)
        return parse_keys(text)


def parse_keys(text: str) -> list[str]:
    """Names of the keys that a terminal wrote as a text.

    Arrows are ``ESC [ A`` or, in application mode, ``ESC O A``. An escape sequence of a key that
    has no name here is dropped as a whole; an escape by itself is the key.

    Source: ECMA-48, 5.4 (control sequences).
    """
    names: list[str] = []
    k = 0
    while k < len(text):
        if text[k] == _ESCAPE and text[k + 1 : k + 2] in ("[", "O"):
            k, name = _parse_sequence(text, k + 2)
            if name:
                names.append(name)
            continue
        if text[k] in _NAMES:
            names.append(_NAMES[text[k]])
        elif text[k].isprintable():
            names.append(text[k])
        k += 1
    return names


def _parse_sequence(text: str, k: int) -> tuple[int, str]:
    """Where a control sequence ends, and the name of its key; empty for one without."""
    start = k
    while k < len(text) and not "@" <= text[k] <= "~":
        k += 1
    plain = k == start
    return k + 1, _ARROWS.get(text[k : k + 1], "") if plain else ""
