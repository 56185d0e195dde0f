"""The table is measured, so that a camera pose that went stale is noticed before anything moves."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mt3.errors import ImageError
from mt3.geometry import SE3
from mt3.perception import RGBD, Intrinsics, fit_table_plane

INTRINSICS = Intrinsics(fx=205.0, fy=205.0, cx=106.5, cy=79.5, width=213, height=160)


def camera_pose():
    """From (1.05, 0, 0.75) in W towards (0.42, 0, 0.05), image up is up."""
    z = np.array([0.42 - 1.05, 0.0, 0.05 - 0.75])
    z /= np.linalg.norm(z)
    x = np.cross(z, [0.0, 0.0, 1.0])
    x /= np.linalg.norm(x)
    return SE3.from_rotation_translation(
        np.stack([x, np.cross(z, x), z], axis=1), [1.05, 0.0, 0.75]
    )


def image_of_plane(normal_W, height_m, noise_m=0.001, boxes=0, seed=0):
    """What the camera sees of a plane through (0.5, 0, height), with boxes standing on it."""
    T_WC = camera_pose()
    v, u = np.mgrid[: INTRINSICS.height, : INTRINSICS.width].astype(float)
    rays_W = INTRINSICS.deproject(u, v, np.ones_like(u)) @ T_WC.R.T
    normal_W = np.asarray(normal_W) / np.linalg.norm(normal_W)
    distance = (np.array([0.5, 0.0, height_m]) - T_WC.t) @ normal_W
    depth_m = distance / (rays_W @ normal_W)
    rng = np.random.default_rng(seed)
    for _ in range(boxes):
        row, column = rng.integers(10, 110), rng.integers(10, 160)
        depth_m[row : row + 35, column : column + 35] *= rng.uniform(0.85, 0.95)
    depth_m += rng.normal(0.0, noise_m, depth_m.shape)
    depth_m[rng.random(depth_m.shape) < 0.02] = 0.0
    color = np.zeros((*depth_m.shape, 3), np.uint8)
    return RGBD(color, np.maximum(depth_m, 0.0), INTRINSICS, T_WC, 0.0, "front")


def fit(rgbd, seed=0, **options):
    return fit_table_plane(rgbd, np.random.default_rng(seed), **options)


@pytest.mark.parametrize("tilt_deg", [0.0, 1.0, 4.0])
@pytest.mark.parametrize("height_m", [-0.03, 0.0, 0.02])
def test_tilt_and_height_are_measured_among_objects_and_noise(tilt_deg, height_m):
    normal_W = Rotation.from_euler("y", tilt_deg, degrees=True).as_matrix()[:, 2]
    table = fit(image_of_plane(normal_W, height_m, boxes=6))
    assert np.degrees(table.tilt_rad) == pytest.approx(tilt_deg, abs=0.2)
    on_plane = table.p_W_centre - [0.5, 0.0, height_m]
    assert abs(on_plane @ normal_W) < 0.002
    assert table.normal_W @ normal_W == pytest.approx(1.0, abs=1e-4)
    assert table.rmse_m < 0.004


def test_plane_equation_holds_at_its_centre():
    table = fit(image_of_plane([0.02, -0.01, 1.0], 0.01))
    assert table.normal_W @ table.p_W_centre == pytest.approx(table.offset_m, abs=1e-3)


def test_height_is_searched_around_the_configured_one():
    rgbd = image_of_plane([0.0, 0.0, 1.0], -0.4)
    assert fit(rgbd, expected_height_m=-0.41).height_m == pytest.approx(-0.4, abs=1e-3)
    with pytest.raises(ImageError, match=r"within 0\.15 m of height"):
        fit(rgbd)


def test_same_seed_same_plane():
    rgbd = image_of_plane([0.0, 0.05, 1.0], 0.0, boxes=6)
    np.testing.assert_array_equal(fit(rgbd, seed=3).normal_W, fit(rgbd, seed=3).normal_W)


def test_the_seed_hardly_matters():
    rgbd = image_of_plane([0.0, 0.0, 1.0], 0.0, boxes=6)
    heights = [fit(rgbd, seed=seed).height_m for seed in range(5)]
    assert np.ptp(heights) < 5e-4


def test_rubble_is_no_table():
    rng = np.random.default_rng(0)
    flat = image_of_plane([0.0, 0.0, 1.0], 0.0)
    depth_m = flat.depth_m * rng.uniform(0.88, 1.0, flat.depth_m.shape)
    rubble = RGBD(flat.color, depth_m, flat.intrinsics, flat.T_WC, 0.0, "front")
    with pytest.raises(ImageError, match="expected at least"):
        fit(rubble, min_share=0.4)


def test_an_image_without_depth_is_no_table():
    flat = image_of_plane([0.0, 0.0, 1.0], 0.0)
    dark = RGBD(flat.color, 0.0 * flat.depth_m, flat.intrinsics, flat.T_WC, 0.0, "front")
    with pytest.raises(ImageError, match="got 0 points"):
        fit(dark)
