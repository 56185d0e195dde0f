"""A recorded stream, played back as a camera."""

from bisect import bisect_right
from pathlib import Path
from types import TracebackType
from typing import Self

from hardware.cameras.camera_driver import require_fresh
from hardware.cameras.frame_folder import FrameFolder, StoredFrame
from mt3.errors import NotConnectedError
from mt3.interfaces import Clock
from mt3.perception import RGBD


class RecordedCamera:
    """Implements ``Camera`` with a folder of frames; see ``FrameFolder`` for its files.

    Entering the ``with`` block is the moment of the first frame. The others follow as they were
    recorded, with their recorded poses; after the last one the stream has stopped, and reading
    fails once that is too old.

    Args:
        name: What its images and errors call it.
        folder: Of the frames.
        clock: What it plays on.
    """

    def __init__(self, name: str, folder: Path | str, clock: Clock) -> None:
        self.name = name
        self._folder, self._clock = FrameFolder(folder), clock
        self._frames: list[StoredFrame] = []
        self._begin_s = 0.0
        self._decoded: tuple[int, RGBD] | None = None

    def __enter__(self) -> Self:
        """Begin to play.

        Raises:
            NotConnectedError: No such folder, or no frames inside.
            ImageError: A file about a frame is damaged, or time does not grow.
        """
        self._frames = self._folder.frames()
        self._decoded = None
        self._begin_s = self._clock.now_s()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._frames = []

    def read(self, max_age_s: float) -> RGBD:
        """The frame of this moment, stamped with the clock that it plays on.

        Raises:
            StaleDataError: It is older than ``max_age_s``, as it is after the end.
            NotConnectedError: Outside the ``with`` block.
            ImageError: An image is missing or damaged.
        """
        if not self._frames:
            raise NotConnectedError(f"camera {self.name}: not connected, use it inside `with`")
        now_s = self._clock.now_s()
        first_s = self._frames[0].t_s
        k = bisect_right(self._frames, now_s - self._begin_s, key=lambda f: f.t_s - first_s) - 1
        # The sum may round to a hair beyond now.
        t_s = min(self._begin_s + (self._frames[k].t_s - first_s), now_s)
        require_fresh(self.name, t_s, now_s, max_age_s)
        if self._decoded is None or self._decoded[0] != k:
            self._decoded = k, self._frames[k].load(t_s, self.name)
        return self._decoded[1]
