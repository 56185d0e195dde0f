"""What the shape descriptor is blind to, and what it is not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mt3.geometry import SE3
from mt3.retrieval import CylinderEncoder

ENCODER = CylinderEncoder()
SEEDS = st.integers(0, 10_000)


def cylinder(radius_m=0.04, height_m=0.1, n=3000, seed=0):
    """The half of an upright cylinder's side that a camera sees, and its top."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(-np.pi / 2, np.pi / 2, n)
    side = [radius_m * np.cos(angle), radius_m * np.sin(angle), height_m * rng.random(n)]
    spin, r = rng.uniform(0.0, 2.0 * np.pi, n), radius_m * np.sqrt(rng.random(n))
    top = [r * np.cos(spin), r * np.sin(spin), np.full(n, height_m)]
    return np.concatenate([np.stack(side, axis=1), np.stack(top, axis=1)])


def slab(length_m=0.3, width_m=0.04, height_m=0.03, n=4000, seed=0):
    """The top and one long side of a flat bar."""
    rng = np.random.default_rng(seed)
    top = rng.uniform([0.0, 0.0, height_m], [length_m, width_m, height_m], (n, 3))
    side = rng.uniform([0.0, 0.0, 0.0], [length_m, 0.0, height_m], (n, 3))
    return np.concatenate([top, side])


def similarity(p_W, q_W):
    return float(ENCODER.encode_points(p_W) @ ENCODER.encode_points(q_W))


@given(SEEDS, st.tuples(*[st.floats(-2.0, 2.0)] * 3))
def test_translation_changes_nothing(seed, t):
    p_W = cylinder(seed=seed, n=500)
    np.testing.assert_allclose(
        ENCODER.encode_points(p_W), ENCODER.encode_points(p_W + np.array(t)), atol=0.02
    )


@pytest.mark.parametrize("shape", [cylinder, slab])
@given(yaw_rad=st.floats(-np.pi, np.pi))
def test_yaw_of_the_visible_points_changes_little(shape, yaw_rad):
    p_W = shape()
    assert similarity(p_W, SE3.from_yaw(yaw_rad) @ p_W) > 0.98


@given(SEEDS)
def test_order_of_the_points_does_not_matter(seed):
    p_W = slab(n=300)
    shuffled = np.random.default_rng(seed).permutation(p_W)
    assert similarity(p_W, shuffled) == pytest.approx(1.0, abs=1e-9)


def test_distance_to_the_camera_changes_little():
    """Twice as far means a quarter of the pixels on the same surface."""
    assert similarity(cylinder(n=12_000), cylinder(n=3_000)) > 0.98


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_size_matters(factor):
    assert similarity(cylinder(), factor * cylinder()) < 0.9


def test_tilt_matters():
    upright = cylinder(height_m=0.2)
    lying = upright @ np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    assert similarity(upright, lying) < 0.9


def test_the_same_kind_is_nearer_than_another():
    same = similarity(cylinder(), cylinder(radius_m=0.043, height_m=0.11))
    assert same > similarity(cylinder(), slab()) + 0.1


@pytest.mark.parametrize("n", [1, 2, 5])
def test_tiny_clouds_have_a_descriptor(n):
    descriptor = ENCODER.encode_points(np.random.default_rng(0).random((n, 3)))
    assert np.linalg.norm(descriptor) == pytest.approx(1.0)
    assert (descriptor >= 0).all()


def test_name_changes_with_every_parameter():
    names = {
        CylinderEncoder(**changes).name
        for changes in (
            {},
            {"voxel_m": 0.01},
            {"bin_m": 0.03},
            {"rings": 4},
            {"layers": 4},
            {"sectors": 18},
            {"harmonics": 3},
        )
    }
    assert len(names) == 7
