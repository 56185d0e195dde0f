"""A SpaceMouse moves the tool in all six axes."""

import contextlib
import io
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

AXES = ("x", "y", "z", "roll", "pitch", "yaw")
_MAX_REPORTS = 1000  # taken in one read; the device makes some hundred a second
_CONVENTION = "ros"  # of pyspacemouse: x forward, y left, z up, turns right-handed about them


class SpaceMouse:
    """The first SpaceMouse that is plugged in.

    It reports all the while its cap is deflected, so silence of more than ``stale_s`` means that
    its cap was let go or its reports are lost: either way it asks for rest.

    Args:
        controls: What its axes and buttons do; buttons by the names that pyspacemouse gives them.
    """

    def __init__(self, controls: StickControls) -> None:
        self._controls = controls
        self._device: Any = None
        self._reports = 0

    def __enter__(self) -> Self:
        """Open it.

        Raises:
            NotConnectedError: None is plugged in, or it may not be opened.
            DeviceError: pyspacemouse is not installed.
            ConfigurationError: It has no button of a configured name.
        """
        self._device = self._open()
        names = list(self._device.info.button_names)
        if unknown := sorted(set(self._controls.buttons) - set(names)):
            self._close()
            raise ConfigurationError(
                f"buttons: got {', '.join(unknown)}, expected buttons of this device: "
                f"{', '.join(names)}"
            )
        self._controls.begin(())
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def read(self) -> TeleopCommand:
        """What the hand on the cap asks for now.

        Raises:
            NotConnectedError: Outside the ``with`` block, or it was unplugged.
        """
        if self._device is None:
            raise NotConnectedError("spacemouse: not connected, use it inside `with`")
        self._take_reports()
        return self._controls.command()

    def resume(self) -> None:
        """Nothing to do: it only asks for twists."""

    @property
    def keys(self) -> Mapping[str, str]:
        """None: it has buttons of its own."""
        return {}

    def press(self, keys: Sequence[str]) -> None:
        """Drop the keys."""

    def _open(self) -> Any:  # noqa: ANN401  # pyspacemouse has no types
        vendor = import_extra("pyspacemouse", "spacemouse")
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # it prints what it found
                return vendor.open(callback=self._note, axis_convention=_CONVENTION)
        except Exception as error:  # it raises bare ones of several kinds
            raise NotConnectedError(
                f"spacemouse: {error}; plug it in, install the system library "
                "libhidapi-hidraw0, and let your user read its /dev/hidraw device (a udev rule)"
            ) from error

    def _take_reports(self) -> None:
        """Take all reports that wait, at most as many as a stalled session can have piled up."""
        for _ in range(_MAX_REPORTS):
            before = self._reports
            try:
                self._device.read()
            except Exception as error:  # easyhid's, which pyspacemouse lets through
                self._close()
                raise NotConnectedError(f"spacemouse: unplugged? ({error})") from error
            if self._reports == before:
                return

    def _note(self, state: Any) -> None:  # noqa: ANN401  # pyspacemouse has no types
        """Take note of one report; called by pyspacemouse from within its ``read``."""
        self._reports += 1
        values = {name: getattr(state, name) for name in AXES}
        pairs = zip(self._device.info.button_names, state.buttons, strict=True)
        self._controls.report(values, [name for name, down in pairs if down])

    def _close(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            device.close()


def build_spacemouse(
    scene: Scene,
    arm: Arm,
    mapping: AxisMapping,
    response: AxisResponse,
    speed: OperatorSpeed,
    smoothing_s: float,
    stale_s: float,
    buttons: Mapping[str, str],
) -> SpaceMouse:
    """The SpaceMouse for a scene and its guarded arm, which is only looked at.

    Raises:
        ConfigurationError: ``mapping`` names an axis that it does not have.
    """
    if unknown := sorted(set(mapping.axes) - set(AXES)):
        raise ConfigurationError(f"axes: got {', '.join(unknown)}, expected {', '.join(AXES)}")
    return SpaceMouse(
        StickControls(scene, arm, mapping, response, speed, smoothing_s, stale_s, buttons)
    )
