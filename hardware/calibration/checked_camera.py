"""A camera whose calibration is checked before anything moves."""

import logging
from types import TracebackType
from typing import Self

from hardware.calibration.at_rest import read_at_rest
from hardware.calibration.calibration_file import CameraCalibration
from hardware.calibration.camera_setup import CameraSetup, serial_of
from hardware.calibration.check import Verdict, check_calibration
from hardware.cameras.camera_driver import CameraDriver
from mt3.errors import BoardViewError, ConfigurationError
from mt3.geometry import SE3
from mt3.interfaces import Arm, Camera, Clock
from mt3.perception import RGBD

_log = logging.getLogger(__name__)

_FRAMES = 5  # whose mean is compared
_REMEDY = "calibrate again with mt3-calibrate hand-eye, or name the right file"
_OFF = "calibrations=unchecked goes on without this check"


class CheckedCamera:
    """Implements ``Camera`` with a mounted one, and tells whether it still is where it was.

    Args:
        mounted: Gives the images.
        driver: Of that camera.
        calibration: By which it was mounted.
    """

    def __init__(
        self, mounted: Camera, driver: CameraDriver, calibration: CameraCalibration
    ) -> None:
        self._mounted, self._driver, self._calibration = mounted, driver, calibration

    def __enter__(self) -> Self:
        self._mounted.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._mounted.__exit__(exc_type, exc, traceback)

    def read(self, max_age_s: float) -> RGBD:
        """The newest images; see the mounted camera."""
        return self._mounted.read(max_age_s)

    def check(self, robot: str, T_WB: SE3, arm: Arm, clock: Clock) -> str:
        """Compare the calibration with one fresh view; nothing moves.

        Args:
            robot: Name of the robot.
            T_WB: Pose of its base in W.
            arm: Its arm, connected.
            clock: Of arm and camera.

        Returns:
            What to warn of, in words; empty where it holds.

        Raises:
            ConfigurationError: It was moved over the gate, or is of another camera or robot.
            DeviceError: The arm moves, or a device failed.
        """
        found = self._calibration
        frames, state = read_at_rest(arm, self._mounted, clock, _FRAMES)
        serial, intrinsics = serial_of(self._driver), frames[0].intrinsics
        mounting, name = found.setup.mounting, found.setup.camera
        now = CameraSetup(mounting, name, serial, intrinsics, robot, T_WB)
        found.setup.require_same(now, _REMEDY)
        if found.T_WM is None:
            return self._unknown("no board is stored with it; see mt3-calibrate reference")
        try:
            result = check_calibration(found, frames, T_WB @ state.T_BE)
        except BoardViewError as error:
            return self._unknown(str(error))
        if result.verdict is Verdict.MOVED:
            raise ConfigurationError(f"{result.message} ({_OFF})")
        _log.info("%s", result.message)
        return result.message if result.verdict is Verdict.DRIFTED else ""

    def _unknown(self, why: str) -> str:
        date = f"{self._calibration.date:%Y-%m-%d}"
        return (
            f"camera {self._calibration.setup.camera}: whether it was moved since its calibration "
            f"of {date} cannot be told: {why}"
        )
