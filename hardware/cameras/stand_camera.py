"""A camera that stands still."""

from types import TracebackType
from typing import Self

from hardware.cameras.camera_driver import CameraDriver
from mt3.geometry import SE3
from mt3.perception import RGBD


class StandCamera:
    """Implements ``Camera`` with a driver whose pose was calibrated once.

    Args:
        driver: Takes the images.
        T_WC: Pose of the camera in W.
    """

    def __init__(self, driver: CameraDriver, T_WC: SE3) -> None:
        self._driver, self._T_WC = driver, T_WC

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
        """The newest images with the camera's pose; see ``CameraDriver.read``."""
        i = self._driver.read(max_age_s)
        return RGBD(i.color, i.depth_m, i.intrinsics, self._T_WC, i.t_s, self._driver.name)
