"""The journal of a recording in real time, written by a thread of its own.

A write to a disk that is just being flushed can take a tenth of a second and more; whoever polls
an arm a thousand times a second must not wait for it.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence

from demos.journal import Entry
from mt3.errors import StorageError

_WRITE_PERIOD_S = 0.02
_SYNC_PERIOD_S = 1.0
_MOST_WAITING = 20_000  # 20 s at 1 kHz


class QueuedJournal:
    """Takes entries without waiting, and writes them where ``run`` runs.

    Args:
        append: Writes several entries.
        sync: Flushes them to the disk.
    """

    def __init__(self, append: Callable[[Sequence[Entry]], None], sync: Callable[[], None]) -> None:
        self._append, self._sync = append, sync
        self._waiting: deque[Entry] = deque()
        self.written_samples = 0

    def put(self, entry: Entry) -> None:
        """Add one entry; it is written soon, in order.

        Raises:
            StorageError: Too many wait: the disk has stood still for long.
        """
        if len(self._waiting) >= _MOST_WAITING:
            raise StorageError(
                f"recorder: {_MOST_WAITING} samples wait to be written, the disk is too slow; "
                "give another library="
            )
        self._waiting.append(entry)

    def run(self, is_over: Callable[[float], bool]) -> None:
        """Write until told that nothing will come any more.

        Args:
            is_over: Waits for some seconds, and says whether the last entry was put.
        """
        synced_s = time.monotonic()
        while not is_over(_WRITE_PERIOD_S):
            self.flush()
            if time.monotonic() - synced_s > _SYNC_PERIOD_S:
                self._sync()
                synced_s = time.monotonic()
        self.flush()

    def flush(self) -> None:
        """Write what waits, now."""
        entries = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if entries:
            self._append(entries)
            self.written_samples += sum(entry["kind"] == "sample" for entry in entries)
