"""Capturing in real time: one thread polls the robot, one the camera, two write.

Samples and frames go through queues, so that capturing never waits for a disk. That of the frames
is bounded: when it is full, because the disk or the computer is too slow, the frame is dropped and
counted, and capturing goes on. The first error of any thread ends all of them and is raised by the
next call.
"""

import queue
import threading
from collections.abc import Callable

from demos.journal import Entry
from demos.recorder_settings import RecorderProgress
from demos.stream.capture import FrameTaker, SampleTaker, StampedFrame
from demos.stream.queued_journal import QueuedJournal
from demos.stream.stream_staging import FrameWriter
from mt3.control.real_time import RealTimePriority, take_priority
from mt3.errors import DeviceError, StaleDataError
from mt3.interfaces import Clock

_JOIN_S = 5.0  # longer than any device may block
_LAST_FRAME_S = 0.5  # how long to wait for the frame that covers the last sample
_SILENT_S = 0.5  # without a new state, an arm is taken for disconnected
_WRITER_POLL_S = 0.05
_RETRY_SHARE = 1 / 8  # of a frame's period, until a frame that was not there is asked for again
_STALE_SHARE = 1 / 4  # of a frame's period; a frame older was there before it was asked for


class ThreadedCapture:
    """Takes samples and frames by itself from ``start`` to ``stop``.

    Args:
        clock: Of the scene; may be slept on by several threads.
        journal: Where the samples go.
        samples: Takes the samples and puts them there.
        sample_period_s: Between two of them.
        frames: Takes the frames, or None without a stream.
        writer: Writes the frames, or None without a stream.
        frame_period_s: Between two of them.
        queue_frames: How many may wait.
    """

    def __init__(
        self,
        clock: Clock,
        journal: QueuedJournal,
        samples: SampleTaker,
        sample_period_s: float,
        frames: FrameTaker | None,
        writer: FrameWriter | None,
        frame_period_s: float,
        queue_frames: int,
    ) -> None:
        self._clock, self._journal = clock, journal
        self._samples, self._sample_period_s = samples, sample_period_s
        self._frames, self._frame_period_s = frames, frame_period_s
        self._writer = writer
        self._queue: queue.Queue[StampedFrame] = queue.Queue(queue_frames)
        self._queue_full = 0
        self._failure: BaseException | None = None
        self._ending = threading.Event()  # no more samples; one more frame at most
        self._sampled = threading.Event()  # the journal is complete
        self._captured = threading.Event()  # no more frames either
        self._robot: threading.Thread | None = None
        self._others: list[threading.Thread] = []

    def start(self) -> None:
        """Take the first sample and frame, so that a missing device shows here, and go on."""
        if self._frames is not None:
            self._take_frame(self._frames)
        self._samples.take()
        self._robot = self._thread("robot", self._poll_robot)
        self._others.append(self._thread("journal", lambda: self._journal.run(self._is_sampled)))
        if self._frames is not None and self._writer is not None:
            frames, writer = self._frames, self._writer
            self._others.append(self._thread("camera", lambda: self._poll_camera(frames)))
            self._others.append(self._thread("writer", lambda: self._write(writer)))
        for thread in (self._robot, *self._others):
            thread.start()

    def sample(self) -> None:
        """Samples come by themselves; raises what stopped them."""
        self.check()

    @property
    def taken(self) -> int:
        """How many samples were taken."""
        return self._samples.pace.count

    def append(self, entry: Entry) -> None:
        """Put what the operator said into the journal, at once where capturing has ended."""
        self._journal.put(entry)
        if not self._others:
            self._journal.flush()

    def check(self) -> None:
        """Raise what stopped a thread, if anything did."""
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """End capturing, and write what is queued.

        Raises:
            DeviceError: A thread does not end.
        """
        self._ending.set()
        if self._robot is not None:
            self._join(self._robot)
            self._robot = None
        self._sampled.set()
        while self._others:
            self._join(self._others.pop(0))
        self.check()

    def progress(self) -> RecorderProgress:
        """How it is getting on."""
        samples, rate_hz = self._journal.written_samples, self._samples.pace.rate_hz
        frames, writer = self._frames, self._writer
        if frames is None or writer is None:
            return RecorderProgress(samples, rate_hz)
        return RecorderProgress(
            samples=samples,
            robot_hz=rate_hz,
            frames=writer.frames,
            camera_hz=frames.pace.rate_hz,
            dropped_frames=frames.missed + self._queue_full,
            queued_frames=self._queue.qsize(),
            bytes_written=writer.bytes_written,
        )

    def _poll_robot(self) -> None:
        take_priority(RealTimePriority.SAMPLING)
        due_s = self._clock.now_s()
        while not self._ending.is_set():
            self._samples.take()
            now_s = self._clock.now_s()
            self._require_states(now_s)
            due_s = max(now_s, min(due_s, now_s) + self._sample_period_s)
            self._clock.sleep_until(due_s)

    def _is_sampled(self, wait_s: float) -> bool:
        return self._sampled.wait(wait_s) or self._failure is not None

    def _require_states(self, now_s: float) -> None:
        age_s = now_s - (self._samples.pace.newest_s or 0.0)
        if age_s > _SILENT_S:
            raise StaleDataError(
                f"robot: got no new state for {age_s:.2f} s, expected one every "
                f"{self._sample_period_s:g} s; this recording is not saved"
            )

    def _poll_camera(self, frames: FrameTaker) -> None:
        """Ask for each frame when it should be there, and again soon where it was not.

        A camera that runs by itself is asked a little earlier each time, until the frame is just
        not there yet: so none is overwritten before it was read.
        """
        take_priority(RealTimePriority.SAMPLING)
        period_s = self._frame_period_s
        due_s = self._clock.now_s() + period_s
        stop_s: float | None = None
        while not self._is_covered(frames, stop_s):
            if stop_s is None and self._ending.is_set():
                stop_s = self._clock.now_s() + _LAST_FRAME_S
            self._clock.sleep_until(due_s)
            asked_s = self._clock.now_s()
            frame_s = self._take_frame(frames)
            if frame_s is None:
                due_s = asked_s + _RETRY_SHARE * period_s
            else:
                early_s = _RETRY_SHARE * period_s if self._was_there(frame_s, asked_s) else 0.0
                due_s = max(min(due_s, asked_s) + period_s - early_s, self._clock.now_s())
        self._captured.set()

    def _was_there(self, frame_s: float, asked_s: float) -> bool:
        return asked_s - frame_s > _STALE_SHARE * self._frame_period_s

    def _is_covered(self, frames: FrameTaker, stop_s: float | None) -> bool:
        """Whether the stream may end: a failure, or a frame after the last sample, or no time."""
        if self._failure is not None:
            return True
        if stop_s is None or self._robot is not None:
            return False
        covered = (frames.pace.newest_s or 0.0) >= (self._samples.pace.newest_s or 0.0)
        return covered or self._clock.now_s() > stop_s

    def _take_frame(self, frames: FrameTaker) -> float | None:
        """Queue the newest frame where it is new, and return its time as the camera gave it."""
        frame = frames.take()
        if frame is None:
            return None
        try:
            self._queue.put_nowait(frame)
        except queue.Full:
            self._queue_full += 1
        return frame.rgbd.t_s

    def _write(self, writer: FrameWriter) -> None:
        while True:
            try:
                frame = self._queue.get(timeout=_WRITER_POLL_S)
            except queue.Empty:
                if self._failure is not None:
                    return
                if self._captured.is_set():
                    writer.finish()
                    return
                continue
            writer.write(frame.t_s, frame.rgbd)

    def _thread(self, name: str, body: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                body()
            except BaseException as error:
                self._failure = self._failure or error
                self._ending.set()

        return threading.Thread(target=run, name=f"recorder-{name}", daemon=True)

    def _join(self, thread: threading.Thread) -> None:
        if thread.ident is None:
            return  # an interrupt came before it was started
        thread.join(_JOIN_S)
        if thread.is_alive():
            raise DeviceError(f"recorder: {thread.name} did not end within {_JOIN_S} s")
