"""The scripted person behind a teleoperation device, so that a session can be rehearsed."""

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Self

import numpy as np

from mt3.errors import NotConnectedError
from mt3.interfaces import Clock, OperatorEvent, TeleopCommand
from mt3.types import FloatArray
from sim.demonstrator import RATE_HZ, Demonstrator, Intent

GO_KEY = "g"
_PERIOD_S = 1.0 / RATE_HZ
_ROUNDING_S = 1e-6
_PAUSE_S = 0.1  # unread for longer, it waited; unread for less, it goes on in time
_BUTTONS = {OperatorEvent.BOTTLENECK: "mark", OperatorEvent.END: "end"}


class ScriptedTeleop:
    """A device that asks for what the simulator's demonstrator would do next.

    It rests until the key ``g`` (go) is pressed, does the task anew from where the arm is at each
    press, and presses ``mark`` at the bottleneck and ``end`` when it is done.

    Args:
        demonstrator: Makes the person who begins anew, who sees the truth.
        clock: The scene's clock; the demonstrator goes on by it, whatever the rate of reading.
    """

    def __init__(self, demonstrator: Callable[[], Demonstrator], clock: Clock) -> None:
        self._demonstrator = demonstrator
        self._clock = clock
        self._connected = False
        self._intents: Iterator[Intent] = iter(())
        self._due_s: float | None = None
        self._V_E: FloatArray = np.zeros(6)

    def __enter__(self) -> Self:
        self._connected = True
        self._intents, self._V_E = iter(()), np.zeros(6)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connected = False

    def read(self) -> TeleopCommand:
        """What the demonstrator wants now.

        Raises:
            NotConnectedError: Outside the ``with`` block.
            PlanningError: No way of doing the task stays inside the joint range.
        """
        if not self._connected:
            raise NotConnectedError("demonstrator: not connected, use it inside `with`")
        opening: float | None = None
        buttons: list[str] = []
        for intent in self._due(self._intents):
            self._V_E = intent.V_E
            opening = opening if intent.opening is None else intent.opening
            if intent.event in _BUTTONS:
                buttons.append(_BUTTONS[intent.event])
        return TeleopCommand(self._V_E, opening, tuple(buttons))

    def press(self, keys: Sequence[str]) -> None:
        """Begin at ``g``; other keys mean nothing to it."""
        if GO_KEY in keys:
            self._intents = self._demonstrator().intents()
            self._due_s, self._V_E = None, np.zeros(6)

    def resume(self) -> None:
        """Nothing to do: it only asks for twists."""

    @property
    def keys(self) -> dict[str, str]:
        """What its keys do."""
        return {GO_KEY: "the scripted person begins"}

    def _due(self, intents: Iterator[Intent]) -> Iterator[Intent]:
        """The samples that have come due since the last read."""
        now_s = self._clock.now_s()
        if self._due_s is None or now_s - self._due_s > _PAUSE_S:
            self._due_s = now_s
        while self._due_s <= now_s + _ROUNDING_S:
            self._due_s += _PERIOD_S
            intent = next(intents, None)
            if intent is None:
                self._V_E = np.zeros(6)
                return
            yield intent
