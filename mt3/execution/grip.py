"""Whether the fingers have done what the demonstration's fingers did."""

from collections import deque
from dataclasses import dataclass

from mt3.demonstration import GripperEvent
from mt3.types import require_positive

_GRASP_MARGIN = 0.02  # a demonstrated opening this far above a closing command is an object


@dataclass(frozen=True, slots=True)
class GripRules:
    """When a gripper has settled, and when it has lost what it held; openings are fractions.

    Args:
        reached: Distance at which the demonstrated opening is reached.
        still: Change of the opening, over ``still_s``, that is standing still.
        still_s: How long that is.
        start_s: So long fingers that do not move may still be about to.
        timeout_s: Longest wait.
        empty: Fingers no further than this from a closing command hold nothing.
        lost: A held object's opening falls by no more than this, also below the demonstrated one.

    Raises:
        ConfigurationError: A value that is not positive.
    """

    reached: float = 0.02
    still: float = 0.005
    still_s: float = 0.15
    start_s: float = 0.6
    timeout_s: float = 2.0
    empty: float = 0.01
    lost: float = 0.08

    def __post_init__(self) -> None:
        for name in self.__slots__:
            require_positive(name, getattr(self, name))


def is_grasp(command: float, opening: float | None) -> bool:
    """Whether fingers told to close, demonstrated at an opening, are known to hold an object."""
    return opening is not None and command < 0.5 and opening > command + _GRASP_MARGIN


class GripWait:
    """Watches fingers from a command on until they have settled.

    A grasp has settled when the fingers stand still: reaching the demonstrated width says nothing
    where another instance is thinner. Any other command has settled at the demonstrated opening
    too, where one was measured. Fingers that have not moved yet do not stand still before
    ``start_s``.

    Args:
        event: What is commanded, and where the demonstration settled.
        t_s: Time of the command.
        opening: Measured then.
        rules: When it has settled.
    """

    def __init__(self, event: GripperEvent, t_s: float, opening: float, rules: GripRules) -> None:
        self.event = event
        self.start_s = t_s
        self.grasps = is_grasp(event.command, event.opening)
        self._rules = rules
        self._initial = opening
        self._recent: deque[tuple[float, float]] = deque([(t_s, opening)])

    @property
    def expectation(self) -> str:
        """What it waits for, in words."""
        demonstrated = self.event.opening
        return "it to stand still" if demonstrated is None else f"{demonstrated:.2f}"

    def settled(self, t_s: float, opening: float) -> bool:
        """Whether the fingers have done it, given a new measurement."""
        self._recent.append((t_s, opening))
        while len(self._recent) > 2 and self._recent[1][0] <= t_s - self._rules.still_s:
            self._recent.popleft()
        return self._reached(opening) or self._stands_still(t_s, opening)

    def _reached(self, opening: float) -> bool:
        demonstrated = self.event.opening
        if demonstrated is None or self.grasps:
            return False
        return abs(opening - demonstrated) <= self._rules.reached

    def timed_out(self, t_s: float) -> bool:
        """Whether it has taken too long."""
        return t_s - self.start_s > self._rules.timeout_s

    def _stands_still(self, t_s: float, opening: float) -> bool:
        rules = self._rules
        openings = [value for _, value in self._recent]
        begun = abs(opening - self._initial) > rules.still or t_s - self.start_s >= rules.start_s
        watched = self._recent[0][0] <= t_s - rules.still_s
        return begun and watched and max(openings) - min(openings) <= rules.still


class Grasp:
    """An object between the fingers.

    Args:
        command: Opening that the fingers try to reach.
        opening: Measured when they had settled.
        rules: When it is lost.
    """

    def __init__(self, command: float, opening: float, rules: GripRules) -> None:
        self.opening = opening
        self._empty, self._margin = command + rules.empty, rules.lost
        self.missed = opening <= self._empty

    def lost(self, opening: float, demonstrated: float | None) -> bool:
        """Whether the fingers have closed since, further than the demonstration's are by now.

        A handle taken askew, as a lid's may be, settles between them when it is pulled.

        Args:
            opening: Measured now.
            demonstrated: Measured at this point of the demonstration, if it was.
        """
        held = self.opening if demonstrated is None else min(self.opening, demonstrated)
        return opening < max(self._empty, held - self._margin)
