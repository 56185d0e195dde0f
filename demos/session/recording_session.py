"""A recording session: task after task with one operator, resumed where it stopped."""

import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from demos.library import DemoLibrary
from demos.recorder import RecorderProgress, RecorderSettings
from demos.session.key_map import DIGITS, KeyMap
from demos.session.rig import Rig
from demos.session.session_log import SessionLog, TaskDone
from demos.session.session_step import CHOICES, PROMPTS, Step, describe_action
from demos.session.task_recording import (
    MOVING,
    LoopRules,
    Picture,
    SessionStoppedError,
    TaskRecording,
)
from mt3.interfaces import ArmState, GripperState, Keys
from mt3.task import TaskDescription

_SHOWN_EVERY_S = 0.1

OpenRig: TypeAlias = Callable[[TaskDescription, int], tuple[Rig, RecorderSettings]]


@dataclass(frozen=True, slots=True, eq=False)
class SessionStatus:
    """What an operator sees.

    Args:
        task: In words.
        number: Of the task, from 1.
        count: Of tasks in the list.
        step: Where its recording stands.
        prompt: What to do next.
        message: What happened last; empty where nothing needs to be said.
        busy: What the tool is doing while it does not listen; empty while it does.
        choices: Keys that mean something now, and what.
        device_keys: Keys of the teleoperation device, and what they do; empty while it rests.
        arm: Newest state.
        gripper: Newest state.
        camera: Name of the camera.
        disk_free_bytes: Where the library is.
        progress: Of the recording; None while nothing is recorded.
        picture: Before the demonstration; None until it is taken.
        seconds: Since the task's first prompt.
        mean_seconds: Of the tasks recorded so far; None before the first.
        remaining: Tasks that are not over, this one included.
    """

    task: str
    number: int
    count: int
    step: Step
    prompt: str
    message: str
    busy: str
    choices: tuple[tuple[str, str], ...]
    device_keys: Mapping[str, str]
    arm: ArmState
    gripper: GripperState
    camera: str
    disk_free_bytes: int
    progress: RecorderProgress | None
    picture: Picture | None
    seconds: float
    mean_seconds: float | None
    remaining: int


class Screen(Protocol):
    """Where the operator looks."""

    def show(self, status: SessionStatus) -> None:
        """Show how things stand now."""
        ...

    def tell(self, line: str) -> None:
        """Leave a line that stays."""
        ...


class RecordingSession:
    """Records a list of tasks, one after the other.

    Args:
        library: Where demonstrations go.
        log: What was done already; tells what is left.
        tasks: The whole list.
        open_rig: Makes the workplace of a task ready; called once per task, in order.
        keys: Key presses of the operator.
        key_map: What the keys mean.
        screen: Where the operator looks.
        rules: How the loop runs.
    """

    def __init__(
        self,
        library: DemoLibrary,
        log: SessionLog,
        tasks: Sequence[TaskDescription],
        open_rig: OpenRig,
        keys: Keys,
        key_map: KeyMap,
        screen: Screen,
        rules: LoopRules,
    ) -> None:
        self._library, self._log, self._tasks = library, log, tuple(tasks)
        self._open_rig, self._keys, self._key_map = open_rig, keys, key_map
        self._screen, self._rules = screen, rules

    def run(self) -> list[TaskDone]:
        """Record what is left of the list; returns what was done now.

        Raises:
            SessionStoppedError: The operator stopped; the same session can be resumed.
            DeviceError: A device failed; what was kept is saved, the take is in staging.
        """
        already = len(self._log.done)
        for number in self._log.remaining:
            self._record(number)
        return self._log.done[already:]

    def _record(self, number: int) -> None:
        rig, settings = self._open_rig(self._tasks[number], number)
        recording = TaskRecording(
            rig,
            self._tasks[number],
            self._library,
            settings,
            self._rules,
            self._keys,
            self._key_map,
            begun=lambda demo_id: self._log.begin(number, demo_id),
            left=self._log.abandon,
            announce=lambda recording, busy: self._show(number, recording, busy),
        )
        try:
            self._loop(number, recording)
        except SessionStoppedError:
            self._log.abandon()
            raise
        finally:
            recording.close()
        demo_id = "" if recording.summary is None else recording.summary.demo_id
        done = TaskDone(
            number, demo_id, recording.seconds, recording.tool_seconds, recording.keys_pressed
        )
        self._log.finish(done)
        self._screen.tell(_describe(done, self._tasks[number]))

    def _loop(self, number: int, recording: TaskRecording) -> None:
        shown_s, shown = -math.inf, (recording.step, recording.message)
        while not recording.over:
            now = (recording.step, recording.message)
            if now != shown or time.monotonic() - shown_s >= _SHOWN_EVERY_S:
                self._show(number, recording, "")
                shown_s, shown = time.monotonic(), now
            recording.turn()

    def _show(self, number: int, recording: TaskRecording, busy: str) -> None:
        rig, step = recording.rig, recording.step
        self._screen.show(
            SessionStatus(
                task=recording.task.text,
                number=number + 1,
                count=len(self._tasks),
                step=step,
                prompt=PROMPTS[step],
                message=recording.message,
                busy=busy,
                choices=self._choices(recording),
                device_keys=rig.teleop.keys if step in MOVING else {},
                arm=rig.arm.state(),
                gripper=rig.scene.gripper.state(),
                camera=next(iter(rig.scene.cameras)),
                disk_free_bytes=shutil.disk_usage(self._library.path).free,
                progress=recording.progress,
                picture=recording.picture,
                seconds=recording.seconds,
                mean_seconds=self._log.mean_seconds,
                remaining=len(self._log.remaining),
            )
        )

    def _choices(self, recording: TaskRecording) -> tuple[tuple[str, str], ...]:
        step, picture = recording.step, recording.picture
        choices = [
            (self._key_map.key(action), describe_action(step, action)) for action in CHOICES[step]
        ]
        if step is Step.MASK and picture is not None and picture.masks:
            last = DIGITS[min(len(picture.masks), len(DIGITS)) - 1]
            choices.append((f"1-{last}" if last != "1" else "1", "choose by number"))
        return tuple(choices)


def _describe(done: TaskDone, task: TaskDescription) -> str:
    if not done.demo_id:
        return f"{done.number + 1}. {task.text}: skipped"
    return (
        f"{done.number + 1}. {task.text}: saved as {done.demo_id} in {done.seconds:.0f} s, "
        f"{done.tool_seconds:.1f} s of them the tool's own, {done.keys} keys"
    )
