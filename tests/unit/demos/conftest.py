"""A library on disk, and a workplace without physics to record in."""

import shutil
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "fakes"))

from kinematic_scene import (
    RATE_HZ,
    FixedJudge,
    KinematicScene,
    RedSegmenter,
    ScriptedOperator,
)

from demos.library import DemoLibrary
from demos.recorder import RecorderSettings, record
from demos.recording import SpeedLimits
from mt3.task import TaskDescription

SETTINGS = RecorderSettings(
    rate_hz=RATE_HZ,
    speed_limits=SpeedLimits(0.5, 2.0),
    max_view_age_s=1.0,
    software={"version": "0.1.0", "git_revision": "abc"},
    resolved_config={"seed": 1},
)
MUG = TaskDescription("pick_up", "mug", None, "pick up the mug")


@pytest.fixture
def scene():
    return KinematicScene()


@pytest.fixture
def library(tmp_path):
    return DemoLibrary.create(tmp_path / "library", "kinematic", "sim")


@pytest.fixture(scope="session")
def settings():
    return SETTINGS


@pytest.fixture(scope="session")
def streamed():
    """With a stream of the camera whose every frame is another."""
    return replace(SETTINGS, camera_hz=30.0, camera="top")


@pytest.fixture
def record_mug(library):
    """Records one demonstration; keyword arguments reach the operator."""
    return partial(_record, library)


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A library with two demonstrations, recorded once; only to be copied."""
    library = DemoLibrary.create(
        tmp_path_factory.mktemp("template") / "library", "kinematic", "sim"
    )
    for _ in range(2):
        _record(library)
    return library


@pytest.fixture
def recorded(template, tmp_path):
    """A library of its own that holds pick_up-mug-1 and pick_up-mug-2."""
    shutil.copytree(template.path, tmp_path / "recorded")
    return DemoLibrary.open(tmp_path / "recorded")


def _record(library, task=MUG, judge=None, **operator):
    scene = KinematicScene()
    with scene:
        return record(
            scene,
            scene.arm,
            ScriptedOperator(scene, scene.arm, **operator),
            library,
            task,
            RedSegmenter(),
            judge or FixedJudge(),
            SETTINGS,
        )
