"""A progress bar for what takes long, and none for what does not."""

import time
from collections.abc import Iterable, Iterator, Sized
from typing import Protocol, TypeVar

from rich.console import Console
from rich.progress import Progress

_PATIENCE_S = 2.0

T_co = TypeVar("T_co", covariant=True)


class _Countable(Iterable[T_co], Sized, Protocol[T_co]):
    """Something whose number is known."""


def track(console: Console, items: "_Countable[T_co]", what: str) -> Iterator[T_co]:
    """Go through items; a bar appears once that has taken two seconds, and leaves at the end."""
    progress = Progress(console=console, transient=True)
    task = progress.add_task(what, total=len(items))
    start_s = time.monotonic()
    try:
        for item in items:
            yield item
            progress.advance(task)
            if time.monotonic() - start_s > _PATIENCE_S:
                progress.start()
    finally:
        if progress.live.is_started:  # stopping a bar that never was prints an empty line
            progress.stop()
