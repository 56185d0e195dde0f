"""What the buttons of a device do."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

from hardware.teleop.gripper_toggle import GripperToggle
from hardware.teleop.twist_shaper import TwistShaper
from mt3.errors import ConfigurationError
from mt3.interfaces import Gripper
from mt3.operator_action import OperatorAction

DEVICE_ACTIONS = ("gripper", "faster", "slower", "precise")
_ACTIONS = (*OperatorAction, *DEVICE_ACTIONS)


class ButtonActions:
    """Turns buttons held down into actions, each press once.

    ``gripper`` opens or closes it, ``faster`` and ``slower`` change the speed, ``precise`` is
    slowest while held; all others are passed on to the session.

    Args:
        actions: Button to action.
        shaper: Whose speed the buttons change.
        gripper: What ``gripper`` opens and closes.

    Raises:
        ConfigurationError: An action that does not exist.
    """

    def __init__(self, actions: Mapping[str, str], shaper: TwistShaper, gripper: Gripper) -> None:
        for button, action in actions.items():
            if action not in _ACTIONS:
                raise ConfigurationError(
                    f"buttons.{button}: got {action!r}, expected one of {', '.join(_ACTIONS)}"
                )
        self._actions = MappingProxyType({str(name): what for name, what in actions.items()})
        self._shaper = shaper
        self._toggle = GripperToggle(gripper)
        self._held: frozenset[str] = frozenset()
        self._passed_on: list[str] = []

    @property
    def names(self) -> Collection[str]:
        """Buttons that do something."""
        return self._actions.keys()

    @property
    def precise(self) -> bool:
        """Whether a button for precise motion is held."""
        return any(self._actions.get(button) == "precise" for button in self._held)

    def reset(self, held: Collection[str]) -> None:
        """Begin again; buttons held already count as pressed before."""
        self._held = frozenset(held)
        self._passed_on.clear()
        self._toggle.reset()

    def update(self, held: Collection[str]) -> None:
        """Take note of the buttons that are down now."""
        for button in sorted(frozenset(held) - self._held):
            if button in self._actions:
                self._act(self._actions[button])
        self._held = frozenset(held)

    def take(self) -> tuple[float | None, tuple[str, ...]]:
        """Opening asked for, and actions for the session, since the last call."""
        buttons = tuple(self._passed_on)
        self._passed_on.clear()
        return self._toggle.take(), buttons

    def _act(self, action: str) -> None:
        match action:
            case "gripper":
                self._toggle.press()
            case "faster":
                self._shaper.change_speed(1)
            case "slower":
                self._shaper.change_speed(-1)
            case "precise":
                pass
            case _:
                self._passed_on.append(action)
