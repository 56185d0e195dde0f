"""The ray-cast camera: geometry against closed form, and against PyBullet's own renderer."""

import numpy as np
import pytest

from mt3.errors import ConfigurationError, NotConnectedError, StaleDataError
from mt3.geometry import SE3
from mt3.perception import Intrinsics
from sim.bullet_renderer import BulletRenderer
from sim.camera import RaycastCamera
from sim.depth_noise import DepthNoise
from sim.mesh import box_corners, convex_hull
from sim.objects import CLUTTER, instance
from sim.raycast_renderer import NOTHING, RaycastRenderer
from sim.robots import PANDA
from sim.scene import PyBulletScene
from sim.scene_view import SceneView

SMALL = Intrinsics(120.0, 110.0, 70.3, 52.6, 160, 120)
FULL = Intrinsics(615.0, 600.0, 310.0, 250.0, 640, 480)
GREY = (0.5, 0.5, 0.5)
CUBE = convex_hull(box_corners((-0.05, -0.05, -0.05), (0.05, 0.05, 0.05)))


def looking(eye_W: tuple[float, float, float], at_W: tuple[float, float, float]) -> SE3:
    z_W = np.subtract(at_W, eye_W) / np.linalg.norm(np.subtract(at_W, eye_W))
    x_W = np.cross(z_W, (0.0, 0.0, 1.0))
    x_W /= np.linalg.norm(x_W)
    R_WC = np.stack([x_W, np.cross(z_W, x_W), z_W], axis=1)
    return SE3.from_rotation_translation(R_WC, eye_W)


T_WC = looking((1.05, 0.0, 0.75), (0.42, 0.0, 0.05))


class StillClock:
    t_s = 0.0

    def now_s(self) -> float:
        return self.t_s

    def sleep_until(self, t_s: float) -> None:
        self.t_s = max(self.t_s, t_s)


def camera(noise: DepthNoise | None = None, seed: int = 0) -> tuple[RaycastCamera, StillClock]:
    renderer = RaycastRenderer(SMALL, SE3.identity())
    renderer.add_body(7, CUBE, GREY)
    clock = StillClock()
    poses = {7: SE3.from_translation((0.0, 0.0, 0.8))}
    rng = np.random.default_rng(seed)
    return RaycastCamera("front", renderer, lambda: poses, clock, noise, rng), clock


def test_depth_is_along_the_optical_axis_and_pixels_are_where_points_project() -> None:
    renderer = RaycastRenderer(SMALL, SE3.identity())
    renderer.add_body(3, CUBE, GREY)
    frame = renderer.render({3: SE3.from_translation((0.1, 0.05, 0.55))})
    seen = frame.instance_ids == 3
    v, u = np.nonzero(seen & np.isclose(frame.depth_m, 0.5, atol=1e-6))
    points_C = SMALL.deproject(u.astype(float), v.astype(float), np.full(len(u), 0.5))
    corners_px = SMALL.project(np.array([[0.05, 0.0, 0.5], [0.15, 0.10, 0.5]]))
    assert len(u) == pytest.approx(np.prod(corners_px[1] - corners_px[0]), rel=0.05)
    assert points_C[:, 0].min() >= 0.05 - 1e-6
    assert points_C[:, 1].max() <= 0.10 + 1e-6
    np.testing.assert_array_equal(frame.depth_m[~seen], 0.0)
    assert set(np.unique(frame.instance_ids)) == {NOTHING, 3}


def test_the_nearer_body_hides_the_farther_whatever_the_order() -> None:
    poses = {1: SE3.from_translation((0, 0, 0.6)), 2: SE3.from_translation((0.08, 0, 0.9))}
    frames = []
    for order in ((1, 2), (2, 1)):
        renderer = RaycastRenderer(SMALL, SE3.identity())
        for body in order:
            renderer.add_body(body, CUBE, GREY)
        frames.append(renderer.render(poses))
    assert frames[0].instance_ids[53, 70] == 1
    assert (frames[0].instance_ids == 2).any()
    np.testing.assert_array_equal(frames[0].depth_m, frames[1].depth_m)
    np.testing.assert_array_equal(frames[0].instance_ids, frames[1].instance_ids)


