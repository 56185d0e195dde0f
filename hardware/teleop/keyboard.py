"""Keys of the terminal move the tool; no window system is needed."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import numpy as np

from hardware.teleop.axis_mapping import AxisMapping
from hardware.teleop.gripper_toggle import GripperToggle
from hardware.teleop.operator_speed import OperatorSpeed
from hardware.teleop.twist_shaper import TwistShaper
from mt3.errors import ConfigurationError, NotConnectedError
from mt3.interfaces import Arm, Clock, Scene, TeleopCommand
from mt3.types import FloatArray, require_finite_setting, require_positive


class Keyboard:
    """Each press of a key moves the tool for a short time; the terminal's repeats prolong it.

    A terminal tells presses, never releases. So one press is a nudge of a fixed length, and a key
    held down moves on from its first repeat (after about half a second, as the person has set it)
    until ``hold_s`` after its last: the arm stops by itself soon after the key is let go, and also
    if the terminal hangs. Time is the scene's, so a nudge in simulation is of the same length
    however fast the simulation runs.

    Args:
        shaper: From deflection to twist.
        mapping: Key to axis of the twist.
        toggle: What the gripper key presses.
        clock: Time for holding.
        hold_s: How long one press moves the tool; longer than the pause between two repeats.
        gripper_key: Opens and closes the gripper in turn.
        faster_key: Goes to the next faster speed.
        slower_key: Goes to the next slower speed.

    Raises:
        ConfigurationError: ``hold_s`` is not a positive number, or one key means two things.
    """

    def __init__(
        self,
        shaper: TwistShaper,
        mapping: AxisMapping,
        toggle: GripperToggle,
        clock: Clock,
        hold_s: float,
        gripper_key: str,
        faster_key: str,
        slower_key: str,
    ) -> None:
        require_finite_setting("hold_s", hold_s)
        require_positive("hold_s", hold_s)
        keys = [*mapping.axes, gripper_key, faster_key, slower_key]
        if len(set(keys)) != len(keys):
            raise ConfigurationError(f"keys: got {' '.join(keys)}, expected each of them once")
        self._shaper = shaper
        self._mapping = mapping
        self._toggle = toggle
        self._clock = clock
        self._hold_s = hold_s
        self._gripper_key = gripper_key
        self._steps = {faster_key: 1, slower_key: -1}
        self._connected = False
        self._rest()

    def __enter__(self) -> Self:
        self._rest()
        self._shaper.reset()
        self._toggle.reset()
        self._connected = True
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connected = False

    def resume(self) -> None:
        """Nothing to do: it only asks for twists."""

    @property
    def keys(self) -> Mapping[str, str]:
        """What each key does."""
        axes = {key: self._mapping.describe(key) for key in self._mapping.axes}
        steps = {key: "faster" if step > 0 else "slower" for key, step in self._steps.items()}
        return {**axes, self._gripper_key: "gripper", **steps}

    def press(self, keys: Sequence[str]) -> None:
        """Begin or prolong the motions of keys.

        Keys without a meaning are dropped, and all outside the ``with`` block.
        """
        if not self._connected:
            return
        for key in keys:
            if key in self._mapping.axes:
                axis, sign = self._mapping.direction(key)
                self._deflection[axis] = sign
                self._until_s[axis] = self._clock.now_s() + self._hold_s
            elif key == self._gripper_key:
                self._toggle.press()
            elif key in self._steps:
                self._shaper.change_speed(self._steps[key])

    def read(self) -> TeleopCommand:
        """What the keys ask for now.

        Raises:
            NotConnectedError: Outside the ``with`` block.
        """
        if not self._connected:
            raise NotConnectedError("keyboard: not connected, use it inside `with`")
        self._deflection[self._clock.now_s() >= self._until_s] = 0.0
        return TeleopCommand(self._shaper.twist(self._deflection), self._toggle.take())

    def _rest(self) -> None:
        self._deflection: FloatArray = np.zeros(6)
        self._until_s: FloatArray = np.zeros(6)


def build_keyboard(
    scene: Scene,
    arm: Arm,
    mapping: AxisMapping,
    speed: OperatorSpeed,
    smoothing_s: float,
    hold_s: float,
    gripper_key: str,
    faster_key: str,
    slower_key: str,
) -> Keyboard:
    """The keyboard for a scene and its guarded arm, which is only looked at."""
    shaper = TwistShaper(mapping, speed, smoothing_s, arm, scene.clock)
    toggle = GripperToggle(scene.gripper)
    return Keyboard(
        shaper, mapping, toggle, scene.clock, hold_s, gripper_key, faster_key, slower_key
    )
