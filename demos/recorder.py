"""Records what an arm does, without ever moving it."""

import contextlib
import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

from demos.durable import storage_errors
from demos.intake import begin, commit, quarantine, read_sound
from demos.library import DemoLibrary
from demos.recorder_settings import RecorderProgress, RecorderSettings
from demos.recording import Recording, RecordingHeader, StoredView
from demos.staging import begin_staging, bottleneck_entry, end_entry
from demos.stream.capturing import Capture, OpenRecording, begin_capture, streamed_camera
from mt3.demonstration import DemoSummary
from mt3.errors import DeviceError, Mt3Error, StorageError
from mt3.interfaces import Arm, Judge, Operator, OperatorEvent, Scene
from mt3.perception import ObjectView, Segmenter
from mt3.task import TaskDescription

__all__ = ["Recorder", "RecorderProgress", "RecorderSettings", "record", "take_view"]

_log = logging.getLogger(__name__)


class Recorder:
    """One recording, begun on entering its ``with`` block.

    Leaving the block without ``save`` keeps the staging folder, from which
    ``mt3-demos check --recover`` takes what can be taken.

    A simulated scene's clock only advances while somebody sleeps on it, so nothing can run beside
    it: there each ``sample`` takes a sample, and a frame where one is due. In a real scene threads
    take samples and frames by themselves, at their own rates, and ``sample`` only raises what
    stopped one of them.

    Args:
        scene: Where it happens; only read.
        arm: The arm whose states are sampled; only read.
        library: Where it goes.
        task: What is demonstrated.
        views: The object before contact, the default view first.
        settings: How to record.

    Raises:
        ConfigurationError: The library belongs to another robot or backend, or the scene has no
            such camera.
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
        self._scene, self._arm, self._library = scene, arm, library
        self._views, self._settings = tuple(views), settings
        self._camera = streamed_camera(scene, settings)
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
            camera_hz=settings.camera_hz or None,
            allow_drops=settings.allow_drops,
            latency_s=settings.latency_s,
            bottleneck_distance_m=settings.bottleneck_distance_m,
        )
        self._open: OpenRecording | None = None
        self._failure: Exception | None = None
        self._progress: Callable[[], RecorderProgress] | None = None

    def __enter__(self) -> Self:
        with storage_errors("recorder", self._library.path):
            staging = begin(self._library, self._header.task)
            journal = begin_staging(staging, self._header, self._views)
        try:
            self._open = begin_capture(
                self._scene, self._arm, self._camera, self._settings, staging, journal
            )
            self._progress = self._open.capture.progress
            self._open.capture.start()
        except BaseException:
            with suppress(Mt3Error):
                self._stop()
            self._close()
            shutil.rmtree(staging)
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._stop()
        except Mt3Error as error:
            if exc is None:
                raise
            _log.warning("recorder: %s", error)
        finally:
            self._close()

    @property
    def demo_id(self) -> str:
        """What the demonstration is going to be called."""
        return self._opened().staging.name

    @property
    def samples(self) -> int:
        """How many samples were taken."""
        return self.progress.samples

    @property
    def progress(self) -> RecorderProgress:
        """How it is getting on."""
        return self._progress() if self._progress is not None else RecorderProgress(0, 0.0)

    def sample(self) -> None:
        """Take one sample, unless the arm's newest state was taken already; see the class.

        Raises:
            DeviceError: A device gives nothing new, or its time went back.
            StorageError: What was captured cannot be written.
        """
        with self._latching() as opened:
            opened.capture.sample()

    def mark_bottleneck(self) -> None:
        """Say that the interaction begins at the newest sample."""
        with self._latching() as opened:
            opened.capture.append(bottleneck_entry(_newest(opened.capture)))
            opened.marked = True

    def stop(self) -> None:
        """Take no more: the newest sample is the last. ``end`` does it where this did not.

        Raises:
            DeviceError: A device gave nothing new, or its time went back.
            StorageError: What was captured cannot be written.
        """
        with self._latching():
            self._stop()

    def end(self, success: bool | None, judge: str) -> None:
        """Say that the newest sample is the last, and what the verdict is."""
        self.stop()
        with self._latching() as opened:
            opened.capture.append(end_entry(_newest(opened.capture), success, judge))

    def save(self) -> DemoSummary:
        """Check the recording and put it into the library in one step.

        Raises:
            DemoFormatError: It breaks the record's rules; it is in quarantine, the reason beside.
            DeviceError: A device gave nothing new, or its time went back; it stays in staging.
            StorageError: It cannot be written; it stays in staging.
        """
        self._opened()
        try:
            self._stop()
            with self._latching() as opened, storage_errors("recorder", opened.staging):
                opened.journal.sync()
                return commit(self._library, opened.staging)
        finally:
            self._close()

    def recording(self) -> Recording:
        """What was recorded, once it has ended.

        Raises:
            DemoFormatError: It breaks the record's rules; nothing has become of it yet.
        """
        with self._latching() as opened:
            opened.journal.sync()
        return read_sound(self._library, opened.staging)

    def discard(self, reason: str) -> None:
        """Put an ended or broken off recording into quarantine, the reason beside.

        Before a bottleneck is marked nothing was demonstrated, and it is deleted.
        """
        opened = self._opened()
        with contextlib.suppress(DeviceError, StorageError):  # it is not wanted anyway
            self._stop()
        self._close()
        if opened.marked:
            quarantine(self._library, opened.staging, reason)
        else:
            shutil.rmtree(opened.staging)

    @contextmanager
    def _latching(self) -> Iterator[OpenRecording]:
        """What is open, unless it failed before; what fails now fails from here on."""
        opened = self._opened()
        if self._failure is not None:
            raise self._failure
        try:
            opened.capture.check()
            yield opened
        except Exception as error:
            self._failure = error
            raise

    def _stop(self) -> None:
        if self._open is not None and not self._open.stopped:
            self._open.stopped = True
            self._open.capture.stop()

    def _close(self) -> None:
        opened, self._open = self._open, None
        if opened is None:
            return
        for part in (opened.writer, opened.journal):
            try:
                if part is not None:
                    part.close()
            except OSError as error:  # what was acknowledged is written; this only flushes
                _log.warning("recorder: %s", error)

    def _opened(self) -> OpenRecording:
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
                recorder.stop()
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


def _newest(capture: Capture) -> int:
    if capture.taken == 0:
        raise DeviceError("recorder: nothing was sampled yet, call sample() first")
    return capture.taken - 1
