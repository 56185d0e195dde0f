"""Staged scenes: what stands where, and that the same seed gives the same world."""

import gc
import weakref

import numpy as np
import pytest

from mt3.errors import ConfigurationError, DeviceError
from mt3.geometry import SE3
from mt3.interfaces import OperatorEvent
from mt3.task import TaskDescription
from sim.demonstrator import Demonstrator
from sim.scene import PyBulletScene
from sim.skills import skill_named
from sim.staging import Circle, Region, stage
from sim.workplace import build_scene


def task(text: str) -> TaskDescription:
    return TaskDescription.parse(text)


def circles(scene) -> dict[str, Circle]:
    return {
        name: Circle.around(item.model, scene.world.pose(name))
        for name, item in scene.world.objects.items()
    }


@pytest.mark.parametrize(("text", "gap_m"), [("pick up the mug", 0.09), ("push the box", 0.16)])
def test_distractors_leave_room_around_the_target(text, gap_m) -> None:
    for seed in range(3):
        scene = stage(task(text), seed)
        around = circles(scene)
        target = around.pop(scene.roles.target)
        assert len(around) == 3
        assert min(target.gap_m(other) for other in around.values()) > gap_m - 0.005
        assert scene.world.at_rest()


def test_the_target_stands_in_its_region_upright() -> None:
    region = Region((0.45, 0.46), (0.10, 0.11), (0.5, 0.6))
    T_WO = stage(task("pick up the hammer"), 3, region=region, distractors=0).world.pose("hammer")
    np.testing.assert_allclose(T_WO.t, (0.455, 0.105, 0.0), atol=0.008)
    assert np.arctan2(T_WO.R[1, 0], T_WO.R[0, 0]) == pytest.approx(0.55, abs=0.08)
    assert T_WO.R[2, 2] > 0.999


def test_the_instance_can_be_chosen() -> None:
    chosen = [
        stage(task("pick up the mug"), seed, instance_seed=7, distractors=0).world.objects["mug"]
        for seed in (0, 1)
    ]
    assert dict(chosen[0].model.dimensions) == dict(chosen[1].model.dimensions)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("pick up the elephant", "elephant"),
        ("pour from the can into the mug", "pour"),
        ("place the can on the mug", "mug"),
        ("place the box on the box", "twice"),
    ],
)
def test_what_cannot_be_staged_is_named(text, reason) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        stage(task(text), 0)


def _play(scene, seed: int, samples: int) -> list[bytes]:
    skill = skill_named("pick_up")
    rng = np.random.default_rng(seed)
    with scene:
        events = Demonstrator(scene, scene.arm, scene.gripper, skill, rng).perform()
        for _, event in zip(range(samples), events, strict=False):
            assert event is not OperatorEvent.END
        joints = scene.arm.state().joints.tobytes()
    return [joints, *(T.matrix.tobytes() for T in scene.world.poses().values())]


def test_the_same_seed_gives_the_same_bits() -> None:
    first = _play(stage(task("pick up the can"), 5), 5, 120)
    assert first == _play(stage(task("pick up the can"), 5), 5, 120)
    assert first != _play(stage(task("pick up the can"), 5), 6, 120)


def test_a_remembered_moment_comes_back() -> None:
    scene = stage(task("pick up the box"), 2)
    moment = scene.save()
    first = _play(scene, 1, 60)
    scene.restore(moment)
    assert scene.clock.now_s() == moment.steps / 240
    assert first == _play(scene, 1, 60)


def test_a_sleeping_distractor_wakes_when_the_arm_hits_it() -> None:
    scene = stage(task("pick up the can"), 4, distractors=1)
    (other,) = scene.world.objects.keys() - {"can"}
    T_WE = scene.tool_pose()
    scene.world.place(other, SE3.from_translation((T_WE.t[0] + 0.13, T_WE.t[1], 0.0)))
    scene.world.settle(240)
    scene.world.put_to_sleep(other)
    start = scene.world.pose(other)
    with scene:
        for V_BE_E, samples in (((0, 0, 0.2, 0, 0, 0), 85), ((0.2, 0, 0, 0, 0, 0), 75)):
            for _ in range(samples):
                scene.arm.command_twist(np.array(V_BE_E, dtype=float))
                scene.clock.sleep_until(scene.clock.now_s() + 1 / 60)
    assert scene.world.pose(other).translation_to_m(start) > 0.03


class BrokenCamera:
    """Cannot be disconnected; keeps that to itself where something else went wrong already."""

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc, traceback):
        if exc is None:
            raise DeviceError("cable")


def fail_inside(scene):
    with scene:
        raise KeyError


def test_leaving_the_scene_does_not_hide_an_error() -> None:
    """Devices were closed as if nothing had happened, and their own errors came out instead."""
    scene = PyBulletScene(SE3.identity())
    scene.mount("broken", BrokenCamera())
    with pytest.raises(KeyError):
        fail_inside(scene)
    with pytest.raises(DeviceError, match="cable"), scene:
        pass


def test_a_scene_that_nobody_needs_frees_its_world_at_once() -> None:
    """Worlds of 80 MB waited for the garbage collector; benchmark workers grew by gigabytes."""
    scene = stage(task("pick up the mug"), 0, distractors=0)
    with scene:
        scene.clock.sleep_until(scene.clock.now_s() + 0.01)
    world = weakref.ref(scene.world.bullet)
    gc.disable()
    try:
        del scene
        assert world() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("name", ["distractors", "instance_seed", "held_instance_seed"])
@pytest.mark.parametrize("typed", ["many", 1.5, -2, True])
def test_what_is_no_count_or_seed_is_refused_by_name(name, typed):
    """Words ended in a TypeError of the inside, and -2 distractors were taken."""
    given = {"distractors": 0, "instance_seed": None, "held_instance_seed": None, name: typed}
    with pytest.raises(ConfigurationError, match=f"scene.{name}: got .*a whole number from 0"):
        build_scene(
            "push the box",
            0,
            robot="panda",
            camera=None,
            clutter=(),
            x_m=(0.4, 0.6),
            y_m=(-0.2, 0.2),
            max_yaw_rad=np.pi,
            base_xyz_yaw=(0.0, 0.0, 0.0, 0.0),
            **given,
        )


@pytest.mark.parametrize("typed", ["many", -0.1, 4.0, float("nan")])
def test_a_turn_beyond_half_the_circle_is_refused_by_name(typed):
    with pytest.raises(ConfigurationError, match=r"scene\.max_yaw_rad: got .*expected 0 to pi"):
        build_scene(
            "push the box",
            0,
            robot="panda",
            camera=None,
            distractors=0,
            instance_seed=None,
            held_instance_seed=None,
            clutter=(),
            x_m=(0.4, 0.6),
            y_m=(-0.2, 0.2),
            max_yaw_rad=typed,
            base_xyz_yaw=(0.0, 0.0, 0.0, 0.0),
        )
