"""The golden pair: found as it was, and as it must be when it is perturbed, inverted, shifted."""

from pathlib import Path

import numpy as np
import pytest

from mt3.alignment import Registrar
from mt3.geometry import SE3
from mt3.perception import RGBD, ObjectView

STORED = Path(__file__).with_name("registration_pair.npz")


def close(a: SE3, b: SE3, at_W, position_m: float, angle_deg: float) -> bool:
    """Whether two motions take the object to the same place."""
    apart_m = np.linalg.norm(a @ at_W - b @ at_W)
    return apart_m < position_m and np.rad2deg(a.angle_to_rad(b)) < angle_deg


def changed(view, depth_m=None, T_WC=None) -> ObjectView:
    rgbd = view.rgbd
    depth_m = rgbd.depth_m if depth_m is None else depth_m.astype(np.float32)
    return ObjectView(
        RGBD(rgbd.color, depth_m, rgbd.intrinsics, T_WC or rgbd.T_WC, 0.0, "front"), view.mask
    )


@pytest.fixture(scope="module")
def centre_W(golden_pair):
    return golden_pair.demo.points_W().mean(axis=0)


def test_the_stored_pair_is_small():
    assert STORED.stat().st_size < 1_000_000


def test_the_motion_is_found(golden_pair, centre_W):
    result = Registrar().register(golden_pair.demo, golden_pair.live)
    assert result.trusted, result.reason
    assert close(result.D_W, golden_pair.truth, centre_W, 0.005, 2.5)
    assert close(result.D_W, golden_pair.found, centre_W, 0.003, 1.5)


def test_perturbed_depth_hardly_changes_it(golden_pair, centre_W):
    rng = np.random.default_rng(1)
    views = []
    for view in (golden_pair.demo, golden_pair.live):
        depth_m = view.rgbd.depth_m
        noise_m = rng.normal(0.0, 5e-4, depth_m.shape) * (depth_m > 0)
        views.append(changed(view, depth_m + noise_m))
    result = Registrar().register(*views)
    assert close(result.D_W, golden_pair.found, centre_W, 0.003, 1.5)


def test_exchanged_views_give_the_inverse(golden_pair, centre_W):
    result = Registrar().register(golden_pair.live, golden_pair.demo)
    assert close(result.D_W.inverse(), golden_pair.found, centre_W, 0.003, 1.5)


def test_a_shifted_world_shifts_it(golden_pair, centre_W):
    M = SE3.from_yaw(0.8, (0.3, -0.2, 0.0))
    views = [changed(v, T_WC=M @ v.rgbd.T_WC) for v in (golden_pair.demo, golden_pair.live)]
    result = Registrar().register(*views)
    assert close(M.inverse() @ result.D_W @ M, golden_pair.found, centre_W, 0.003, 1.5)
