"""Hand-eye calibration finds known cameras, and refuses what cannot be trusted."""

import dataclasses

import numpy as np
import pytest
from rendered_boards import (
    BOARD,
    INTRINSICS,
    noisy_samples,
    project,
    render,
    tool_pose,
    true_pose_C,
    views_T_CM,
)

from hardware.calibration.board_view import BoardFinder, ViewRules
from hardware.calibration.hand_eye import estimate_hand_eye
from hardware.calibration.hand_eye_views import HandEyeSample
from hardware.calibration.mounting import Mounting
from mt3.errors import BoardViewError, CalibrationError
from mt3.geometry import SE3


@pytest.mark.parametrize("mounting", list(Mounting))
def test_a_camera_is_found_from_noisy_corners(mounting):
    """The figure over 50 runs is the bench's; here five."""
    errors = []
    for seed in range(5):
        samples = noisy_samples(mounting, 15, 0.5, np.random.default_rng(seed))
        result = estimate_hand_eye(samples, mounting, BOARD, INTRINSICS)
        assert result.trusted, result.shortcomings
        assert len(result.solvers) >= 4
        found, true = result.pose.T_PC, true_pose_C(mounting)
        errors.append((found.translation_to_m(true), found.angle_to_rad(true)))
    median_m, median_rad = np.median(errors, axis=0)
    assert median_m < 1.5e-3
    assert np.rad2deg(median_rad) < 0.2


@pytest.mark.parametrize("mounting", list(Mounting))
def test_a_camera_is_found_from_rendered_images(mounting):
    rng, finder = np.random.default_rng(1), BoardFinder(BOARD, INTRINSICS)
    samples = [
        HandEyeSample(f"{k}", tool_pose(mounting, T_CM), finder.find(render(T_CM, rng)))
        for k, T_CM in enumerate(views_T_CM(11, rng))
    ]
    found = estimate_hand_eye(samples, mounting, BOARD, INTRINSICS).require().T_PC
    assert found.is_close(true_pose_C(mounting), 1e-3, np.deg2rad(0.1))


def test_one_wrong_pose_is_left_out_and_named():
    samples = noisy_samples(Mounting.STAND, 15, 0.3, np.random.default_rng(2))
    wrong = dataclasses.replace(samples[4], T_WE=samples[4].T_WE @ SE3.from_yaw(0.3, (0.02, 0, 0)))
    samples[4] = wrong
    result = estimate_hand_eye(samples, Mounting.STAND, BOARD, INTRINSICS)
    assert result.rejected == (wrong.name,)
    assert result.require().T_PC.is_close(true_pose_C(Mounting.STAND), 1.5e-3, 3e-3)


def about_one_axis():
    rng = np.random.default_rng(3)
    T_CM = views_T_CM(1, rng, tilt_rad=0.05)[0]
    finder, ids = BoardFinder(BOARD, INTRINSICS), np.arange(BOARD.corner_count)
    for k, yaw in enumerate(np.linspace(-0.4, 0.4, 15)):
        p = BOARD.p_M_centre
        turned = T_CM @ SE3.from_translation(p) @ SE3.from_yaw(yaw) @ SE3.from_translation(-p)
        corners = project(turned, BOARD.corners_M()) + rng.normal(0, 0.3, (len(ids), 2))
        view = finder.view_of(ids, corners, 2.0)
        yield HandEyeSample(f"{k}", tool_pose(Mounting.STAND, turned), view)


def test_rotations_about_one_axis_are_refused_and_the_missing_ones_named():
    samples = list(about_one_axis())
    with pytest.raises(CalibrationError, match=r"axis.*add views with"):
        estimate_hand_eye(samples, Mounting.STAND, BOARD, INTRINSICS).require()


def test_too_few_views_are_refused():
    samples = noisy_samples(Mounting.STAND, 7, 0.3, np.random.default_rng(4))
    with pytest.raises(CalibrationError, match="got 7 good ones, expected at least 10"):
        estimate_hand_eye(samples, Mounting.STAND, BOARD, INTRINSICS).require()
    with pytest.raises(CalibrationError, match="got 3 views"):
        estimate_hand_eye(samples[:3], Mounting.STAND, BOARD, INTRINSICS)


def test_images_shifted_by_one_against_the_poses_are_refused():
    samples = noisy_samples(Mounting.WRIST, 15, 0.3, np.random.default_rng(5))
    shifted = [
        dataclasses.replace(sample, T_WE=samples[k - 1].T_WE) for k, sample in enumerate(samples)
    ]
    with pytest.raises(CalibrationError, match="belong"):
        estimate_hand_eye(shifted, Mounting.WRIST, BOARD, INTRINSICS).require()


def test_a_wrong_square_size_is_refused():
    """The board of the settings is 5 % larger than the one in view."""
    samples = noisy_samples(Mounting.WRIST, 15, 0.3, np.random.default_rng(6))
    larger = dataclasses.replace(BOARD, square_m=1.05 * BOARD.square_m)
    finder = BoardFinder(larger, INTRINSICS)
    seen = [
        dataclasses.replace(s, view=finder.view_of(s.view.ids, s.view.corners_px, 2.0))
        for s in samples
    ]
    with pytest.raises(CalibrationError, match=r"squares look 0\.95"):
        estimate_hand_eye(seen, Mounting.WRIST, larger, INTRINSICS).require()


def test_a_blurred_view_says_so():
    rng = np.random.default_rng(7)
    finder = BoardFinder(BOARD, INTRINSICS, ViewRules(max_edge_px=2.5))
    T_CM = views_T_CM(1, rng)[0]
    finder.find(render(T_CM, rng, blur_px=0.6))
    with pytest.raises(BoardViewError, match="blurred"):
        finder.find(render(T_CM, rng, blur_px=1.6))


def test_an_empty_image_says_what_to_look_for():
    with pytest.raises(BoardViewError, match="found 0 of 24"):
        BoardFinder(BOARD, INTRINSICS).find(np.full((480, 640, 3), 90, np.uint8))
