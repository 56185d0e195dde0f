"""Real time that is only slept through while somebody watches."""

from collections.abc import Callable

from mt3.control.monotonic_clock import MonotonicClock

_SLICE_S = 0.01


class WatchedClock(MonotonicClock):
    """A clock that looks around every 10 ms while it sleeps.

    Whatever moves an arm for longer than a moment sleeps between its steps: so one look here
    reaches them all.

    Args:
        watch: Called before and during each sleep; what it raises ends the sleep.
    """

    def __init__(self, watch: Callable[[], None]) -> None:
        self._watch = watch

    def sleep_until(self, t_s: float) -> None:
        """Return when ``now_s() >= t_s``, or let through what the watch raises."""
        while True:
            self._watch()
            now_s = self.now_s()
            if now_s + _SLICE_S >= t_s:
                break
            super().sleep_until(now_s + _SLICE_S)
        super().sleep_until(t_s)
