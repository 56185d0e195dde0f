"""A camera where its calibration says that it is."""

from pathlib import Path

from hardware.calibration.calibration_file import load_calibration
from hardware.calibration.mounting import Mounting
from hardware.cameras.camera_driver import CameraDriver
from hardware.cameras.stand_camera import StandCamera
from hardware.cameras.wrist_camera import WristCamera
from mt3.errors import CalibrationError
from mt3.geometry import SE3
from mt3.interfaces import Arm


def calibrated_camera(
    driver: CameraDriver, calibration: str, arm: Arm, T_WB: SE3
) -> StandCamera | WristCamera:
    """Mount a driver where a calibration found its camera, on the stand or on the wrist.

    Args:
        driver: Takes the images.
        calibration: Path of the file that ``mt3-calibrate hand-eye`` wrote.
        arm: Carries a wrist camera.
        T_WB: Pose of the arm's base in W.

    Raises:
        CalibrationError: There is no such file, or it is of another camera.
        ConfigurationError: The file is damaged.
    """
    path = Path(calibration)
    if not path.is_file():
        raise CalibrationError(
            f"camera {driver.name}: not calibrated, there is no {path}; run mt3-calibrate hand-eye "
            f"camera={driver.name} first"
        )
    found = load_calibration(path)
    if found.setup.camera != driver.name:
        raise CalibrationError(
            f"camera {driver.name}: {path} is of camera {found.setup.camera}; give each camera "
            "the file of its own"
        )
    if found.setup.mounting is Mounting.WRIST:
        return WristCamera(driver, arm, T_WB, found.pose.T_PC)
    return StandCamera(driver, found.T_WC())
