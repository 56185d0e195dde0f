"""Real time."""

import time


class MonotonicClock:
    """Seconds of the system's monotonic clock, comparable between processes of one machine."""

    def now_s(self) -> float:
        """Seconds since an arbitrary origin."""
        return time.monotonic()

    def sleep_until(self, t_s: float) -> None:
        """Return when ``now_s() >= t_s``; at once if that has passed."""
        time.sleep(max(0.0, t_s - time.monotonic()))
