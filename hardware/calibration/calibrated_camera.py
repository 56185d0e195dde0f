"""A camera where its calibration says that it is."""

from enum import StrEnum
from pathlib import Path

from hardware.calibration.calibration_file import CameraCalibration, load_calibration
from hardware.calibration.checked_camera import CheckedCamera
from hardware.calibration.mounting import Mounting
from hardware.calibration.uncalibrated_camera import UncalibratedCamera
from hardware.cameras.camera_driver import CameraDriver
from hardware.cameras.stand_camera import StandCamera
from hardware.cameras.wrist_camera import WristCamera
from mt3.errors import ConfigurationError
from mt3.geometry import SE3
from mt3.interfaces import Arm, Camera


class CalibrationUse(StrEnum):
    """What is done with a camera's calibration."""

    CHECKED = "checked"  # as the scene is connected, before anything moves
    UNCHECKED = "unchecked"
    UNUSED = "unused"  # it has yet to be found


def calibrated_camera(
    driver: CameraDriver, calibration: str, use: str, arm: Arm, T_WB: SE3
) -> Camera:
    """Mount a driver where a calibration found its camera, on the stand or on the wrist.

    Args:
        driver: Takes the images.
        calibration: Path of the file that ``mt3-calibrate hand-eye`` wrote.
        use: One of ``CalibrationUse``.
        arm: Carries a wrist camera.
        T_WB: Pose of the arm's base in W.

    Raises:
        ConfigurationError: There is no such file, it is damaged or of another camera, or there is
            no such use.
    """
    if use not in tuple(CalibrationUse):
        choices = ", ".join(CalibrationUse)
        raise ConfigurationError(f"calibrations: got {use!r}, expected one of {choices}")
    if use == CalibrationUse.UNUSED:
        return UncalibratedCamera(driver)
    found = _load(driver.name, Path(calibration))
    mounted = (
        WristCamera(driver, arm, T_WB, found.pose.T_PC)
        if found.setup.mounting is Mounting.WRIST
        else StandCamera(driver, found.T_WC())
    )
    return CheckedCamera(mounted, driver, found) if use == CalibrationUse.CHECKED else mounted


def _load(name: str, path: Path) -> CameraCalibration:
    if not path.is_file():
        raise ConfigurationError(
            f"camera {name}: not calibrated, there is no {path}; run mt3-calibrate hand-eye "
            f"camera={name} first"
        )
    found = load_calibration(path)
    if found.setup.camera != name:
        raise ConfigurationError(
            f"camera {name}: {path} is of camera {found.setup.camera}; give each camera "
            "the file of its own"
        )
    return found
