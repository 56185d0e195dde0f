"""Sticks and buttons of one device: reports go in, what they ask for comes out."""

from collections.abc import Collection, Mapping

from hardware.teleop.axis_mapping import AxisMapping
from hardware.teleop.axis_response import AxisResponse
from hardware.teleop.button_actions import ButtonActions
from hardware.teleop.operator_speed import OperatorSpeed
from hardware.teleop.stick_axes import StickAxes
from hardware.teleop.twist_shaper import TwistShaper
from mt3.interfaces import Arm, Scene, TeleopCommand


class StickControls:
    """What the hands on a device with springs and buttons ask for.

    Args:
        scene: Whose clock and gripper it uses.
        arm: Its guarded arm, which is only looked at.
        mapping: Device axis to axis of the twist.
        response: Dead zone and curve.
        speed: How fast full deflection is.
        smoothing_s: Time constant of the twist.
        stale_s: How long a deflection counts without a report.
        buttons: Button to action.

    Raises:
        ConfigurationError: A value that makes no sense.
    """

    def __init__(
        self,
        scene: Scene,
        arm: Arm,
        mapping: AxisMapping,
        response: AxisResponse,
        speed: OperatorSpeed,
        smoothing_s: float,
        stale_s: float,
        buttons: Mapping[str, str],
    ) -> None:
        self._clock = scene.clock
        self._shaper = TwistShaper(mapping, speed, smoothing_s, arm, scene.clock)
        self._axes = StickAxes(mapping, response, stale_s)
        self._buttons = ButtonActions(buttons, self._shaper, scene.gripper)

    @property
    def buttons(self) -> Collection[str]:
        """Buttons that do something."""
        return self._buttons.names

    def begin(self, held: Collection[str]) -> None:
        """Begin anew; buttons that are held already do nothing until they are let go."""
        self._shaper.reset()
        self._axes.begin(self._clock.now_s())
        self._buttons.reset(held)

    def report(self, values: Mapping[str, float], held: Collection[str]) -> None:
        """Take note of a report: all mapped axes, -1 to 1, and the buttons that are down."""
        self._axes.report(values, self._clock.now_s())
        self._buttons.update(held)

    def command(self) -> TeleopCommand:
        """What they ask for now."""
        deflection_O = self._axes.deflection_O(self._clock.now_s())
        twist = self._shaper.twist(deflection_O, self._buttons.precise)
        return TeleopCommand(twist, *self._buttons.take())
