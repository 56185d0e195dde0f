"""What stays connected from task to task, and what is the task's own."""

import pytest
from fake_operator import FakeTeleop, PlannedKeys
from omegaconf import OmegaConf

from demos.cli import workbench
from demos.cli.workbench import Workbench
from demos.session.key_map import KeyMap
from mt3.errors import ConfigurationError
from mt3.task import TaskDescription

KEYS = dict(
    zip(
        ("picture", "accept", "mark", "end", "keep", "redo", "discard", "replay", "quit"),
        ("p", "enter", "b", "n", "k", "z", "x", "v", "Q"),
        strict=True,
    )
)
MUG, CAN = (TaskDescription.parse(f"pick up the {name}") for name in ("mug", "can"))


def configuration(task_in_scene):
    return OmegaConf.create(
        {
            "task": "pick up the mug",
            "seed": 3,
            "scene": {
                "_target_": "fake_workplace.scene",
                "task": "${task}" if task_in_scene else "any",
                "seed": "${seed}" if task_in_scene else 0,
            },
            "model": {"_target_": "fake_workplace.model"},
            "limits": {"_target_": "fake_workplace.limits"},
            "control": {"_target_": "fake_workplace.control", "_partial_": True},
            "segmenter": {"_target_": "fake_workplace.segmenter"},
            "teleop": {"_target_": "fake_workplace.teleop"},
            "recorder": {"rate_hz": 60.0, "max_view_age_s": 1.0},
        }
    )


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.setattr(workbench, "_find_objects", lambda episode, scene: lambda rgbd: ())
    replayed = []
    monkeypatch.setattr(workbench, "replay_in", lambda cfg, *_: replayed.append(cfg.task) or "")

    def begin(task_in_scene):
        return Workbench(configuration(task_in_scene), PlannedKeys(), KeyMap(KEYS)), replayed

    return begin


def test_a_workplace_that_is_the_same_for_every_task_stays_connected(bench):
    """The replay check of every later task did the first one."""
    opened, replayed = bench(task_in_scene=False)
    with opened:
        first, _ = opened.open_rig(MUG, 0)
        second, settings = opened.open_rig(CAN, 1)
        assert second.scene is first.scene
        assert second.teleop is first.teleop
        second.replay(None)
    assert replayed == ["pick up the can"]
    assert settings.resolved_config["task"] == "pick up the can"
    assert settings.resolved_config["seed"] == 4


def test_a_simulated_one_is_staged_for_each(bench):
    opened, _ = bench(task_in_scene=True)
    with opened:
        first = opened.open_rig(MUG, 0)[0].scene
        second = opened.open_rig(CAN, 1)[0].scene
    assert (first.task, second.task) == ("pick up the mug", "pick up the can")
    assert first.arm.stopped == second.arm.stopped == 1


def test_a_key_for_two_things_is_refused_before_anything_connects(bench, monkeypatch):
    monkeypatch.setattr(FakeTeleop, "__init__", lambda self: setattr(self, "keys", {"b": "left"}))
    opened, _ = bench(task_in_scene=False)
    with opened, pytest.raises(ConfigurationError, match="key 'b', which the session uses"):
        opened.open_rig(MUG, 0)
