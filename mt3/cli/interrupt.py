"""Ctrl-C that no library can swallow."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_pressed = False


@contextmanager
def remembered_interrupts() -> Iterator[None]:
    """Raise KeyboardInterrupt at Ctrl-C, as Python does, and remember that it was pressed.

    Some libraries take an interrupt of their import for a missing module, and go on: an arm moved
    after Ctrl-C. Whoever is about to move one asks ``raise_if_interrupted`` first.
    """
    global _pressed
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield  # somebody decided otherwise, as a worker process does
        return
    signal.signal(signal.SIGINT, _remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _pressed = False


def was_interrupted() -> bool:
    """Whether Ctrl-C was pressed in this command."""
    return _pressed


def raise_if_interrupted() -> None:
    """Raise the interrupt that something swallowed.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed in this command.
    """
    if _pressed:
        raise KeyboardInterrupt


def _remember(number: int, frame: FrameType | None) -> None:
    global _pressed
    _pressed = True
    raise KeyboardInterrupt
