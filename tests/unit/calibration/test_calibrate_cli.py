"""``mt3-calibrate`` as a person uses it, on recorded samples."""

import json

import cv2
import numpy as np
import pytest
from rendered_boards import (
    BOARD,
    INTRINSICS,
    T_WM,
    noisy_samples,
    render,
    tool_pose,
    true_pose_C,
    views_T_CM,
)

from hardware.calibration.calibrated_camera import calibrated_camera
from hardware.calibration.calibration_file import CameraCalibration, load_calibration
from hardware.calibration.camera_setup import CameraSetup
from hardware.calibration.check import Verdict, check_calibration, remember_board
from hardware.calibration.hand_eye import estimate_hand_eye
from hardware.calibration.mounting import Mounting
from hardware.calibration.sample_folder import SampleFolder
from hardware.cameras.stand_camera import StandCamera
from hardware.cli.calibrate import main
from mt3.errors import CalibrationError, ConfigurationError
from mt3.geometry import SE3
from mt3.perception import RGBD

STAND = CameraSetup(Mounting.STAND, "front", "123", INTRINSICS, "ur5e", SE3.identity())


@pytest.fixture
def calibrate(monkeypatch, tmp_path, capfd):
    """Runs the command in an empty folder; returns exit code, standard output and error."""
    monkeypatch.chdir(tmp_path)

    def call(*typed):
        monkeypatch.setattr("sys.argv", ["mt3-calibrate", *typed])
        code = main()
        return code, *capfd.readouterr()

    return call


def record(folder, count, seed=0):
    rng = np.random.default_rng(seed)
    for T_CM in views_T_CM(count, rng):
        folder.add(render(T_CM, rng), tool_pose(Mounting.STAND, T_CM))


def frame(T_CM, seed=0):
    rng = np.random.default_rng(seed)
    depth_m = np.zeros((INTRINSICS.height, INTRINSICS.width), np.float32)
    return RGBD(render(T_CM, rng), depth_m, INTRINSICS, SE3.identity(), 0.0, "front")


def calibration():
    samples = noisy_samples(Mounting.STAND, 15, 0.1, np.random.default_rng(0))
    return CameraCalibration.of(
        estimate_hand_eye(samples, Mounting.STAND, BOARD, INTRINSICS), STAND, BOARD
    )


def test_recorded_views_become_a_file_with_date_residuals_and_a_picture(calibrate, tmp_path):
    record(SampleFolder.open(tmp_path / "calibration" / "front", STAND), 12)
    code, out, _ = calibrate("hand-eye", "output=json")
    document = json.loads(out)
    assert code == 0
    assert document["trusted"]
    assert cv2.imread(document["picture"]) is not None
    found = load_calibration(tmp_path / "calibration" / "front.json")
    assert found.T_WC().is_close(true_pose_C(Mounting.STAND), 1e-3, np.deg2rad(0.1))
    assert found.figures.leave_one_out.error_m > 0
    assert found.date.tzinfo is not None


def test_too_few_views_say_what_to_add_and_write_nothing(calibrate, tmp_path):
    record(SampleFolder.open(tmp_path / "calibration" / "front", STAND), 6)
    code, out, _ = calibrate("hand-eye")
    assert code == 1
    assert "refused: views: got 6 good ones, expected at least 10: add 4 or more" in out
    assert not (tmp_path / "calibration" / "front.json").exists()


def test_views_of_another_camera_are_not_mixed_in(tmp_path):
    SampleFolder.open(tmp_path, STAND)
    other = CameraSetup(Mounting.STAND, "front", "999", INTRINSICS, "ur5e", SE3.identity())
    with pytest.raises(ConfigurationError, match="serial: got 999, expected 123"):
        SampleFolder.open(tmp_path, other)


@pytest.mark.parametrize(
    ("moved_mm", "turned_deg", "verdict"),
    [(0.0, 0.0, Verdict.HOLDS), (3.0, 0.0, Verdict.DRIFTED), (8.0, 0.0, Verdict.MOVED),
     (0.0, 0.9, Verdict.MOVED)],
)  # fmt: skip
def test_a_camera_that_was_moved_is_told_by_one_view(moved_mm, turned_deg, verdict):
    stored = calibration()
    T_CM = stored.T_WC().inverse() @ T_WM
    remembered = remember_board(stored, [frame(T_CM, seed) for seed in range(5)])
    push = SE3.from_translation((1e-3 * moved_mm, 0.0, 0.0))
    p = T_CM @ BOARD.p_M_centre
    turn = SE3.from_translation(p) @ SE3.from_yaw(np.deg2rad(turned_deg)) @ SE3.from_translation(-p)
    seen = [frame(turn @ push @ T_CM, seed) for seed in range(5, 10)]
    check = check_calibration(remembered, seen)
    assert check.verdict is verdict, check.message
    if verdict is Verdict.MOVED:
        with pytest.raises(CalibrationError, match="was moved"):
            check.require()


def test_bad_input_is_named(calibrate):
    assert calibrate("hand-eye")[0] == 3
    code, _, err = calibrate("hand-eye", "board.square_m=0.01")
    assert code == 3
    assert "marker_m" in err
    code, _, err = calibrate("elsewhere")
    assert code == 3
    assert "elsewhere" in err


def test_a_page_to_print_has_its_real_size(calibrate, tmp_path):
    code, _, _ = calibrate("board")
    assert code == 0
    page = (tmp_path / "calibration" / "board.pdf").read_bytes()
    assert page.startswith(b"%PDF")


class Driver:
    name = "front"


def camera_of(folder):
    return calibrated_camera(
        Driver(), str(folder / "front.json"), "unchecked", None, SE3.identity()
    )


def test_a_camera_without_a_calibration_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match=r"not calibrated.*mt3-calibrate hand-eye"):
        camera_of(tmp_path)


def test_a_calibrated_camera_stands_where_it_was_found(tmp_path):
    calibration().save(tmp_path / "front.json")
    camera = camera_of(tmp_path)
    assert isinstance(camera, StandCamera)
    Driver.name = "side"
    try:
        with pytest.raises(ConfigurationError, match="is of camera front"):
            camera_of(tmp_path)
    finally:
        Driver.name = "front"


def test_a_check_of_what_was_never_calibrated_says_what_to_give(calibrate):
    """It was "cannot be read ([Errno 2] ...)"."""
    code, _, err = calibrate("check")
    assert code == 3
    assert "there is no calibration calibration/front.json; give file=FILE, or make it with" in err
