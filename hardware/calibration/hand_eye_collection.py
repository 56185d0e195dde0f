"""Guided collection of views for a hand-eye calibration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from hardware.calibration.at_rest import ArmMovesError, read_at_rest
from hardware.calibration.board_view import BoardFinder, BoardView
from hardware.calibration.guided_loop import CalibrationRig, GuidedLoop
from hardware.calibration.hand_eye_views import HandEyeSample
from hardware.calibration.pose_guide import Aspect, PoseGuide
from hardware.calibration.sample_folder import SampleFolder
from mt3.errors import BoardViewError
from mt3.geometry import SE3
from mt3.interfaces import Camera
from mt3.types import ColorImage

WANTED_VIEWS = 15
KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "space": "take this view",
        "tab": "propose another one",
        "backspace": "delete the last view",
        "enter": "finish",
    }
)
_PREVIEW_PERIOD_S = 0.5
_SAME_M, _SAME_RAD = 0.01, 0.05  # a view this near another one says nothing new


@dataclass(frozen=True, slots=True, eq=False)
class CollectionStatus:
    """How things stand, for a screen.

    Args:
        count: Views there are.
        proposal: The view to add next, in words.
        now: What the camera sees, in words.
        message: What the last key came to.
        color: The newest image.
        view: The board in it; None where it is not seen well enough.
    """

    count: int
    proposal: str
    now: str
    message: str
    color: ColorImage
    view: BoardView | None


class HandEyeCollection:
    """Proposes views, and adds those that the operator takes to a folder, each at once.

    Args:
        rig: The devices.
        camera: The connected camera.
        folder: Where views go; those that are there count.
        finder: Finds the board.
        show: Shows how things stand.
    """

    def __init__(
        self,
        rig: CalibrationRig,
        camera: Camera,
        folder: SampleFolder,
        finder: BoardFinder,
        show: Callable[[CollectionStatus], None],
    ) -> None:
        self._rig, self._camera, self._folder, self._finder = rig, camera, folder, finder
        self._show = show
        self._guide = PoseGuide(finder.board, finder.intrinsics)
        self._samples, _ = folder.samples(finder)
        self._skipped: list[Aspect] = []
        self._preview_s = float("-inf")
        actions = (self._take, self._skip, self._undo, self._finish)
        self._loop = GuidedLoop(rig, dict(zip(KEYS, actions, strict=True)))

    def run(self) -> None:
        """Collect until the operator finishes.

        Raises:
            DeviceError: A device failed; what was taken is stored.
            StorageError: A view cannot be written.
        """
        self._loop.run(self._show_now)

    def _proposal(self) -> Aspect | None:
        missing = self._guide.missing([sample.view for sample in self._samples], self._skipped)
        return missing[0] if missing else None

    def _take(self) -> None:
        self._loop.stop_arm()
        try:
            (frame,), state = read_at_rest(self._rig.arm, self._camera, self._rig.clock)
            view = self._finder.find(frame.color)
            T_WE = self._folder.setup.T_WB @ state.T_BE
            self._require_new(T_WE)
        except (BoardViewError, ArmMovesError) as error:
            self._loop.message = f"not taken: {error}"
            return
        name = self._folder.add(frame.color, state.T_BE)
        self._samples = [*self._samples, HandEyeSample(name, T_WE, view)]
        self._skipped.clear()
        seen = f"{len(view.ids)} of {self._finder.board.corner_count} corners"
        self._loop.message = f"view {name} taken: {seen}, {view.rms_px:.2f} px"

    def _require_new(self, T_WE: SE3) -> None:
        for sample in self._samples:
            if sample.T_WE.is_close(T_WE, _SAME_M, _SAME_RAD):
                raise BoardViewError(f"the arm is where view {sample.name} was taken; move it")

    def _skip(self) -> None:
        proposal = self._proposal()
        if proposal is None:
            self._skipped.clear()  # from the beginning
        else:
            self._skipped.append(proposal)

    def _undo(self) -> None:
        if not self._samples:
            self._loop.message = "there is no view to delete"
            return
        *kept, last = self._samples
        self._folder.remove(last.name)
        self._samples = kept
        self._loop.message = f"view {last.name} deleted"

    def _finish(self) -> None:
        self._loop.over = True

    def _show_now(self) -> None:
        """Look and show, now and then: finding the board takes longer than a turn of the loop."""
        if self._rig.clock.now_s() < self._preview_s:
            return
        self._preview_s = self._rig.clock.now_s() + _PREVIEW_PERIOD_S
        color = self._camera.read(1.0).color
        view: BoardView | None = None
        try:
            view = self._finder.find(color)
            now = self._guide.describe(self._guide.aspect_of(view.T_CM))
        except BoardViewError as error:
            now = str(error)
        proposal = self._proposal()
        text = "" if proposal is None else self._guide.describe(proposal)
        count, message = len(self._samples), self._loop.message
        self._show(CollectionStatus(count, text, now, message, color, view))
