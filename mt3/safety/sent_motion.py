"""How far the joints went since a state was measured, by what they were told."""

import math
from collections import deque

import numpy as np

from mt3.types import FloatArray


class SentMotion:
    """Joint speeds of the last moments.

    Args:
        joint_count: n.
        hold_s: For how long an arm goes on at a speed if no other follows.
        memory_s: How old a state may be.
    """

    def __init__(self, joint_count: int, hold_s: float, memory_s: float) -> None:
        self._still = np.zeros(joint_count)
        self._hold_s, self._memory_s = hold_s, memory_s
        self._sent = deque([(-math.inf, self._still)])

    def note(self, t_s: float, velocity: FloatArray | None) -> None:
        """From now on the joints move at (n,) rad/s, or rest."""
        self._sent.append((t_s, self._still if velocity is None else velocity))
        while len(self._sent) > 1 and self._sent[1][0] < t_s - self._memory_s:
            self._sent.popleft()

    def note_end(self, velocity: FloatArray) -> None:
        """The last speed became another by now, (n,) rad/s, at an even rate."""
        t_s, begin = self._sent[-1]
        self._sent[-1] = (t_s, 0.5 * (begin + velocity))

    def between(self, from_s: float, until_s: float) -> FloatArray:
        """How far the joints went, (n,), rad."""
        moved = self._still
        for start_s, velocity in reversed(self._sent):
            end_s = min(until_s, start_s + self._hold_s)
            moved = moved + velocity * max(0.0, end_s - max(start_s, from_s))
            until_s = min(until_s, start_s)
        return moved
