"""The object catalogue: shapes that are sound, repeatable, graspable and stand by themselves."""

import pickle

import numpy as np
import pytest
from scipy.spatial import ConvexHull, Delaunay

from mt3.errors import ConfigurationError
from mt3.geometry import SE3
from sim.objects import CATEGORIES, ObjectModel, instance
from sim.objects.pourers import SHOVELS
from sim.world import World

SEEDS = range(4)
FINGER_OPENING_M = 0.080

HELD = [name for name in CATEGORIES if instance(name, 0).grasps_O]
FREE = [name for name in CATEGORIES if instance(name, 0).mechanism is None]


def solid(model: ObjectModel, p_O: np.ndarray, grown: float = 1.0) -> np.ndarray:
    """Whether points lie in any collision part, each grown about its own middle."""
    middles = [np.mean(part, axis=0) for part in model.collision_parts]
    parts = [m + grown * (part - m) for m, part in zip(middles, model.collision_parts, strict=True)]
    return np.any([Delaunay(part).find_simplex(p_O) >= 0 for part in parts], axis=0)


@pytest.mark.parametrize("category", CATEGORIES)
def test_meshes_are_closed_small_and_rest_on_the_table(category: str) -> None:
    for seed in SEEDS:
        mesh = instance(category, seed).mesh
        assert mesh.is_watertight()
        assert mesh.volume_m3() > 0
        assert len(mesh.faces) <= 3000
        assert abs(mesh.vertices[:, 2].min()) < 1e-9


@pytest.mark.parametrize("category", CATEGORIES)
def test_one_seed_is_one_shape_and_another_seed_another(category: str) -> None:
    first, again, other = (instance(category, seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.mesh.vertices, again.mesh.vertices)
    assert first.albedo == again.albedo
    assert first.mass_kg == again.mass_kg
    assert first.dimensions != other.dimensions


@pytest.mark.parametrize("category", HELD)
def test_weights_and_grasps_suit_a_panda(category: str) -> None:
    """Open fingers find room on both sides of something solid."""
    for seed in SEEDS:
        model = instance(category, seed)
        assert 0.05 <= model.mass_kg <= 0.4
        for T_OE in model.grasps_O:
            across = np.linspace(-1.0, 1.0, 41)[:, None] * np.array([0.0, 0.045, 0.0])
            inside = solid(model, T_OE @ across)
            assert inside.any()
            assert not inside[np.abs(across[:, 1]) > FINGER_OPENING_M / 2].any()


@pytest.mark.parametrize("category", FREE)
def test_collision_parts_enclose_the_mesh_and_little_more(category: str) -> None:
    model = instance(category, 1)
    assert solid(model, model.mesh.vertices, grown=1.02).mean() > 0.65
    volume = sum(ConvexHull(part).volume for part in model.collision_parts)
    assert 0.9 * model.mesh.volume_m3() < volume < 1.4 * model.mesh.volume_m3()


@pytest.mark.parametrize("category", ["mug", "pan", "bowl"])
def test_a_finger_fits_inside_hollow_objects(category: str) -> None:
    for seed in SEEDS:
        model = instance(category, seed)
        size = model.dimensions
        inner = size["rim_radius"] - size["wall"]
        deep = np.linspace(0.75, 1.0, 5) * size["height"]
        ring = np.linspace(0.0, 2 * np.pi, 30)
        free = [
            (r * np.cos(a), r * np.sin(a), z)
            for r in (0.0, inner - 0.012)
            for a in ring
            for z in deep
        ]
        assert not solid(model, np.asarray(free)).any()


@pytest.mark.parametrize("category", [name for name in CATEGORIES if name not in SHOVELS])
def test_placed_upright_it_stays(category: str) -> None:
    for seed in (0, 5):
        world = World()
        T_WO = SE3.from_yaw(0.7, (0.5, 0.1, 0.001))
        world.add("it", instance(category, seed), T_WO)
        for _ in range(240):
            world.step()
        assert world.pose("it").is_close(T_WO, atol_m=0.004, atol_rad=np.deg2rad(2.0))
        world.bullet.close()


@pytest.mark.parametrize("category", FREE)
def test_symmetry_is_what_it_says(category: str) -> None:
    model = instance(category, 2)
    turns = {"none": [], "2-fold": [np.pi], "full": [0.5 * np.pi, np.pi]}[model.symmetry]
    hull = Delaunay(model.mesh.vertices)
    outside = {
        turn: (
            hull.find_simplex(0.97 * (SE3.from_yaw(turn) @ model.mesh.vertices) + [0, 0, 3e-4]) < 0
        ).mean()
        for turn in (0.5 * np.pi, np.pi)
    }
    for turn, share in outside.items():
        assert (share < 0.01) == (turn in turns)


def test_models_survive_a_process_boundary() -> None:
    model = instance("mug", 0)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.mesh.faces, model.mesh.faces)
    assert copy.dimensions == model.dimensions
    assert not copy.mesh.vertices.flags.writeable


def test_unknown_categories_are_named_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="'dragon', expected one of mug"):
        instance("dragon", 0)
    with pytest.raises(ConfigurationError, match="seed"):
        instance("mug", -1)
