"""Time stamps of a controller, on the host's clock."""

_WINDOW_S = 5.0


class ControllerClock:
    """Maps a controller's time stamps to ``time.monotonic``.

    A packet is never received before it was stamped, so the least difference of the two clocks
    seen lately is the best: that of the packet which travelled fastest. Only packets of the last
    one to two windows count, because the two clocks drift apart, some 50 microseconds a second.
    """

    def __init__(self) -> None:
        self._least = self._least_before = float("inf")
        self._window_end_s = float("-inf")

    def host_time(self, stamp_s: float, received_s: float) -> float:
        """When a packet was stamped, on the host's clock; never later than it was received.

        Args:
            stamp_s: The controller's stamp.
            received_s: When it was there, on the host's clock.
        """
        if received_s >= self._window_end_s:
            self._least_before, self._least = self._least, float("inf")
            self._window_end_s = received_s + _WINDOW_S
        self._least = min(self._least, received_s - stamp_s)
        return stamp_s + min(self._least, self._least_before)
