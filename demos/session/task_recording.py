"""Recording one task with an operator: from the picture of the workplace to keeping the take."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from demos.library import DemoLibrary
from demos.recorder import Recorder, RecorderProgress, RecorderSettings
from demos.recording import StoredView
from demos.session.key_map import DIGITS, KeyMap
from demos.session.rig import Rig
from demos.session.session_step import CHOICES, PROMPTS, Step
from mt3.demonstration import DemoSummary
from mt3.errors import DemoFormatError, ImageError, Mt3Error, SafetyViolation, SegmentationError
from mt3.interfaces import Keys, TeleopCommand
from mt3.operator_action import OperatorAction
from mt3.perception import RGBD, ObjectView
from mt3.safety import Limit
from mt3.task import TaskDescription
from mt3.types import BoolArray

JUDGE = "operator"
MOVING = (Step.PICTURE, Step.APPROACH, Step.DEMONSTRATE, Step.REVIEW)
_RECORDING = (Step.APPROACH, Step.DEMONSTRATE)
_NOT_THE_OPERATORS = (Limit.COMMAND, Limit.STALE_STATE)  # limits that no moving back mends


class SessionStoppedError(Exception):
    """The operator stopped the session; what was kept is saved."""


@dataclass(frozen=True, slots=True)
class LoopRules:
    """How the session's loop runs.

    Args:
        rate_hz: Turns a second: keys are read, and the arm is commanded, once in each.
        real_time: Let a simulated clock pass no faster than time itself; a person needs it.
    """

    rate_hz: float
    real_time: bool


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """The workplace before the demonstration, and what in it is the object.

    Args:
        rgbd: The image.
        masks: Of everything that can be chosen by number, the first is number 1.
        mask: The object; None where it was not found and must be chosen.
        segmenter: What made the mask.
    """

    rgbd: RGBD
    masks: tuple[BoolArray, ...]
    mask: BoolArray | None
    segmenter: str


class TaskRecording:
    """The steps of one task, turn by turn; see ``Step`` for their order.

    Args:
        rig: The connected workplace.
        task: What is demonstrated.
        library: Where it goes.
        settings: How to record.
        rules: How the loop runs.
        keys: Key presses of the operator.
        key_map: What the keys mean.
        begun: Called with the demonstration's name when its recording begins.
        left: Called when that recording was set aside, and its name may be another's.
        announce: Called with what is being done before something that takes a while.
    """

    def __init__(
        self,
        rig: Rig,
        task: TaskDescription,
        library: DemoLibrary,
        settings: RecorderSettings,
        rules: LoopRules,
        keys: Keys,
        key_map: KeyMap,
        begun: Callable[[str], None],
        left: Callable[[], None],
        announce: Callable[["TaskRecording", str], None],
    ) -> None:
        self.rig, self.task = rig, task
        self.step = Step.PICTURE
        self.message = ""
        self.picture: Picture | None = None
        self.summary: DemoSummary | None = None
        self.over = False
        self.keys_pressed = 0
        self.tool_seconds = 0.0
        self._library, self._settings, self._rules = library, settings, rules
        self._keys, self._key_map = keys, key_map
        self._begun, self._left, self._announce = begun, left, announce
        self._take = ExitStack()
        self._recorder: Recorder | None = None
        self._opening: float | None = None
        self._stopped = False
        self._deadline_s = rig.scene.clock.now_s()
        self._wall_s = self._began_s = time.monotonic()
        self._handlers: dict[OperatorAction, Callable[[], None]] = {
            OperatorAction.PICTURE: self._take_picture,
            OperatorAction.ACCEPT: self._accept,
            OperatorAction.MARK: self._mark,
            OperatorAction.END: self._end,
            OperatorAction.REPLAY: self._replay,
            OperatorAction.KEEP: self._keep,
            OperatorAction.REDO: self._redo,
            OperatorAction.DISCARD: self._discard,
            OperatorAction.QUIT: self._quit,
        }

    @property
    def seconds(self) -> float:
        """Time since the task's first prompt."""
        return time.monotonic() - self._began_s

    @property
    def progress(self) -> RecorderProgress | None:
        """How the recording goes; None while nothing is recorded."""
        return None if self._recorder is None else self._recorder.progress

    def turn(self) -> None:
        """One turn of the loop: keys and buttons, the arm, time, a sample.

        Raises:
            SessionStoppedError: The operator stops here.
            DeviceError: A device failed; the take is in staging.
        """
        self._obey_keys()
        if self.over:
            return
        command = self._read_device()
        if self.over:
            return
        self._drive(command)
        self._pass_time()
        if self._recorder is not None and self.step in _RECORDING:
            self._recorder.sample()

    def close(self) -> None:
        """Stop the arm; an unfinished take stays in staging, for ``mt3-demos check --recover``."""
        try:
            self.rig.arm.stop()
        finally:
            self._take.close()

    def _obey_keys(self) -> None:
        """Obey the keys of the session, and hand the others to the device."""
        others = []
        for key in self._keys.pressed():
            action = self._key_map.action(key)
            if action is not None:
                self._obey(action)
            elif key in DIGITS and self.step is Step.MASK:
                self._choose(int(key))
            else:
                others.append(key)
        self.rig.teleop.press(others)

    def _read_device(self) -> TeleopCommand:
        """What the device asks for, its buttons obeyed."""
        if self._stopped:
            self.rig.teleop.resume()
            self._stopped = False
        command = self.rig.teleop.read()
        for button in command.buttons:
            self._obey(OperatorAction.named(button))
        return command

    def _obey(self, action: OperatorAction) -> None:
        if self.over:
            return
        if action not in CHOICES[self.step]:
            self.message = f"{action} is of no use now: {PROMPTS[self.step]}"
            return
        self.keys_pressed += 1
        self.message = ""
        self._handlers[action]()

    def _drive(self, command: TeleopCommand) -> None:
        """Move arm and fingers as the device asks, where this step lets them move."""
        if self.step not in MOVING:
            return
        if command.opening is not None and command.opening != self._opening:
            self._opening = command.opening
            self.rig.scene.gripper.command(command.opening)
        if command.V_BE_E is None:
            return
        try:
            self.rig.arm.command_twist(command.V_BE_E)
        except SafetyViolation as violation:
            if violation.limit in _NOT_THE_OPERATORS:
                raise
            self.message = f"{violation}: move back"

    def _pass_time(self) -> None:
        clock, period_s = self.rig.scene.clock, 1.0 / self._rules.rate_hz
        self._deadline_s = max(self._deadline_s + period_s, clock.now_s())
        clock.sleep_until(self._deadline_s)
        if self._rules.real_time and self.rig.scene.backend == "sim":
            self._wall_s = max(self._wall_s + period_s, time.monotonic() - period_s)
            time.sleep(max(0.0, self._wall_s - time.monotonic()))

    def _stop_arm(self) -> None:
        """Stop it for work of the tool; the device goes on afterwards."""
        self.rig.arm.stop()
        self._stopped = True

    def _take_picture(self) -> None:
        self._stop_arm()
        camera = next(iter(self.rig.scene.cameras.values()))
        masks: tuple[BoolArray, ...] = ()
        mask: BoolArray | None = None
        with self._by_the_tool("looking for the object"):
            rgbd = camera.read(self._settings.max_view_age_s)
            try:
                masks = tuple(self.rig.find_objects(rgbd))
                mask = self.rig.segmenter.segment(rgbd, self.task.target_object)
            except SegmentationError as error:
                self.message = str(error)
        if mask is None and not masks:
            return
        if mask is None:
            self.message = (
                f"which of {len(masks)} is the {self.task.target_object}? press its number"
            )
        self.picture = Picture(rgbd, masks, mask, self.rig.segmenter.name)
        self.step = Step.MASK

    def _choose(self, number: int) -> None:
        picture = self._taken()
        self.keys_pressed += 1
        if number > len(picture.masks):
            self.message = f"got number {number}, expected 1 to {len(picture.masks)}"
            return
        self.message = ""
        mask = picture.masks[number - 1]
        self.picture = Picture(picture.rgbd, picture.masks, mask, f"{JUDGE}, cluster {number}")

    def _accept(self) -> None:
        picture = self._taken()
        if picture.mask is None:
            self.message = "no object is chosen: press its number"
            return
        scene, arm = self.rig.scene, self.rig.arm
        try:
            view = ObjectView(picture.rgbd, picture.mask)
        except ImageError as error:
            self.message = str(error)
            return
        with self._by_the_tool("beginning"):
            stored = StoredView.from_object_view(view, arm.state().T_BE, picture.segmenter)
            recorder = Recorder(scene, arm, self._library, self.task, [stored], self._settings)
            self._recorder = self._take.enter_context(recorder)
            self._begun(recorder.demo_id)
        self.step = Step.APPROACH

    def _mark(self) -> None:
        self._recording().mark_bottleneck()
        self.step = Step.DEMONSTRATE

    def _end(self) -> None:
        self._stop_arm()
        self._recording().end(None, "nobody")
        self.step = Step.REVIEW

    def _replay(self) -> None:
        self._stop_arm()
        real = self.rig.scene.backend == "real"
        what = "replaying; any key stops the arm" if real else "replaying"
        with self._by_the_tool(what, counts=False):
            try:
                self.message = self.rig.replay(self._recording().recording())
            except Mt3Error as error:
                self.message = f"replay check: {error}"

    def _keep(self) -> None:
        self._stop_arm()
        recorder = self._recording()
        recorder.end(True, JUDGE)
        try:
            with self._by_the_tool("checking and saving"):
                self.summary = recorder.save()
        except DemoFormatError as refusal:
            self._again(str(refusal))
            return
        self._leave_take()
        self.over = True

    def _redo(self) -> None:
        self._stop_arm()
        self._set_aside("the operator recorded it again")
        self._again("set aside; once more")

    def _discard(self) -> None:
        self._stop_arm()
        self._set_aside("the operator discarded it")
        self.over = True

    def _quit(self) -> None:
        self._stop_arm()
        self._set_aside("the operator stopped here")
        raise SessionStoppedError

    def _set_aside(self, reason: str) -> None:
        if self._recorder is not None:
            with self._by_the_tool("setting aside"):
                self._recorder.discard(reason)
            self._leave_take()

    def _leave_take(self) -> None:
        self._recorder = None
        self._take.close()

    def _again(self, message: str) -> None:
        self._leave_take()
        self._left()
        self.picture = None
        self.step, self.message = Step.PICTURE, message

    def _taken(self) -> Picture:
        if self.picture is None:
            raise RuntimeError("no picture was taken")
        return self.picture

    def _recording(self) -> Recorder:
        if self._recorder is None:
            raise RuntimeError("nothing is being recorded")
        return self._recorder

    @contextmanager
    def _by_the_tool(self, what: str, counts: bool = True) -> Iterator[None]:
        """Work of the tool itself, which the operator waits for and the clock of the loop skips."""
        self._announce(self, what)
        begin_s = time.monotonic()
        try:
            yield
        finally:
            took_s = time.monotonic() - begin_s
            self.tool_seconds += took_s if counts else 0.0
            self._wall_s += took_s
            self._keys.pressed()  # what was typed meanwhile was not meant for what comes next
