"""Every rule of the record, each broken on purpose in an otherwise sound recording."""

from dataclasses import replace

import numpy as np
import pytest

from demos.checks import check_twists, find_defects
from mt3.geometry import exp_se3


@pytest.fixture(scope="session")
def sound(template):
    return template.read("pick_up-mug-1")[0]


def test_a_sound_recording_has_no_defects(sound):
    assert find_defects(sound) == []
    assert check_twists(sound).as_json()["status"] == "passed"


def _with_samples(recording, **changes):
    return replace(recording, samples=replace(recording.samples, **changes))


def _edited(recording, name, index, value):
    array = np.array(getattr(recording.samples, name))
    array[index] = value
    return _with_samples(recording, **{name: array})


def _with_view(recording, **changes):
    return replace(recording, views=(replace(recording.views[0], **changes),))


def _scaled_pose(recording):
    T_BE = np.array(recording.samples.T_BE)
    T_BE[12, :3, :3] *= 1.01
    return _with_samples(recording, T_BE=T_BE)


def _jumping_time(recording):
    t_s = np.array(recording.samples.t_s)
    t_s[30:] += 0.1
    return _with_samples(recording, t_s=t_s)


def _mask(recording, rows, columns):
    mask = np.zeros_like(recording.views[0].mask)
    mask[rows, columns] = True
    return _with_view(recording, mask=mask)


def _events(recording, **changes):
    return replace(recording, events=replace(recording.events, **changes))


def _depth(recording, factor):
    depth_mm = (recording.views[0].depth_mm * factor).astype(np.uint16)
    return _with_view(recording, depth_mm=depth_mm)


def _slow(recording):
    limits = replace(recording.header.speed_limits, angular_radps=0.2)
    return replace(recording, header=replace(recording.header, speed_limits=limits))


DEFECTS = {
    "time stands still": (lambda r: _edited(r, "t_s", 20, r.samples.t_s[19]), "t_s: sample 20"),
    "a gap in time": (_jumping_time, "t_s: sample 30 is 0.117 s after"),
    "time not from 0": (lambda r: _with_samples(r, t_s=r.samples.t_s + 1.0), "expected 0"),
    "a scaled pose": (_scaled_pose, "sample 12 is not a rigid pose"),
    "NaN in joints": (lambda r: _edited(r, "joints", 3, np.nan), "joints: got 7 NaN"),
    "NaN in a pose": (lambda r: _edited(r, "T_BE", (3, 0, 3), np.nan), "T_BE: got 1 NaN"),
    "gripper in metres": (lambda r: _edited(r, "opening", 3, 80.0), "opening: got"),
    "no bottleneck": (lambda r: _events(r, bottlenecks=()), "bottleneck: got 0 marks"),
    "two bottlenecks": (lambda r: _events(r, bottlenecks=(3, 9)), "bottleneck: got 2 marks"),
    "a late bottleneck": (lambda r: _events(r, bottlenecks=(50,)), "got 9 samples after"),
    "no end": (lambda r: _events(r, end=None), "end: never marked"),
    "an end beyond": (lambda r: _events(r, end=60), "end: got sample 60"),
    "a failure": (lambda r: _events(r, success=False), "judged the demonstration a failure"),
    "an empty mask": (lambda r: _mask(r, [], []), "mask: empty"),
    "a tiny mask": (lambda r: _mask(r, slice(0, 7), slice(0, 7)), "mask: got 49 pixels"),
    "a mask of all": (lambda r: _mask(r, slice(None), slice(None)), "mask: covers 100%"),
    "depth in metres": (lambda r: _depth(r, 0.001), "mask: got 0 pixels with depth"),
    "depth in centimetres": (lambda r: _depth(r, 0.05), "depth: got a median of 40 mm"),
    "depth in 1/40 mm": (lambda r: _depth(r, 40), "depth: got a median of 32000 mm"),
    "no view": (lambda r: replace(r, views=()), "views: got none"),
    "too fast a turn": (_slow, "angular speed: got 0.300 rad/s"),
    "lengths differ": (
        lambda r: _with_samples(r, command=r.samples.command[:-1]),
        "command: got 59 samples",
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_named(sound, name):
    plant, reason = DEFECTS[name]
    assert any(reason in defect for defect in find_defects(plant(sound)))


def _scaled_time(recording):
    """Recorded at 50 Hz, its times written as if at 60."""
    return _with_samples(recording, t_s=recording.samples.t_s * 50.0 / 60.0)


def _world_frame(recording):
    V = np.array(recording.samples.V_BE_E)
    R_BE = recording.samples.T_BE[:, :3, :3]
    for part in (slice(0, 3), slice(3, 6)):
        V[:, part] = np.einsum("kij,kj->ki", R_BE, V[:, part])
    return _with_samples(recording, V_BE_E=V)


def _not_divided_by_dt(recording):
    return _with_samples(recording, V_BE_E=recording.samples.V_BE_E / 60.0)


def _zeroed_rotation(recording):
    return _edited(recording, "V_BE_E", (slice(None), slice(3, 6)), 0.0)


@pytest.mark.parametrize(
    "plant", [_scaled_time, _world_frame, _not_divided_by_dt, _zeroed_rotation]
)
def test_twists_that_contradict_the_poses_are_refused(sound, plant):
    assert any("V_BE_E" in defect for defect in find_defects(plant(sound)))


def test_noise_and_a_few_jerks_do_not_refuse_good_twists(sound):
    rng = np.random.default_rng(0)
    V = np.array(sound.samples.V_BE_E)
    V += rng.normal(0.0, [0.002] * 3 + [0.01] * 3, V.shape)
    V[20:23] += 0.3
    noise = exp_se3(rng.normal(0.0, 2e-6, V.shape))
    noisy = _with_samples(sound, V_BE_E=V, T_BE=sound.samples.T_BE @ noise)
    assert check_twists(noisy).defects() == []


def test_without_reported_twists_the_check_says_so(sound):
    blind = _with_samples(sound, V_BE_E=None)
    assert find_defects(blind) == []
    assert check_twists(blind).as_json() == {"status": "not possible"}


def test_a_mirrored_pose_is_a_defect_and_not_a_crash(sound):
    """The speeds were computed from it, and scipy raised."""
    defects = find_defects(_edited(sound, "T_BE", (12, 0, 0), -sound.samples.T_BE[12, 0, 0]))
    assert any("sample 12 is not a rigid pose" in defect for defect in defects)
