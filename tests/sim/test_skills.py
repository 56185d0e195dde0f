"""Each skill: done by its demonstrator, not done by standing still, judged by the outcome."""

from itertools import pairwise

import numpy as np
import pytest

from mt3.geometry import SE3
from mt3.interfaces import OperatorEvent
from mt3.task import TaskDescription
from sim.demonstrator import RATE_HZ, Demonstrator
from sim.skills import skill_named
from sim.staging import stage


def perform(text: str, seed: int):
    task = TaskDescription.parse(text)
    scene, skill = stage(task, seed), skill_named(task.skill)
    events, poses, steps = [], [], []
    with scene:
        before = skill.success(scene)
        operator = Demonstrator(scene, scene.arm, scene.gripper, skill, np.random.default_rng(seed))
        for event in operator.perform():
            events.append(event)
            poses.append(scene.tool_pose())
            steps.append(scene.world.steps)
        after = skill.success(scene)
    assert set(np.diff(steps)) == {4}  # one sample each 1/60 s, the bottleneck's too
    return events, poses, before, after


@pytest.mark.parametrize(
    ("text", "seed"),
    [
        ("pick up the mug", 1),
        ("pick up the pan", 2),
        ("pick up the bottle", 3),
        ("pick up the hammer", 4),
        ("pick up the banana", 5),
        ("push the box", 6),
        ("place the can on the tray", 7),
        ("stack the can", 8),  # an object with a round top: only slabs were thought of
    ],
)
def test_the_demonstrator_does_the_task_like_a_person(text, seed) -> None:
    events, poses, before, after = perform(text, seed)
    assert not before
    assert after
    assert events.count(OperatorEvent.BOTTLENECK) == 1
    assert events.count(OperatorEvent.END) == 1
    assert events[-1] is OperatorEvent.END
    steps_m = [a.translation_to_m(b) for a, b in pairwise(poses)]
    assert max(steps_m) * RATE_HZ < 0.20
    at_bottleneck = poses[events.index(OperatorEvent.BOTTLENECK)]
    final_approach = poses[events.index(OperatorEvent.BOTTLENECK) - 5]
    assert at_bottleneck.is_close(final_approach, 1e-3, 5e-3)


def test_the_hand_stands_clear_of_what_it_puts_something_next_to() -> None:
    """Its palm lay across a bottle and pressed the arm away: one such task could not be shown."""
    task = TaskDescription.parse("place the vase next to the bottle")
    scene = stage(task, 4, distractors=0)
    with scene:
        rng = np.random.default_rng(4)
        operator = Demonstrator(scene, scene.arm, scene.gripper, skill_named(task.skill), rng)
        assert not any(scene.touches_robot("bottle") for _ in operator.perform())
        assert skill_named(task.skill).success(scene)


def push_scene():
    scene = stage(TaskDescription.parse("push the box"), 1, distractors=0)
    return scene, scene.roles.start_poses["box"]


@pytest.mark.parametrize(
    ("moved_O", "done"),
    [
        ((0.0, 0.10), True),
        ((0.0, -0.10), True),
        ((0.04, 0.10), True),
        ((0.10, 0.0), False),
        ((0.0, 0.04), False),
        ((0.0, 0.22), False),
    ],
)
def test_a_push_counts_by_distance_and_direction_in_the_box_own_frame(moved_O, done) -> None:
    scene, T_WO = push_scene()
    scene.world.place("box", T_WO @ SE3.from_translation((*moved_O, 0.0)))
    assert skill_named("push").success(scene) is done


def test_a_box_pushed_over_does_not_count() -> None:
    scene, T_WO = push_scene()
    lying = SE3.from_rotation_translation([[1, 0, 0], [0, 0, -1], [0, 1, 0]], (0.0, 0.1, 0.03))
    scene.world.place("box", T_WO @ lying)
    assert not skill_named("push").success(scene)


def test_an_object_lifted_by_magic_is_not_picked_up() -> None:
    scene = stage(TaskDescription.parse("pick up the can"), 0, distractors=0)
    scene.world.place("can", SE3.from_translation((0.0, 0.0, 0.1)) @ scene.world.pose("can"))
    scene.world.step()
    assert not skill_named("pick_up").success(scene)


def test_placing_counts_only_inside_the_tray_and_let_go() -> None:
    scene = stage(TaskDescription.parse("place the can on the tray"), 0, distractors=0)
    skill = skill_named("place_on")
    tray, model = scene.world.pose("tray"), scene.world.objects["tray"].model
    with scene:
        scene.gripper.command(1.0)
        inside = tray @ SE3.from_translation((0.02, 0.01, model.dimensions["floor"] + 0.002))
        scene.world.place("can", inside)
        scene.clock.sleep_until(scene.clock.now_s() + 1.0)
        assert skill.success(scene)
        scene.world.place("can", tray @ SE3.from_translation((0.0, 0.3, 0.001)))
        scene.clock.sleep_until(scene.clock.now_s() + 0.5)
        assert not skill.success(scene)
