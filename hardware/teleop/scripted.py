"""A device that asks for what was written down before: for tests and demonstrations."""

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from mt3.errors import ConfigurationError, NotConnectedError
from mt3.interfaces import Arm, Clock, Scene, TeleopCommand
from mt3.types import FloatArray, frozen_array, require_finite_setting

_FIELDS = ("t_s", "twist", "opening", "buttons")


@dataclass(frozen=True, slots=True, eq=False)
class ScriptStep:
    """What is asked for from one moment on.

    Args:
        t_s: When, in seconds after the first ``read``.
        twist: Of E in B, expressed in E, (6,), m/s then rad/s, until the next step; rest if left
            out.
        opening: Asked of the gripper once, 0 closed and 1 open; None leaves it alone.
        buttons: Actions, once.

    Raises:
        ConfigurationError: A value that cannot be that; the message names it.
    """

    t_s: float
    twist: FloatArray = field(default_factory=lambda: np.zeros(6))
    opening: float | None = None
    buttons: Sequence[str] = ()

    def __post_init__(self) -> None:
        require_finite_setting("t_s", self.t_s)
        try:
            object.__setattr__(self, "twist", frozen_array("twist", self.twist, (6,)))
        except (TypeError, ValueError) as error:
            raise ConfigurationError(
                f"twist at {self.t_s} s: got {self.twist!r}, expected six numbers"
            ) from error
        if self.opening is not None:
            require_finite_setting("opening", self.opening)
            if not 0.0 <= self.opening <= 1.0:
                raise ConfigurationError(f"opening: got {self.opening}, expected 0 to 1")
        if isinstance(self.buttons, str) or not all(isinstance(b, str) for b in self.buttons):
            raise ConfigurationError(f"buttons: got {self.buttons!r}, expected a list of names")
        object.__setattr__(self, "buttons", tuple(self.buttons))

    @classmethod
    def from_plain(cls, step: object) -> Self:
        """A step from a mapping, as JSON and YAML hold it.

        Raises:
            ConfigurationError: No mapping, an unknown or a missing field, or a wrong value.
        """
        if not isinstance(step, Mapping) or "t_s" not in step or set(step) - set(_FIELDS):
            raise ConfigurationError(
                f"script: got a step {step!r}, expected t_s and some of {', '.join(_FIELDS[1:])}"
            )
        return cls(**step)


class Scripted:
    """Goes through a script once each time it is entered, beginning with the first ``read``.

    Args:
        steps: Times rising from 0 or later; the last one is at rest.
        clock: Time of the script.

    Raises:
        ConfigurationError: No steps, times that do not rise, or motion without an end.
    """

    def __init__(self, steps: Sequence[ScriptStep], clock: Clock) -> None:
        self._steps = tuple(steps)
        self._times = [step.t_s for step in self._steps]
        if not self._times or self._times[0] < 0.0 or (np.diff(self._times) <= 0.0).any():
            raise ConfigurationError(
                f"script: got steps at {self._times} s, expected times that rise from 0 or later"
            )
        if self._steps[-1].twist.any():
            raise ConfigurationError("script: got a last step that moves, expected one at rest")
        self._clock = clock
        self._connected = False
        self._begin_s: float | None = None
        self._done = 0

    def __enter__(self) -> Self:
        self._connected = True
        self._begin_s, self._done = None, 0
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connected = False

    def read(self) -> TeleopCommand:
        """What the script asks for now; nothing that falls between two reads is lost.

        Raises:
            NotConnectedError: Outside the ``with`` block.
        """
        if not self._connected:
            raise NotConnectedError("scripted: not connected, use it inside `with`")
        now_s = self._clock.now_s()
        self._begin_s = now_s if self._begin_s is None else self._begin_s
        reached = bisect_right(self._times, now_s - self._begin_s)
        since, self._done = self._steps[self._done : reached], max(self._done, reached)
        openings = [step.opening for step in since if step.opening is not None]
        return TeleopCommand(
            self._steps[reached - 1].twist if reached else np.zeros(6),
            openings[-1] if openings else None,
            tuple(button for step in since for button in step.buttons),
        )

    def resume(self) -> None:
        """Nothing to do: it only asks for twists."""

    @property
    def keys(self) -> Mapping[str, str]:
        """None: it has buttons of its own."""
        return {}

    def press(self, keys: Sequence[str]) -> None:
        """Drop the keys."""


def build_scripted(
    scene: Scene,
    arm: Arm,  # the devices are all built alike
    steps: Sequence[Mapping[str, Any]] | None = None,
    path: str | None = None,
) -> Scripted:
    """A script from its steps, or from a JSON file with a list of them; see ``ScriptStep``.

    Raises:
        ConfigurationError: Neither or both, or a script that breaks a rule.
    """
    if (steps is None) == (path is None):
        raise ConfigurationError("script: expected either steps or path")
    plain = steps if path is None else _read(Path(path))
    return Scripted([ScriptStep.from_plain(step) for step in plain or ()], scene.clock)


def _read(path: Path) -> Sequence[object]:
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"script {path}: {error}") from error
    if not isinstance(plain, list):
        raise ConfigurationError(f"script {path}: expected a list of steps")
    return plain
