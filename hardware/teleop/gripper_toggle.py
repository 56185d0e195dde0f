"""One key or button that opens and closes a gripper in turn."""

from mt3.interfaces import Gripper


class GripperToggle:
    """Asks for the opposite of what the gripper was last told, whoever told it.

    Args:
        gripper: Only looked at.
    """

    def __init__(self, gripper: Gripper) -> None:
        self._gripper = gripper
        self._asked: float | None = None

    def reset(self) -> None:
        """Forget a press that nobody took."""
        self._asked = None

    def press(self) -> None:
        """Ask for open where it is closed, and the other way round."""
        now = self._gripper.state().command if self._asked is None else self._asked
        self._asked = 0.0 if now > 0.5 else 1.0

    def take(self) -> float | None:
        """The opening asked for since the last call, if any."""
        asked, self._asked = self._asked, None
        return asked