def test_a_body_that_moves_is_seen_where_it_is_and_one_behind_is_not() -> None:
    renderer = RaycastRenderer(SMALL, SE3.identity())
    renderer.add_body(1, CUBE, GREY)
    for z_m in (0.6, 0.9, 0.6):
        depth_m = renderer.render({1: SE3.from_translation((0, 0, z_m))}).depth_m
        assert depth_m[53, 70] == pytest.approx(z_m - 0.05, abs=1e-6)
    assert not renderer.render({1: SE3.from_translation((0, 0, -0.6))}).depth_m.any()
    assert renderer.render({1: SE3.identity()}).depth_m.all()
    renderer.remove_body(1)
    assert not renderer.render({}).depth_m.any()


def test_wrong_ids_are_named() -> None:
    renderer = RaycastRenderer(SMALL, SE3.identity())
    renderer.add_body(1, CUBE, GREY)
    with pytest.raises(ConfigurationError, match="got 1"):
        renderer.add_body(1, CUBE, GREY)
    with pytest.raises(ConfigurationError, match=r"bodies \[1\]"):
        renderer.render({})
    with pytest.raises(ConfigurationError, match="got 9"):
        renderer.remove_body(9)


def test_a_frame_carries_its_time_pose_and_truth() -> None:
    device, clock = camera()
    with device:
        first = device.read(max_age_s=0.0)
        clock.sleep_until(2.0)
        second = device.read(max_age_s=0.0)
    assert (first.t_s, second.t_s, second.camera) == (0.0, 2.0, "front")
    assert second.intrinsics == SMALL
    ids = device.instance_ids(0.0)
    np.testing.assert_array_equal(ids == 7, first.depth_m > 0)
    with pytest.raises(StaleDataError, match=r"time 1\.0 s"):
        device.instance_ids(1.0)


def test_reading_needs_the_with_block() -> None:
    device, _ = camera()
    with pytest.raises(NotConnectedError, match="front"):
        device.read(max_age_s=1.0)


def test_noise_repeats_with_its_seed_and_leaves_the_truth_alone() -> None:
    frames = []
    for seed in (1, 1, 2):
        device, _ = camera(DepthNoise(), seed)
        with device:
            frames.append(device.read(max_age_s=0.0))
            assert (device.instance_ids(0.0) == 7).sum() >= (frames[-1].depth_m > 0).sum()
    np.testing.assert_array_equal(frames[0].depth_m, frames[1].depth_m)
    assert (frames[0].depth_m != frames[2].depth_m).any()


@pytest.fixture(scope="module")
def scene() -> PyBulletScene:
    scene = PyBulletScene(SE3.from_yaw(0.3, (0.02, -0.03, 0.01)))
    for k, category in enumerate((*CLUTTER, "drawer")):
        p_W = (0.40 + 0.13 * (k % 3), -0.25 + 0.24 * (k // 3), 0.0)
        scene.world.add(category, instance(category, k), SE3.from_yaw(float(k), p_W))
    bullet, robot = scene.world.bullet, scene.sim_robot
    bullet.reset_joints(robot.body, robot.arm_joints, PANDA.observe_joints)
    return scene


@pytest.mark.parametrize("intrinsics", [FULL, Intrinsics(300.0, 310.0, 165.0, 118.0, 320, 240)])
def test_depth_agrees_with_pybullets_own_renderer(
    scene: PyBulletScene, intrinsics: Intrinsics
) -> None:
    raycast = RaycastRenderer(intrinsics, T_WC)
    ours = raycast.render(SceneView(scene.world, scene.sim_robot, raycast).poses_W())
    theirs = BulletRenderer(scene.world.bullet, intrinsics, T_WC).render({})
    both = (ours.depth_m > 0) & (theirs.depth_m > 0)
    assert both.mean() > 0.7
    assert ((ours.depth_m > 0) == (theirs.depth_m > 0)).mean() > 0.99
    off_m = np.abs(ours.depth_m - theirs.depth_m)[both]
    assert (off_m < 0.002).mean() >= 0.99
    robot = both & (ours.instance_ids % (1 << 24) == scene.sim_robot.body)
    assert robot.sum() > 1000
    assert (np.abs(ours.depth_m - theirs.depth_m)[robot] < 0.002).mean() >= 0.97


def test_objects_added_later_are_seen_and_named(scene: PyBulletScene) -> None:
    raycast = RaycastRenderer(SMALL, T_WC)
    view = SceneView(scene.world, scene.sim_robot, raycast)
    view.poses_W()
    scene.world.add("late", instance("can", 9), SE3.from_translation((0.7, 0.3, 0.0)))
    frame = raycast.render(view.poses_W())
    late = scene.world.objects["late"].body
    assert (frame.instance_ids == late).any()
    assert view.categories[late] == "can"
