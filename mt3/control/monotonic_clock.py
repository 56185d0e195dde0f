"""Real time, the same in every process of a machine."""

import time


class MonotonicClock:
    """Seconds of CLOCK_MONOTONIC: since the machine was started, never set, never stepped."""

    def now_s(self) -> float:
        """Seconds since an arbitrary origin."""
        return time.monotonic()

    def sleep_until(self, t_s: float) -> None:
        """Return when ``now_s() >= t_s``; at once if that has passed."""
        while (left_s := t_s - time.monotonic()) > 0.0:
            time.sleep(left_s)
