"""The depth noise model: how much, where, and from which seed."""

import numpy as np
import pytest

from mt3.errors import ConfigurationError
from mt3.perception import Intrinsics
from sim.depth_noise import DepthNoise

INTRINSICS = Intrinsics(600.0, 600.0, 159.5, 119.5, 320, 240)


def wall(depth_m: float) -> np.ndarray:
    return np.full((240, 320), depth_m, np.float32)


def step() -> np.ndarray:
    depth_m = wall(0.6)
    depth_m[:, 160:] = 0.9
    return depth_m


@pytest.mark.parametrize(("depth_m", "sigma_m"), [(0.4, 0.001), (0.9, 0.001475), (1.4, 0.0029)])
def test_noise_grows_with_the_square_of_distance(depth_m: float, sigma_m: float) -> None:
    noisy = DepthNoise(quantum_m=1e-6).apply(wall(depth_m), INTRINSICS, np.random.default_rng(0))
    assert np.std(noisy - depth_m) == pytest.approx(sigma_m, rel=0.03)
    assert np.mean(noisy - depth_m) == pytest.approx(0.0, abs=5e-5)


def test_readings_are_whole_steps() -> None:
    noisy = DepthNoise(quantum_m=0.002).apply(wall(0.7), INTRINSICS, np.random.default_rng(0))
    steps = noisy / 0.002
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-3)


def test_edges_lose_readings_and_let_some_fly_and_flat_parts_do_not() -> None:
    noisy = DepthNoise().apply(step(), INTRINSICS, np.random.default_rng(0))
    edge, flat = noisy[:, 159:161], np.delete(noisy, [159, 160], axis=1)
    assert (edge == 0).mean() == pytest.approx(0.5, abs=0.06)
    flying = (edge > 0.62) & (edge < 0.88)
    assert flying.mean() == pytest.approx(0.5 * 0.2 * 0.87, abs=0.04)
    assert (flat > 0).all()
    assert (np.minimum(abs(flat - 0.6), abs(flat - 0.9)) < 0.01).all()


def test_grazing_surfaces_read_badly() -> None:
    rows = np.arange(240, dtype=np.float32)[:, None]
    slanted = np.broadcast_to(0.5 + 0.0005 * rows, (240, 320)).astype(np.float32)
    grazing = np.broadcast_to(0.2 * 1.012**rows, (240, 320)).astype(np.float32)
    rng = np.random.default_rng(0)
    assert (DepthNoise().apply(slanted, INTRINSICS, rng) > 0).all()
    assert (DepthNoise().apply(grazing, INTRINSICS, rng) == 0).mean() > 0.4


def test_nothing_stays_nothing_and_the_seed_decides() -> None:
    depth_m = step()
    depth_m[:40] = 0.0
    a, b, c = (
        DepthNoise().apply(depth_m, INTRINSICS, np.random.default_rng(seed)) for seed in (4, 4, 5)
    )
    assert not a[:40].any()
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()
    assert a.dtype == np.float32


@pytest.mark.parametrize(
    "wrong",
    [
        {"sigma_m": -0.001},
        {"quantum_m": 0.0},
        {"hole_probability": 1.5},
        {"steepest_rad": 2.0},
        {"sigma_growth_per_m": float("nan")},
    ],
)
def test_impossible_values_are_named(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        DepthNoise(**wrong)
