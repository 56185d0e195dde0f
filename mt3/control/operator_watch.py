"""Whether the operator's program still watches over the arm."""

import os
import time
from pathlib import Path

from mt3.control.shared_state import SharedState
from mt3.errors import OperatorLostError, OperatorStopError

LONGEST_SILENCE_S = 0.5  # of a program that runs: its interpreter may be held up for a moment
# Source: proc(5), /proc/pid/stat: its state is stopped, or stopped by a debugger; among its flags
# is PF_EXITING of Linux's sched.h, long before a killed program with much memory is gone.
_STOPPED = "Tt"
_EXITING = 0x4


class OperatorWatch:
    """Looks at the program that started this process.

    One that was killed or frozen is noticed at the next look, by what the system says of it. One
    that runs but hangs is noticed by its missing sign of life.

    Args:
        shared: Where its sign of life and its wish to stop are.
    """

    def __init__(self, shared: SharedState) -> None:
        self._shared = shared
        self._operator_id = os.getppid()
        self._stat = Path(f"/proc/{self._operator_id}/stat")

    def look(self, request: int) -> None:
        """Make sure that somebody watches, and does not want the arm to rest.

        Args:
            request: Number of the one that moves the arm.

        Raises:
            OperatorStopError: A stop is wanted.
            OperatorLostError: Nobody watches.
        """
        if self._shared.stop or request <= self._shared.cancelled:
            raise OperatorStopError("operator: asked for a stop; the arm was stopped")
        silent_s = time.monotonic() - self._shared.beat_s
        if silent_s > LONGEST_SILENCE_S:
            raise OperatorLostError(
                f"operator: got no sign of life of the operator's program for {silent_s:.3f} s, "
                f"expected one every {LONGEST_SILENCE_S} s while the arm moves; it was stopped"
            )
        state, flags = self._status()
        if os.getppid() != self._operator_id or flags & _EXITING:
            raise OperatorLostError("operator: the operator's program ended; the arm was stopped")
        if state in _STOPPED:
            raise OperatorLostError("operator: its program was suspended; the arm was stopped")

    def _status(self) -> tuple[str, int]:
        """State and flags that the system tells of the program; neutral where it tells nothing."""
        try:
            fields = self._stat.read_text().rpartition(")")[2].split()
        except OSError:  # no Linux, or just ended
            return " ", 0
        return fields[0], int(fields[6])
