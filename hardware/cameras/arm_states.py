"""Where the tool was a moment ago."""

import threading
from bisect import bisect_right
from collections import deque

from mt3.errors import DeviceError, StaleDataError
from mt3.geometry import SE3
from mt3.interfaces import ArmState

_KEPT_S = 2.0  # longer than any image takes to arrive
_MAX_GAP_S = 0.1  # between two states, for a pose between them
_MAX_AHEAD_S = 0.03  # beyond the newest state, along its twist


class ArmStates:
    """The last two seconds of an arm; may be filled and asked by different threads."""

    def __init__(self) -> None:
        self._states: deque[ArmState] = deque()
        self._lock = threading.Lock()

    def add(self, state: ArmState) -> None:
        """Keep a state, unless it is the newest already.

        Raises:
            DeviceError: It is older than the newest.
        """
        with self._lock:
            states = self._states
            if states and state.t_s < states[-1].t_s:
                raise DeviceError(
                    f"arm: time went back from {states[-1].t_s:.4f} to {state.t_s:.4f} s, expected "
                    "a clock that only goes forward"
                )
            if not states or state.t_s > states[-1].t_s:
                states.append(state)
            while states[0].t_s < state.t_s - _KEPT_S:
                states.popleft()

    def T_BE(self, t_s: float) -> SE3:
        """Pose of the tool centre point in the arm's base at a time.

        Between two states it moves along a constant twist from one to the other; a little beyond
        the newest, along the measured twist.

        Args:
            t_s: The time, on the clock of the states.

        Raises:
            StaleDataError: No states are near enough to that time.
        """
        with self._lock:
            states = list(self._states)
        k = bisect_right(states, t_s, key=lambda state: state.t_s)
        if k == 0:
            raise StaleDataError(
                f"arm: got the time {t_s:.3f} s, expected one since the first state that is kept: "
                + (f"{states[0].t_s:.3f} s" if states else "there is none")
            )
        before = states[k - 1]
        ahead_s = t_s - before.t_s
        if k == len(states):
            _require_gap("since the newest state", ahead_s, _MAX_AHEAD_S)
            return before.T_BE @ SE3.from_twist(before.V_BE_E * ahead_s)
        gap_s = states[k].t_s - before.t_s
        _require_gap("between two states", gap_s, _MAX_GAP_S)
        motion = (before.T_BE.inverse() @ states[k].T_BE).as_twist()
        return before.T_BE @ SE3.from_twist(motion * (ahead_s / gap_s))


def _require_gap(where: str, gap_s: float, at_most_s: float) -> None:
    if gap_s > at_most_s:
        raise StaleDataError(
            f"arm: got {gap_s:.3f} s {where}, expected at most {at_most_s:g} s for a pose at the "
            "time of an image; does the arm still report its state?"
        )
