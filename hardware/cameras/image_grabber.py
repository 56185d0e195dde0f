"""The newest images of a camera that runs by itself."""

import threading
import time
from collections.abc import Callable

from hardware.cameras.camera_driver import CameraImages, require_fresh
from hardware.cameras.device_thread import DeviceThread
from mt3.errors import NotConnectedError

_POLL_S = 0.2


class ImageGrabber:
    """Takes every image in a thread, and keeps the newest.

    Args:
        name: Of the camera.
        grab: Waits a moment for the next images; None where none came, or none that are any good.
        close: Ends the stream.
    """

    def __init__(
        self, name: str, grab: Callable[[], CameraImages | None], close: Callable[[], None]
    ) -> None:
        self._name, self._grab = name, grab
        self._newest: CameraImages | None = None
        self._skip = 0
        self._arrived = threading.Event()
        self._thread = DeviceThread(f"camera {name}", self._take, close)

    def start(self, within_s: float, skip: int = 0) -> None:
        """Begin, and return once there are images.

        Args:
            within_s: How long that may take.
            skip: How many to drop first, until the camera has got used to the light.

        Raises:
            NotConnectedError: It took longer.
            DeviceError: What went wrong meanwhile.
        """
        self._skip = skip
        self._thread.start()
        due_s = time.monotonic() + within_s
        while not self._arrived.wait(_POLL_S):
            self._thread.check()
            if time.monotonic() > due_s:
                raise NotConnectedError(
                    f"camera {self._name}: connected, but got no images within {within_s:g} s"
                )

    def read(self, max_age_s: float) -> CameraImages:
        """The newest images.

        Raises:
            StaleDataError: They are older than ``max_age_s``.
            DeviceError: What ended the stream.
        """
        self._thread.check()
        newest = self._newest
        if newest is None:
            raise NotConnectedError(f"camera {self._name}: got no images yet")
        require_fresh(self._name, newest.t_s, time.monotonic(), max_age_s)
        return newest

    def stop(self, wait_s: float) -> None:
        """End the stream; never raises."""
        self._thread.stop(wait_s)

    def _take(self) -> None:
        images = self._grab()
        if images is None:
            return
        if self._skip > 0:
            self._skip -= 1
            return
        self._newest = images
        self._arrived.set()
