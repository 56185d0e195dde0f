"""Obstacles from one depth image."""

import numpy as np
import pytest

from mt3.errors import ConfigurationError
from mt3.geometry import SE3
from mt3.motion.obstacles import ObstacleRules, Obstacles, TableGrid
from mt3.perception import RGBD, Intrinsics

TABLE = TableGrid((-0.3, 0.9), (-0.6, 0.6))
RULES = ObstacleRules(TABLE)
INTRINSICS = Intrinsics(307.5, 307.5, 159.5, 119.5, 320, 240)
BOX = (0.5, 0.1, 0.03, 0.03, 0.12)  # x, y, half extents, height


def look_at(eye, at):
    z = np.subtract(at, eye) / np.linalg.norm(np.subtract(at, eye))
    x = np.cross(z, [0, 0, 1])
    x /= np.linalg.norm(x)
    return SE3.from_rotation_translation(np.stack([x, np.cross(z, x), z], axis=1), eye)


T_WC = look_at((1.05, 0.0, 0.75), (0.42, 0.0, 0.05))


def view(*boxes, noise=None):
    """Depth image of boxes (x, y, half x, half y, height) on the table, and their labels."""
    u, v = np.meshgrid(np.arange(320.0), np.arange(240.0))
    rays = INTRINSICS.deproject(u, v, np.ones_like(u)) @ T_WC.R.T
    depth = np.where(rays[..., 2] < 0, -T_WC.t[2] / rays[..., 2], 0.0)
    labels = np.zeros(depth.shape, dtype=int)
    for k, (x, y, a, b, height) in enumerate(boxes, 1):
        half = np.array([a, b, height / 2])
        sides = np.stack([-half, half])[:, None, None] - (T_WC.t - [x, y, height / 2])
        t = np.sort(sides / rays, axis=0)
        hit = (t[0].max(axis=-1) < t[1].min(axis=-1)) & (t[0].max(axis=-1) < depth)
        depth[hit] = t[0].max(axis=-1)[hit]
        labels[hit] = k
    if noise is not None:
        depth = depth + noise.normal(0.0, 0.002, depth.shape)
        flying = noise.random(depth.shape) < 0.002
        depth[flying] *= 0.8
    color = np.zeros((*depth.shape, 3), dtype=np.uint8)
    return RGBD(color, depth.astype(np.float32), INTRINSICS, T_WC, 0.0, "front"), labels


def read(panda, rgbd, rules=RULES, **rest):
    return Obstacles.from_view(rgbd, rules, panda, SE3.identity(), panda.reference_joints, **rest)


def height_at(heights, x, y):
    (i, j), over = (part[0] for part in TABLE.cells(np.array([[x, y, 0.0]])))
    assert over
    return heights[i, j]


def test_bare_noisy_table_has_no_obstacles(panda):
    rgbd, _ = view(noise=np.random.default_rng(0))
    seen = read(panda, rgbd)
    assert not seen.rest_m.any()
    assert not seen.target_m.any()


def test_box_stands_where_it_is_as_high_as_it_is(panda):
    rgbd, _ = view(BOX, noise=np.random.default_rng(0))
    seen = read(panda, rgbd)
    assert height_at(seen.rest_m, 0.5, 0.1) == pytest.approx(0.12, abs=0.01)
    assert height_at(seen.rest_m, 0.5, -0.1) == 0
    assert height_at(seen.rest_m, 0.58, 0.1) == 0


def test_what_is_hidden_behind_a_box_counts_as_occupied(panda):
    rgbd, _ = view(BOX)
    behind = (0.42, 0.118)
    hidden = height_at(read(panda, rgbd).rest_m, *behind)
    assert 0.02 < hidden <= 0.12
    open_rules = ObstacleRules(TABLE, shadows=False)
    assert height_at(read(panda, rgbd, open_rules).rest_m, *behind) == 0


def test_target_is_kept_apart_with_its_edges_and_shadow(panda):
    rgbd, labels = view(BOX, (0.45, -0.2, 0.03, 0.03, 0.1))
    mask = labels == 1
    mask[:-2] &= mask[2:]  # an imperfect mask, eroded
    seen = read(panda, rgbd, target_mask=mask)
    assert height_at(seen.target_m, 0.5, 0.1) == pytest.approx(0.12, abs=0.01)
    near_target = seen.rest_m[:, 60:]
    assert not near_target.any()
    assert height_at(seen.rest_m, 0.45, -0.2) == pytest.approx(0.1, abs=0.01)


def test_robot_and_what_it_holds_are_left_out(panda):
    T_BE = panda.forward(panda.reference_joints)
    x, y, z = T_BE.t
    on_hand = (x, y, 0.03, 0.03, z - 0.02)
    rgbd, _ = view(on_hand)
    lower, upper = np.array([-0.035, -0.035, 0.0]), np.array([0.035, 0.035, z + 0.01])
    corners = np.stack(np.meshgrid(*np.stack([lower, upper], axis=1)), axis=-1).reshape(-1, 3)
    assert read(panda, rgbd).rest_m.any()
    assert not read(panda, rgbd, held_p_E=corners).rest_m.any()


def test_growing_makes_obstacles_wider_and_higher(panda):
    heights = np.zeros(TABLE.shape)
    heights[60, 60] = 0.1
    grown = Obstacles(TABLE, heights, np.zeros(TABLE.shape)).grown(0.02)
    assert grown.rest_m[62, 60] == pytest.approx(0.12)
    assert grown.rest_m[63, 60] == 0
    assert grown.rest_m[62, 62] == 0
    assert not grown.target_m.any()


def test_same_image_same_obstacles(panda):
    rgbd, labels = view(BOX, noise=np.random.default_rng(3))
    first, second = (read(panda, rgbd, target_mask=labels == 1) for _ in range(2))
    np.testing.assert_array_equal(first.rest_m, second.rest_m)
    np.testing.assert_array_equal(first.target_m, second.target_m)


def test_empty_table_is_refused():
    with pytest.raises(ConfigurationError, match="two cells"):
        TableGrid((0.5, 0.4), (0.0, 1.0))


def test_nothing_is_hidden_where_the_shoulder_stands(panda):
    """The shadow of a board near the base lay around the shoulder, and no plan could begin."""
    rgbd, _ = view((0.2, 0.0, 0.03, 0.1, 0.3))
    rest_m = read(panda, rgbd).rest_m
    assert height_at(rest_m, 0.15, 0.09) > 0.1, "hidden behind it"
    assert height_at(rest_m, 0.1, 0.05) == 0.0
