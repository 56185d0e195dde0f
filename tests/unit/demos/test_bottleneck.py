"""Where the interaction begins when the operator did not say it."""

import json
from dataclasses import replace

import numpy as np
import pytest

from demos.bottleneck import measure_distances, read_signs
from demos.checks import find_defects, settle_bottleneck
from demos.library import DemoLibrary
from demos.manifest import write_manifest
from demos.recovery import recover
from mt3.errors import DemoFormatError


@pytest.fixture(scope="session")
def sound(template):
    return template.read("pick_up-mug-1")[0]


def test_a_dead_key_loses_no_take(library, record_mug):
    """A recording without a mark went into quarantine."""
    recording, _ = library.read(record_mug(marks=0).demo_id)
    assert recording.events.bottleneck_source == "rule"
    assert recording.events.bottlenecks == (29,)  # the gripper closes at sample 30
    assert recording.samples.command[29] == 1.0
    assert recording.samples.command[30] == 0.0


def test_the_mark_of_the_operator_goes_before_the_rule(library, record_mug):
    demo_id = record_mug().demo_id
    recording, _ = library.read(demo_id)
    assert recording.events.bottleneck_source == "operator"
    assert recording.events.bottlenecks == (15,)
    document = json.loads((library.folder(demo_id) / "zarr.json").read_text())["attributes"]
    assert document["events"]["bottleneck_source"] == "operator"
    assert document["bottleneck_distance_m"] == 0.10


def test_recovery_finishes_a_take_without_a_mark(library, record_mug, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("demos.intake.write_manifest", _killed)
        with pytest.raises(KeyboardInterrupt):
            record_mug(marks=0)
    assert [recovery.outcome for recovery in recover(library)] == ["finished"]
    assert library.read("pick_up-mug-1")[0].events.bottleneck_source == "rule"


def test_a_record_of_before_there_was_a_rule_still_loads(recorded):
    folder = recorded.folder("pick_up-mug-1")
    path = folder / "zarr.json"
    document = json.loads(path.read_text())
    del document["attributes"]["events"]["bottleneck_source"]
    del document["attributes"]["bottleneck_distance_m"]
    path.write_text(json.dumps(document))
    write_manifest(folder)
    recording, _ = DemoLibrary.open(recorded.path).read("pick_up-mug-1")
    assert recording.events.bottleneck_source == "operator"
    assert recording.header.bottleneck_distance_m == 0.10


def _unmarked(recording, lowered_m=0.0, gripper_at=None, from_m=0.15, stray=0):
    """Straight down over the object's middle, 2 mm a sample, from a height above its surface."""
    n = len(recording.samples.t_s)
    view = recording.views[0]
    p_W = view.as_object_view().points_W().mean(axis=0)
    T_WE = np.tile(recording.header.T_WB.matrix @ recording.samples.T_BE[0], (n, 1, 1))
    T_WE[:, :2, 3] = p_W[:2]
    T_WE[:, 2, 3] = p_W[2] + from_m - lowered_m * np.arange(n)
    command = np.ones(n)
    if gripper_at is not None:
        command[gripper_at:] = 0.0
    depth_mm = np.array(view.depth_mm)
    v, u = np.nonzero(view.mask)
    depth_mm[v[:stray], u[:stray]] = 560  # floats where the tool begins
    T_BE = recording.header.T_WB.inverse().matrix @ T_WE
    return replace(
        recording,
        samples=replace(recording.samples, T_BE=T_BE, command=command, V_BE_E=None),
        events=replace(recording.events, bottlenecks=()),
        views=(replace(view, depth_mm=depth_mm),),
    )


@pytest.mark.parametrize(
    ("motion", "expected"),
    [
        ({"lowered_m": 0.002}, 25),
        ({"lowered_m": 0.002, "gripper_at": 20}, 19),
        ({"lowered_m": 0.002, "gripper_at": 45}, 25),
        ({"lowered_m": 0.002, "stray": 4}, 25),
    ],
)
def test_whatever_comes_first_decides(sound, motion, expected):
    settled = settle_bottleneck(_unmarked(sound, **motion))
    assert settled.events.bottleneck_source == "rule"
    assert settled.events.bottlenecks == (expected,)
    k = read_signs(settled).near
    distances_m = measure_distances(settled)
    assert distances_m[k] <= 0.10 < distances_m[k - 1]
    assert find_defects(settled) == []


def test_the_distance_is_a_setting(sound):
    header = replace(sound.header, bottleneck_distance_m=0.05)
    recording = replace(_unmarked(sound, 0.002), header=header)
    assert settle_bottleneck(recording).events.bottlenecks[0] > 45


@pytest.mark.parametrize(
    ("motion", "words"),
    [
        ({"from_m": 0.05, "gripper_at": 30}, "the tool starts 0.0"),
        ({"gripper_at": 1}, "the gripper moves at the very start"),
        ({}, "comes no nearer to the object than 0.15"),
    ],
)
def test_where_the_rule_cannot_decide_it_says_why_and_what_to_do(sound, motion, words):
    recording = _unmarked(sound, **motion)
    with pytest.raises(DemoFormatError, match=words):
        read_signs(recording).choose()
    assert settle_bottleneck(recording) is recording
    (defect,) = find_defects(recording)
    assert words in defect
    assert "mark the bottleneck" in defect


def test_the_rule_looks_at_no_broken_data(sound):
    recording = _unmarked(sound, 0.002)
    T_BE = np.array(recording.samples.T_BE)
    T_BE[5, 0, 3] = np.nan
    recording = replace(recording, samples=replace(recording.samples, T_BE=T_BE))
    assert settle_bottleneck(recording) is recording
    assert any("T_BE: got 1 NaN" in defect for defect in find_defects(recording))


def _killed(_):
    raise KeyboardInterrupt
