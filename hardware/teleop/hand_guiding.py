"""A hand moves the arm itself, in the arm's own free-drive."""

import logging
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from hardware.teleop.gripper_toggle import GripperToggle
from mt3.control.control import ControlledArm
from mt3.errors import ConfigurationError, DeviceError, NotConnectedError
from mt3.interfaces import Scene, TeleopCommand

_log = logging.getLogger(__name__)


class HandGuiding:
    """Free-drive while the ``with`` block lasts; asks for no twist, and none may be sent.

    Each ``read`` makes the guard look at the arm's state. Whatever stops the arm ends free-drive,
    and the next ``read`` says so, unless ``resume`` began it again. Keep a hand on the arm as it
    begins and ends: an arm with a wrong payload sinks or rises.

    Args:
        arm: The guarded arm; its driver has to have free-drive.
        toggle: What the gripper key presses.
        gripper_key: Key of the terminal that opens and closes the gripper in turn.

    Raises:
        ConfigurationError: No key for the gripper.
    """

    def __init__(self, arm: ControlledArm, toggle: GripperToggle, gripper_key: str) -> None:
        if not gripper_key:
            raise ConfigurationError("gripper_key: got none, expected the name of a key")
        self._arm = arm
        self._toggle = toggle
        self._gripper_key = gripper_key
        self._connected = False

    def __enter__(self) -> Self:
        """Begin free-drive.

        Raises:
            DeviceError: The arm has none, or refuses it.
        """
        self._arm.begin_freedrive()
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
        try:
            self._arm.end_freedrive()
        except DeviceError:
            if exc is None:
                raise
            _log.exception("free-drive did not end")  # and the first error goes on

    def read(self) -> TeleopCommand:
        """No twist; the gripper's opening where its key was pressed.

        Raises:
            NotConnectedError: Outside the ``with`` block.
            SafetyViolation: The arm's state is stale; it was stopped.
            DeviceError: Free-drive was ended by a stop.
        """
        if not self._connected:
            raise NotConnectedError("hand guiding: not connected, use it inside `with`")
        if not self._arm.guided:
            raise DeviceError("hand guiding: ended because the arm was stopped; begin it again")
        self._arm.state()
        return TeleopCommand(None, self._toggle.take())

    def resume(self) -> None:
        """Begin free-drive again after a stop.

        Raises:
            NotConnectedError: Outside the ``with`` block.
            DeviceError: The arm refuses it.
        """
        if not self._connected:
            raise NotConnectedError("hand guiding: not connected, use it inside `with`")
        if not self._arm.guided:
            self._arm.begin_freedrive()

    @property
    def keys(self) -> Mapping[str, str]:
        """The gripper's."""
        return {self._gripper_key: "gripper"}

    def press(self, keys: Sequence[str]) -> None:
        """Take the gripper's key, drop all others, and all outside the ``with`` block."""
        if self._connected:
            for _ in range(keys.count(self._gripper_key)):
                self._toggle.press()


def build_hand_guiding(scene: Scene, arm: ControlledArm, gripper_key: str) -> HandGuiding:
    """Hand guiding of a scene's guarded arm."""
    return HandGuiding(arm, GripperToggle(scene.gripper), gripper_key)
