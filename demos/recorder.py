"""Records what an arm does, without ever moving it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from demos.intake import begin, commit
from demos.journal import Entry, Journal
from demos.library import DemoLibrary
from demos.recording import (
    DEFAULT_BOTTLENECK_DISTANCE_M,
    RecordingHeader,
    SpeedLimits,
    StoredView,
)
from demos.staging import begin_staging, bottleneck_entry, end_entry, sample_entry
from mt3.demonstration import DemoSummary
from mt3.errors import DeviceError
from mt3.interfaces import Arm, Judge, Operator, OperatorEvent, Scene
from mt3.perception import ObjectView, Segmenter
from mt3.task import TaskDescription


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    """How to record.

    Args:
        rate_hz: Nominal rate at which the operator yields.
        speed_limits: Speeds that no sound recording exceeds.
        max_view_age_s: Oldest frame taken for the view of the object.
        software: Version and git revision, for the record.
        resolved_config: Plain values of the configuration, for the record.
        bottleneck_distance_m: Where no bottleneck is marked, it is before the tool comes this near.
    """

    rate_hz: float
    speed_limits: SpeedLimits
    max_view_age_s: float
    software: Mapping[str, str]
    resolved_config: Mapping[str, Any]
    bottleneck_distance_m: float = DEFAULT_BOTTLENECK_DISTANCE_M


class Recorder:
    """One recording, begun on entering its ``with`` block.

    Leaving the block without ``save`` keeps the staging folder, from which
    ``mt3-demos check --recover`` takes what can be taken.

    Args:
        scene: Where it happens; only read.
        arm: The arm whose states are sampled; only read.
        library: Where it goes.
        task: What is demonstrated.
        views: The object before contact, the default view first.
        settings: How to record.

    Raises:
        ConfigurationError: The library belongs to another robot or backend.
    """

    def __init__(
        self,
        scene: Scene,
        arm: Arm,
        library: DemoLibrary,
        task: TaskDescription,
        views: Sequence[StoredView],
        settings: RecorderSettings,
    ) -> None:
        library.require_matches(scene.robot, scene.backend)
        self._arm, self._gripper, self._library = arm, scene.gripper, library
        self._views = tuple(views)
        self._header = RecordingHeader(
            task=task,
            robot=scene.robot,
            backend=scene.backend,
            tool=scene.tool,
            T_WB=scene.T_WB,
            rate_hz=settings.rate_hz,
            speed_limits=settings.speed_limits,
            software=settings.software,
            resolved_config=settings.resolved_config,
            bottleneck_distance_m=settings.bottleneck_distance_m,
        )
        self._open: tuple[Path, Journal] | None = None
        self._count = 0
        self._newest_s: float | None = None

    def __enter__(self) -> Self:
        staging = begin(self._library, self._header.task)
        self._open = (staging, begin_staging(staging, self._header, self._views))
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None

    @property
    def samples(self) -> int:
        """How many samples were taken."""
        return self._count

    def sample(self) -> None:
        """Take one sample of arm and gripper, unless the arm's newest state was taken already."""
        state = self._arm.state()
        if state.t_s != self._newest_s:
            self._append(sample_entry(state, self._gripper.state()))
            self._newest_s = state.t_s
            self._count += 1

    def mark_bottleneck(self) -> None:
        """Say that the interaction begins at the newest sample."""
        self._append(bottleneck_entry(self._newest()))

    def end(self, success: bool | None, judge: str) -> None:
        """Say that the newest sample is the last, and what the verdict is."""
        self._append(end_entry(self._newest(), success, judge))

    def save(self) -> DemoSummary:
        """Check the recording and put it into the library in one step.

        Raises:
            DemoFormatError: It breaks the record's rules; it is in quarantine, the reason beside.
        """
        staging, journal = self._opened()
        journal.sync()
        try:
            return commit(self._library, staging)
        finally:
            journal.close()
            self._open = None

    def _newest(self) -> int:
        if self._count == 0:
            raise DeviceError("recorder: nothing was sampled yet, call sample() first")
        return self._count - 1

    def _append(self, entry: Entry) -> None:
        self._opened()[1].append(entry)

    def _opened(self) -> tuple[Path, Journal]:
        if self._open is None:
            raise DeviceError("recorder: not recording, use it in a with block and save once")
        return self._open


def record(
    scene: Scene,
    arm: Arm,
    operator: Operator,
    library: DemoLibrary,
    task: TaskDescription,
    segmenter: Segmenter,
    judge: Judge,
    settings: RecorderSettings,
) -> DemoSummary:
    """Record one demonstration: the object's view first, then every sample the operator yields.

    Raises:
        SegmentationError: The object is not in the image.
        ImageError: Its mask has too few pixels with depth.
        DemoFormatError: The recording breaks the record's rules; it is in quarantine.
    """
    view = take_view(scene, arm, task, segmenter, settings.max_view_age_s)
    with Recorder(scene, arm, library, task, [view], settings) as recorder:
        for event in operator.perform():
            recorder.sample()
            if event is OperatorEvent.BOTTLENECK:
                recorder.mark_bottleneck()
            if event is OperatorEvent.END:
                recorder.end(judge.success(), judge.name)
                break
        return recorder.save()


def take_view(
    scene: Scene, arm: Arm, task: TaskDescription, segmenter: Segmenter, max_age_s: float
) -> StoredView:
    """See the task's object with the default camera, the arm where it is."""
    camera = next(iter(scene.cameras.values()))
    rgbd = camera.read(max_age_s)
    mask = segmenter.segment(rgbd, task.target_object)
    return StoredView.from_object_view(ObjectView(rgbd, mask), arm.state().T_BE, segmenter.name)
