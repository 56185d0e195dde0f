"""Guided collection of touches for a tool calibration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from hardware.calibration.at_rest import ArmMovesError, wait_for_rest
from hardware.calibration.guided_loop import CalibrationRig, GuidedLoop
from hardware.calibration.touch_file import TouchFile
from mt3.errors import CalibrationError
from mt3.geometry import SE3
from mt3.tool import ToolFrame

WANTED_TOUCHES = 8
KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "space": "take this touch",
        "backspace": "delete the last touch",
        "enter": "finish",
    }
)
_SAME_RAD = 0.1  # a touch from nearly the same side says nothing new
_SIDES = ("to the front", "to the left", "to the back", "to the right")


@dataclass(frozen=True, slots=True)
class TouchStatus:
    """How things stand, for a screen.

    Args:
        count: Touches there are.
        proposal: How to touch next, in words.
        message: What the last key came to.
    """

    count: int
    proposal: str
    message: str


class ToolCollection:
    """Adds touches that the operator takes to a file, each at once.

    Args:
        rig: The devices.
        tool: The tool as the arm's controller knows it now: what its poses are of.
        file: Where touches go; those that are there count.
        show: Shows how things stand.
    """

    def __init__(
        self,
        rig: CalibrationRig,
        tool: ToolFrame,
        file: TouchFile,
        show: Callable[[TouchStatus], None],
    ) -> None:
        self._rig, self._file, self._show = rig, file, show
        self._T_EF = tool.T_flange_tool.inverse()
        actions = (self._take, self._undo, self._finish)
        self._loop = GuidedLoop(rig, dict(zip(KEYS, actions, strict=True)))

    def run(self) -> None:
        """Collect until the operator finishes.

        Raises:
            DeviceError: A device failed; what was taken is stored.
            StorageError: A touch cannot be written.
        """
        self._loop.run(self._show_now)

    def _take(self) -> None:
        self._loop.stop_arm()
        try:
            T_BF = wait_for_rest(self._rig.arm, self._rig.clock).T_BE @ self._T_EF
            self._require_new(T_BF)
        except (CalibrationError, ArmMovesError) as error:
            self._loop.message = f"not taken: {error}"
            return
        self._file.add(T_BF)
        self._loop.message = f"touch {len(self._file.touches)} taken"

    def _require_new(self, T_BF: SE3) -> None:
        for number, touch in enumerate(self._file.touches, start=1):
            if touch.angle_to_rad(T_BF) < _SAME_RAD:
                raise CalibrationError(f"from the same side as touch {number}; turn the tool")

    def _undo(self) -> None:
        if self._file.touches:
            self._file.remove_last()
            self._loop.message = f"deleted; {len(self._file.touches)} are left"

    def _finish(self) -> None:
        self._loop.over = True

    def _show_now(self) -> None:
        count = len(self._file.touches)
        if count == 0:
            proposal = "touch the point with the tool upright"
        else:
            side, turn = _SIDES[(count - 1) % 4], 45 * ((count - 1) // 4)
            proposal = f"touch it with the tool tipped by 30 deg {side}"
            proposal += f", and turned about itself by {turn} deg" if turn else ""
        self._show(TouchStatus(count, proposal, self._loop.message))
