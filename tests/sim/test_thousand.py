"""The thousand tasks: how many, how different, and each skill done by its own demonstrator."""

from collections import Counter

import numpy as np
import pytest

from mt3.errors import ConfigurationError, Mt3Error
from mt3.geometry import SE3
from mt3.skill_grammar import SKILLS as WORDS
from mt3.task import TaskDescription
from sim.demonstrator import Demonstrator
from sim.objects import CATEGORIES, instance
from sim.skills import SKILLS
from sim.staging import stage
from sim.thousand import FAMILIES, ThousandSuite, draw_tasks
from sim.world import World


def test_there_are_a_thousand_different_tasks_over_many_objects() -> None:
    tasks = draw_tasks(0)
    assert len(tasks) == len({task.key for task in tasks}) == 1000
    assert {task.skill for task in tasks} == set(WORDS) == set(SKILLS)
    objects = set.union(*(task.objects() for task in tasks))
    assert len(objects) >= 400
    assert len({category for category, _ in objects}) >= 60
    assert tasks == draw_tasks(0)
    assert tasks != draw_tasks(1)


def test_every_task_is_read_back_from_its_words() -> None:
    for task in draw_tasks(0):
        read = TaskDescription.parse(task.text)
        assert (read.skill, read.target_object, read.other_object) == (
            task.skill,
            task.target,
            task.other,
        )


def test_the_protocol_is_two_trials_each_and_a_hundred_tasks_on_new_objects() -> None:
    suite = ThousandSuite()
    trials = suite.trials()
    assert Counter(trial.labels["instances"] for trial in trials) == {"same": 2000, "new": 200}
    shown = {
        (episode.settings["task"], episode.settings["scene"]["instance_seed"])
        for demonstration in suite.demonstrations()
        for episode in demonstration.draws
    }
    for trial in trials:
        settings = trial.draws[0].settings
        known = (settings["task"], settings["scene"]["instance_seed"]) in shown
        assert known == (trial.labels["instances"] == "same")
        assert 5 <= settings["scene"]["distractors"] <= 20
    assert {trial.demonstration for trial in trials} == {one.key for one in suite.demonstrations()}


def test_unknown_skills_are_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"\['dance'\], expected some of pick_up"):
        draw_tasks(0, ["dance"])


@pytest.mark.parametrize("skill", sorted(SKILLS))
def test_the_demonstrator_does_a_task_of_each_skill(skill: str) -> None:
    task = draw_tasks(0, [skill])[0]
    for seed in range(8):  # the first scene may be one in which nobody could
        try:
            scene = stage(
                TaskDescription.parse(task.text),
                seed,
                instance_seed=task.target_instance,
                held_instance_seed=task.other_instance,
            )
            with scene:
                before = SKILLS[skill].success(scene)
                person = Demonstrator(
                    scene, scene.arm, scene.gripper, SKILLS[skill], np.random.default_rng(seed)
                )
                for _ in person.perform():
                    pass
                assert not before
                assert SKILLS[skill].success(scene)
            break
        except Mt3Error:
            continue
    else:
        pytest.fail(f"{task.text}: no scene of eight can be done")


MOVING = [name for name in CATEGORIES if instance(name, 0).mechanism is not None]


@pytest.mark.parametrize("category", MOVING)
def test_what_moves_stays_where_it_is_put_and_inside_its_range(category: str) -> None:
    """A panel that lay on the table was pushed out of its joint's range, and jumped."""
    world = World()
    world.add("it", instance(category, 1), SE3.from_yaw(0.4, (0.5, 0.0, 0.0)))
    mechanism = world.objects["it"].model.mechanism
    for fraction in (0.0, 1.0) if mechanism.spring == 0.0 else (0.0,):
        world.set_fraction("it", fraction)
        for _ in range(120):
            world.step()
        assert abs(world.fraction("it") - fraction) < 0.05
    world.bullet.close()


def test_families_hold_every_skill_once() -> None:
    named = [name for family in FAMILIES.values() for name in family]
    assert sorted(named) == sorted(SKILLS)
