"""Capturing where time advances only while somebody sleeps on the clock: in simulation.

Nothing can run beside such a clock, so whoever moves the arm also asks for the samples, and a frame
is taken with the first sample at which it is due.
"""

from collections.abc import Callable

from demos.journal import Entry
from demos.recorder_settings import RecorderProgress
from demos.stream.capture import FrameTaker, SampleTaker
from demos.stream.stream_staging import FrameWriter

_SAME_MOMENT_S = 1e-6


class SteppedCapture:
    """Takes a sample, and a frame where one is due, whenever it is told to.

    Args:
        append: Writes to the journal.
        samples: Takes the samples.
        frames: Takes the frames, or None without a stream.
        writer: Writes the frames, or None without a stream.
        period_s: Between two frames.
    """

    def __init__(
        self,
        append: Callable[[Entry], None],
        samples: SampleTaker,
        frames: FrameTaker | None,
        writer: FrameWriter | None,
        period_s: float,
    ) -> None:
        self._append = append
        self._samples, self._frames, self._writer = samples, frames, writer
        self._period_s = period_s
        self._due_s: float | None = None

    def start(self) -> None:
        """Nothing to start."""

    @property
    def taken(self) -> int:
        """How many samples were taken."""
        return self._samples.pace.count

    def append(self, entry: Entry) -> None:
        """Put what the operator said into the journal."""
        self._append(entry)

    def check(self) -> None:
        """Nothing fails by itself here."""

    def sample(self) -> None:
        """Take one sample, unless the arm's newest state was taken already."""
        if self._samples.take() and self._frames is not None and self._writer is not None:
            self._take_due(self._frames, self._writer)

    def stop(self) -> None:
        """No more will come: end the stream."""
        if self._writer is not None:
            self._writer.finish()

    def progress(self) -> RecorderProgress:
        """How it is getting on."""
        samples = self._samples.pace
        if self._frames is None or self._writer is None:
            return RecorderProgress(samples.count, samples.rate_hz)
        return RecorderProgress(
            samples=samples.count,
            robot_hz=samples.rate_hz,
            frames=self._writer.frames,
            camera_hz=self._frames.pace.rate_hz,
            dropped_frames=self._frames.missed,
            bytes_written=self._writer.bytes_written,
        )

    def _take_due(self, frames: FrameTaker, writer: FrameWriter) -> None:
        now_s = self._samples.pace.newest_s or 0.0
        if self._due_s is None:
            self._due_s = now_s
        if now_s < self._due_s - _SAME_MOMENT_S:
            return
        self._due_s = max(self._due_s + self._period_s, now_s)
        if (frame := frames.take()) is not None:
            writer.write(frame.t_s, frame.rgbd)
