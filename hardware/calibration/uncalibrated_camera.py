"""A camera whose pose has yet to be found."""

from types import TracebackType
from typing import Self

from hardware.calibration.camera_setup import serial_of
from hardware.cameras.camera_driver import CameraDriver
from mt3.geometry import SE3
from mt3.perception import RGBD


class UncalibratedCamera:
    """Implements ``Camera`` for calibration alone: its images say that W is C.

    Args:
        driver: Takes the images.
    """

    def __init__(self, driver: CameraDriver) -> None:
        self._driver = driver

    @property
    def serial(self) -> str | None:
        """Of the driver; None where it tells none."""
        return serial_of(self._driver)

    def __enter__(self) -> Self:
        self._driver.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._driver.__exit__(exc_type, exc, traceback)

    def read(self, max_age_s: float) -> RGBD:
        """The newest images; see ``CameraDriver.read``."""
        i = self._driver.read(max_age_s)
        return RGBD(i.color, i.depth_m, i.intrinsics, SE3.identity(), i.t_s, self._driver.name)
