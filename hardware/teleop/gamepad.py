"""A gamepad moves the tool with its sticks; no window system is needed."""

import os
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from hardware.extra import import_extra
from hardware.teleop.axis_mapping import AxisMapping
from hardware.teleop.axis_response import AxisResponse
from hardware.teleop.operator_speed import OperatorSpeed
from hardware.teleop.stick_controls import StickControls
from mt3.errors import ConfigurationError, NotConnectedError
from mt3.interfaces import Arm, Scene, TeleopCommand

# Numbers as in SDL_GameControllerAxis and SDL_GameControllerButton, named as on an Xbox pad.
STICKS = ("left_x", "left_y", "right_x", "right_y", "left_trigger", "right_trigger")
BUTTONS = (
    *("a", "b", "x", "y", "back", "guide", "start", "left_stick", "right_stick"),
    *("left_shoulder", "right_shoulder", "dpad_up", "dpad_down", "dpad_left", "dpad_right"),
)
DPAD = {"dpad_x": ("dpad_left", "dpad_right"), "dpad_y": ("dpad_up", "dpad_down")}
AXES = (*STICKS, *DPAD)
_FULL = 32767.0
_SDL = {
    "SDL_VIDEODRIVER": "dummy",
    "SDL_JOYSTICK_ALLOW_BACKGROUND_EVENTS": "1",
    "SDL_NO_SIGNAL_HANDLERS": "1",  # or it takes SIGTERM, and the process lives on
    "PYGAME_HIDE_SUPPORT_PROMPT": "1",
}


class Gamepad:
    """The first gamepad that is plugged in and that SDL knows the layout of.

    A pad reports changes only, and a wireless one that is out of reach seems to be held still. So
    a deflection counts for ``stale_s`` after the last change of anything on the pad: whoever holds
    a stick perfectly still for longer has to move it a little.

    Args:
        controls: What its sticks and buttons do.
    """

    def __init__(self, controls: StickControls) -> None:
        self._controls = controls
        self._vendor: Any = None
        self._pad: Any = None
        self._newest: tuple[Mapping[str, float], Sequence[str]] | None = None

    def __enter__(self) -> Self:
        """Open it.

        Raises:
            NotConnectedError: None is plugged in.
            DeviceError: pygame is not installed.
        """
        for name, value in _SDL.items():
            os.environ.setdefault(name, value)
        self._vendor = import_extra("pygame._sdl2.controller", "gamepad")
        self._vendor.init()  # and never quit: that would end other users' pads too
        self._pad = self._open_first()
        self._newest = None
        self._controls.begin(self._take()[1])
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def read(self) -> TeleopCommand:
        """What the hands on the pad ask for now.

        Raises:
            NotConnectedError: Outside the ``with`` block, or it was unplugged.
        """
        if self._pad is None:
            raise NotConnectedError("gamepad: not connected, use it inside `with`")
        newest = self._take()
        if newest != self._newest:
            self._newest = newest
            self._controls.report(*newest)
        return self._controls.command()

    def resume(self) -> None:
        """Nothing to do: it only asks for twists."""

    @property
    def keys(self) -> Mapping[str, str]:
        """None: it has buttons of its own."""
        return {}

    def press(self, keys: Sequence[str]) -> None:
        """Drop the keys."""

    def _open_first(self) -> Any:  # noqa: ANN401  # whatever pygame calls a controller
        self._vendor.update()  # a pad may have come since
        for index in range(self._vendor.get_count()):
            if self._vendor.is_controller(index):
                return self._vendor.Controller(index)
        raise NotConnectedError(
            "gamepad: none found; plug one in, and let your user read its /dev/input/event device "
            "(group input)"
        )

    def _take(self) -> tuple[Mapping[str, float], Sequence[str]]:
        """All axes, -1 to 1, and the buttons that are down."""
        self._vendor.update()
        if not self._pad.attached():
            self._close()
            raise NotConnectedError("gamepad: it was unplugged, or is out of reach")
        values = {name: self._pad.get_axis(k) / _FULL for k, name in enumerate(STICKS)}
        down = [name for k, name in enumerate(BUTTONS) if self._pad.get_button(k)]
        for name, (less, more) in DPAD.items():
            values[name] = float(more in down) - float(less in down)
        return values, down

    def _close(self) -> None:
        pad, self._pad = self._pad, None
        if pad is not None:
            pad.quit()


def build_gamepad(
    scene: Scene,
    arm: Arm,
    mapping: AxisMapping,
    response: AxisResponse,
    speed: OperatorSpeed,
    smoothing_s: float,
    stale_s: float,
    buttons: Mapping[str, str],
) -> Gamepad:
    """The gamepad for a scene and its guarded arm, which is only looked at.

    Raises:
        ConfigurationError: ``mapping`` or ``buttons`` name what no gamepad has.
    """
    for what, given, known in (("axes", mapping.axes, AXES), ("buttons", buttons, BUTTONS)):
        if unknown := sorted(set(given) - set(known)):
            raise ConfigurationError(
                f"{what}: got {', '.join(unknown)}, expected some of {', '.join(known)}"
            )
    return Gamepad(
        StickControls(scene, arm, mapping, response, speed, smoothing_s, stale_s, buttons)
    )
