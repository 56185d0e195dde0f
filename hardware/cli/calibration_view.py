"""A fresh view for a calibration that is stored."""

from omegaconf import DictConfig

from hardware.calibration.at_rest import read_at_rest
from hardware.calibration.calibration_file import CameraCalibration
from hardware.calibration.camera_setup import CameraSetup, serial_of
from hardware.cli.calibration_scene import build_scene, camera_of
from mt3.cli.settings import whole_number
from mt3.geometry import SE3
from mt3.perception import RGBD


def look(cfg: DictConfig, calibration: CameraCalibration) -> tuple[tuple[RGBD, ...], SE3]:
    """Images of the configured camera, and where the tool was in W; nothing moves.

    Raises:
        ConfigurationError: Camera or robot are not those of the calibration.
        DeviceError: A device failed.
    """
    count = whole_number(cfg, "frames", 1)
    cfg.may_move = False
    scene = build_scene(cfg)
    camera = camera_of(cfg, scene)
    with scene:
        frames, state = read_at_rest(scene.arm, camera, scene.clock, count)
        now = CameraSetup(
            calibration.setup.mounting,
            str(cfg.camera),
            serial_of(camera),
            frames[0].intrinsics,
            scene.robot,
            scene.T_WB,
        )
    calibration.setup.require_same(now, "calibrate again, or name the right file=")
    return frames, scene.T_WB @ state.T_BE
