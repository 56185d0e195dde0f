"""A webcam, or any other colour camera that OpenCV opens."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import cv2
import numpy as np

from hardware.cameras.camera_driver import CameraImages
from hardware.cameras.image_grabber import ImageGrabber
from hardware.cameras.rectification import Rectification
from mt3.errors import ConfigurationError, NotConnectedError
from mt3.perception import Intrinsics
from mt3.types import ColorImage

_START_S = 10.0
_LEAVE_S = 3.0
_MJPG = cv2.VideoWriter.fourcc(*"MJPG")


class UvcCamera:
    """Colour only, to be recorded beside the camera that the method looks through.

    Its depth image says "no reading" everywhere, which is what a depth camera says of a pixel it
    knows nothing of: recording and watching work, and whatever needs depth says that it found none.

    Its images are stamped when they arrive. What passed between exposure and arrival, some 30 to
    100 ms, can be measured and told the recorder as ``latency_s``.

    Args:
        name: What its images and errors call it.
        source: Number of the device (0 is /dev/video0), or anything else that
            ``cv2.VideoCapture`` opens: the path of a device or the address of a network camera.
        intrinsics: Of its images; their size is asked of the device.
        rate_hz: Images a second, asked of the device.
        distortion: k1, k2, p1, p2, k3 as OpenCV defines them, taken out of the images.
    """

    def __init__(
        self,
        name: str,
        source: int | str,
        intrinsics: Intrinsics,
        rate_hz: float,
        distortion: Sequence[float] = (0.0, 0.0, 0.0, 0.0, 0.0),
    ) -> None:
        self.name = name
        self._source, self._intrinsics, self._rate_hz = source, intrinsics, rate_hz
        self._distortion = tuple(distortion)
        self._grabber: ImageGrabber | None = None

    def __enter__(self) -> Self:
        """Open the device, and wait for its first image.

        Raises:
            NotConnectedError: It cannot be opened, or gives no images.
            ConfigurationError: Its images have another size, or the coefficients make no sense.
        """
        rectification = Rectification(self.name, self._intrinsics, self._distortion)
        with ExitStack() as undo:
            stream = _UvcStream(self.name, self._open(), self._intrinsics, rectification)
            grabber = ImageGrabber(self.name, stream.grab, stream.close)
            undo.callback(grabber.stop, _LEAVE_S)
            grabber.start(_START_S)
            self._grabber = grabber
            undo.pop_all()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        grabber, self._grabber = self._grabber, None
        if grabber is not None:
            grabber.stop(_LEAVE_S)

    def read(self, max_age_s: float) -> CameraImages:
        """The newest image, and a depth image without a reading.

        Raises:
            StaleDataError: They are older than ``max_age_s``.
            NotConnectedError: Outside the ``with`` block, or the stream was lost.
        """
        if self._grabber is None:
            raise NotConnectedError(f"camera {self.name}: not connected, use it inside `with`")
        return self._grabber.read(max_age_s)

    def _open(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(self._source)
        if not capture.isOpened():
            found = ", ".join(sorted(map(str, Path("/dev").glob("video*")))) or "none"
            raise NotConnectedError(
                f"camera {self.name}: cannot open {self._source!r}; video devices here: {found}; "
                "is it plugged in, free, and may your user read it (group video)?"
            )
        # Compressed, or USB 2 has no room for large images at full rate; refused where unknown.
        capture.set(cv2.CAP_PROP_FOURCC, _MJPG)
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._intrinsics.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._intrinsics.height)
        capture.set(cv2.CAP_PROP_FPS, self._rate_hz)
        return capture


class _UvcStream:
    """An open device; one thread reads it and closes it."""

    def __init__(
        self,
        name: str,
        capture: cv2.VideoCapture,
        intrinsics: Intrinsics,
        rectification: Rectification,
    ) -> None:
        self._name, self._capture = name, capture
        self._intrinsics, self._rectification = intrinsics, rectification
        self._no_depth_m = np.zeros((intrinsics.height, intrinsics.width), np.float32)

    def grab(self) -> CameraImages:
        arrived, image = self._capture.read()
        t_s = time.monotonic()
        if not arrived:
            raise NotConnectedError(
                f"camera {self._name}: stream lost, was it unplugged? leave its with block and "
                "enter it again"
            )
        size, expected = image.shape[1::-1], (self._intrinsics.width, self._intrinsics.height)
        if size != expected:
            raise ConfigurationError(
                f"camera {self._name}: got images of {size[0]}x{size[1]}, expected "
                f"{expected[0]}x{expected[1]} as its intrinsics say; choose a size that it has "
                "(v4l2-ctl --list-formats-ext), and calibrate for it"
            )
        color = cast(ColorImage, cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
        return CameraImages(
            self._rectification.color(color), self._no_depth_m, self._intrinsics, t_s
        )

    def close(self) -> None:
        self._capture.release()
