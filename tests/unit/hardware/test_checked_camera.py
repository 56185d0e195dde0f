"""A real scene looks at its cameras' calibrations before anything moves."""

import dataclasses
import logging
import time

import numpy as np
import pytest
from rendered_boards import BOARD, INTRINSICS, T_WM, noisy_samples, render

from hardware.calibration.calibrated_camera import calibrated_camera
from hardware.calibration.calibration_file import CameraCalibration
from hardware.calibration.camera_setup import CameraSetup
from hardware.calibration.hand_eye import estimate_hand_eye
from hardware.calibration.mounting import Mounting
from hardware.cameras.camera_driver import CameraImages
from hardware.real_scene import RealScene
from mt3.cli.outcome import ExitCode, exit_code_of
from mt3.errors import ConfigurationError
from mt3.geometry import SE3
from mt3.interfaces import ArmState, SelfCheckingScene
from mt3.tool import ToolFrame

T_WB = SE3.from_yaw(0.2, (0.1, 0.0, 0.0))
SETUP = CameraSetup(Mounting.STAND, "front", "123", INTRINSICS, "ur5e", T_WB)
TOOL = ToolFrame(SE3.identity(), "none", 0.0, (0.0, 0.0, 0.0))
DEPTH_M = np.ones((INTRINSICS.height, INTRINSICS.width), np.float32)


@pytest.fixture(scope="module")
def calibration():
    samples = noisy_samples(Mounting.STAND, 15, 0.1, np.random.default_rng(0))
    result = estimate_hand_eye(samples, Mounting.STAND, BOARD, INTRINSICS)
    return dataclasses.replace(CameraCalibration.of(result, SETUP, BOARD), T_WM=T_WM)


class Driver:
    """A camera before the board; ``offset_m`` is by how much it was pushed aside."""

    name, serial = "front", "123"

    def __init__(self, T_CM, offset_m=0.0) -> None:
        pushed = SE3.from_translation((offset_m, 0.0, 0.0)) @ T_CM
        self.image = render(pushed, np.random.default_rng(0))

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None: ...

    def read(self, max_age_s):
        return CameraImages(self.image, DEPTH_M, INTRINSICS, time.monotonic())


class Control:
    """A control process whose arm rests, and takes no command."""

    arm = gripper = None

    def __init__(self) -> None:
        self.arm, self.connected = self, False

    def __enter__(self):
        self.connected = True
        return self

    def __exit__(self, *_) -> None:
        self.connected = False

    def state(self):
        return ArmState(time.monotonic(), np.zeros(6), SE3.identity(), np.zeros(6))


@pytest.fixture
def scene_with(calibration, tmp_path):
    """Makes a scene whose camera has that calibration, and sees the board."""

    def make(offset_m=0.0, use="checked", driver=None, robot="ur5e", **changed):
        stored = dataclasses.replace(calibration, **changed)
        stored.save(tmp_path / "front.json")
        driver = driver or Driver(stored.T_WC().inverse() @ T_WM, offset_m)
        camera = calibrated_camera(driver, str(tmp_path / "front.json"), use, None, T_WB)
        return RealScene(robot, TOOL, Control(), {"front": camera}, T_WB)

    return make


def test_a_camera_that_is_where_it_was_warns_of_nothing(scene_with):
    with scene_with() as scene:
        assert isinstance(scene, SelfCheckingScene)
        assert scene.warnings == ()
        assert scene.cameras["front"].read(1.0).camera == "front"


def test_a_camera_that_drifted_is_warned_of_in_the_log_and_to_the_trial(scene_with, caplog):
    with caplog.at_level(logging.WARNING), scene_with(0.0035) as scene:
        (warning,) = scene.warnings
    assert "calibrate again soon" in warning
    assert warning in caplog.text


def test_a_camera_that_was_moved_is_refused_with_the_remedy(scene_with):
    scene = scene_with(0.008)
    with pytest.raises(ConfigurationError, match="mt3-calibrate hand-eye") as refused, scene:
        pass
    assert exit_code_of(refused.value) is ExitCode.BAD_INPUT
    assert "calibrations=unchecked" in str(refused.value)
    assert not scene.control.connected


def test_the_check_is_turned_off_by_name_only(scene_with):
    with scene_with(0.008, use="unchecked") as scene:
        assert scene.warnings == ()
    with pytest.raises(ConfigurationError, match="checked, unchecked, unused"):
        scene_with(use="off")


def test_without_a_stored_board_nobody_can_tell(scene_with):
    with scene_with(T_WM=None) as scene:
        (warning,) = scene.warnings
    assert "mt3-calibrate reference" in warning


def test_a_board_that_is_out_of_view_is_a_warning(scene_with):
    away = Driver(SE3.from_translation((0.0, 0.0, -1.0)) @ SE3.from_translation((5.0, 0.0, 2.0)))
    with scene_with(driver=away) as scene:
        (warning,) = scene.warnings
    assert "cannot be told" in warning


@pytest.mark.parametrize(("name", "value"), [("serial", "999"), ("robot", "xarm6")])
def test_the_calibration_of_another_camera_or_robot_is_refused(scene_with, name, value):
    setup = dataclasses.replace(SETUP, **{name: value})
    with pytest.raises(ConfigurationError, match=f"{name}: got"), scene_with(setup=setup):
        pass


def test_calibration_itself_needs_no_file_and_checks_nothing(tmp_path):
    driver = Driver(SE3.from_translation((0.0, 0.0, 0.5)))
    nowhere = str(tmp_path / "none.json")
    camera = calibrated_camera(driver, nowhere, "unused", None, T_WB)
    with RealScene("ur5e", TOOL, Control(), {"front": camera}, T_WB) as scene:
        assert scene.warnings == ()
        assert scene.cameras["front"].read(1.0).T_WC.is_close(SE3.identity(), 0.0, 0.0)
        assert scene.cameras["front"].serial == "123"
