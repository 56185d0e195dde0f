"""A progress bar for what takes a while: only on a terminal, and only after a while."""

import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_PATIENCE_S = 2.0

_Item = TypeVar("_Item")


def tracked(items: Sequence[_Item], label: str, console: Console) -> Iterator[_Item]:
    """Each item in turn, with a bar of how far that got.

    Args:
        items: What is worked through.
        label: What is done to each.
        console: Where the bar is drawn, and wiped off at the end.
    """
    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    started_s = time.monotonic()
    bar = progress.add_task(label, total=len(items))
    try:
        for item in items:
            yield item
            progress.advance(bar)
            if not progress.live.is_started and time.monotonic() - started_s > _PATIENCE_S:
                progress.start()
    finally:
        if progress.live.is_started:  # stopping a bar that never was prints an empty line
            progress.stop()
