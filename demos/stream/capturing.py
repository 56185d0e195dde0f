"""Which way a scene is captured, with everything that is open meanwhile.

A simulated scene's clock only advances while somebody sleeps on it, so nothing can run beside it:
it is captured in steps. A real scene is captured by threads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from demos.durable import storage_errors
from demos.journal import Entry, Journal
from demos.recorder_settings import RecorderProgress, RecorderSettings
from demos.staging import RECORD_NAME
from demos.stream.capture import FrameTaker, SampleTaker
from demos.stream.queued_journal import QueuedJournal
from demos.stream.stepped_capture import SteppedCapture
from demos.stream.stream_staging import FrameWriter
from demos.stream.threaded_capture import ThreadedCapture
from mt3.errors import ConfigurationError
from mt3.interfaces import Arm, Camera, Scene


class Capture(Protocol):
    """Takes samples and frames of one recording."""

    @property
    def taken(self) -> int:
        """How many samples were taken."""
        ...

    def start(self) -> None:
        """Begin."""
        ...

    def sample(self) -> None:
        """Take a sample, where they do not come by themselves."""
        ...

    def check(self) -> None:
        """Raise what stopped capturing, if anything did."""
        ...

    def append(self, entry: Entry) -> None:
        """Put what the operator said into the journal."""
        ...

    def stop(self) -> None:
        """No more will come: everything is written on return."""
        ...

    def progress(self) -> RecorderProgress:
        """How it is getting on."""
        ...


@dataclass(slots=True)
class OpenRecording:
    """What is open while recording."""

    staging: Path
    journal: Journal
    writer: FrameWriter | None
    capture: Capture
    stopped: bool = False
    marked: bool = False


def begin_capture(
    scene: Scene,
    arm: Arm,
    camera: Camera | None,
    settings: RecorderSettings,
    staging: Path,
    journal: Journal,
) -> OpenRecording:
    """Make everything ready to capture a scene; nothing is read yet.

    Args:
        scene: What to capture.
        arm: Its arm.
        camera: The camera to stream, or None.
        settings: How to record.
        staging: Folder of the recording.
        journal: Its journal.
    """

    def append(entries: Sequence[Entry]) -> None:
        with storage_errors("recorder", staging):
            journal.append(*entries)

    def sync() -> None:
        with storage_errors("recorder", staging):
            journal.sync()

    sample_period_s = 1.0 / settings.rate_hz
    frames, writer, frame_period_s = None, None, 0.0
    if camera is not None:
        frame_period_s = 1.0 / settings.camera_hz
        latency_s = settings.latency_s.get("camera", 0.0)
        frames = FrameTaker(camera, settings.max_view_age_s, settings.camera_hz, latency_s)
        writer = FrameWriter(staging, staging / RECORD_NAME, settings.color_codec)
    if scene.backend == "sim":

        def put(entry: Entry) -> None:
            append([entry])

        samples = SampleTaker(arm, scene.gripper, put, settings.latency_s, sample_period_s)
        stepped = SteppedCapture(put, samples, frames, writer, frame_period_s)
        return OpenRecording(staging, journal, writer, stepped)
    queued = QueuedJournal(append, sync)
    threaded = ThreadedCapture(
        scene.clock,
        queued,
        SampleTaker(arm, scene.gripper, queued.put, settings.latency_s, sample_period_s),
        sample_period_s,
        frames,
        writer,
        frame_period_s,
        settings.queue_frames,
    )
    return OpenRecording(staging, journal, writer, threaded)


def streamed_camera(scene: Scene, settings: RecorderSettings) -> Camera | None:
    """The camera to stream, if any.

    Raises:
        ConfigurationError: The scene has none of that name.
    """
    if settings.camera_hz == 0.0:
        return None
    names = list(scene.cameras)
    name = settings.camera if settings.camera is not None else next(iter(names), "")
    if name not in scene.cameras:
        raise ConfigurationError(
            f"camera: got {name!r}, expected one of {', '.join(names) or 'none here'}; "
            "camera_hz=0 records no stream"
        )
    return scene.cameras[name]
