"""Reported twists that contradict the poses: caught when saved, and the mistake is named."""

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kinematic_scene import FixedJudge, KinematicScene, RedSegmenter
from lying_arm import LIES, LyingArm, WanderingOperator
from scipy.interpolate import CubicSpline

from demos.checks import check_twists
from demos.recorder import record
from demos.twist_check import Motion
from demos.twist_culprit import name_culprit
from demos.twist_proof import prove_twists
from mt3.errors import DemoFormatError
from mt3.geometry import exp_se3
from mt3.task import TaskDescription

MUG = TaskDescription("pick_up", "mug", None, "pick up the mug")


def _record(library, settings, lie=None, **motion):
    scene = KinematicScene()
    arm = scene.arm if lie is None else LyingArm(scene.arm, lie.change)
    operator = WanderingOperator(scene, **motion)
    judge = FixedJudge()
    return record(scene, arm, operator, library, MUG, RedSegmenter(), judge, settings)


def test_a_true_recording_is_saved_with_its_figures(library, settings):
    recording, _ = library.read(_record(library, settings).demo_id)
    check = check_twists(recording).as_json()
    assert check["status"] == "passed"
    assert check["linear"]["scale"] == pytest.approx(1.0, abs=0.03)
    assert check["approach"]["angular"]["angle_rad"] < 0.03
    assert check["offset_E_m"] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("name", LIES)
def test_each_wrong_recorder_is_refused_and_its_mistake_named(library, settings, name):
    with pytest.raises(DemoFormatError, match="do not fit poses and times"):
        _record(library, settings, LIES[name])
    assert library.summaries() == []
    (kept,) = library.quarantined()
    assert LIES[name].reason in kept.reason


def test_a_slow_turn_reported_as_zero_is_caught(library, settings):
    """Turning at 0.06 rad/s was below the least speed looked at, 0.1 rad/s."""
    with pytest.raises(DemoFormatError, match="angular part is zero"):
        _record(library, settings, LIES["rotation reported as zero"], samples=400, turn_radps=0.08)


def test_a_mistake_that_only_the_approach_shows_is_caught():
    motion = _smooth_motion(np.random.default_rng(3), 240, 60.0)
    V = np.array(motion.V_BE_E)
    V[:120, 3:] = 0.0
    motion = motion._replace(V_BE_E=V)
    (defect,) = prove_twists(motion.cut(120, 240), motion.cut(0, 121)).defects()
    assert "over the approach" in defect
    assert "angular part is zero" in defect


def test_a_clock_of_its_own_is_named():
    motion = _smooth_motion(np.random.default_rng(5), 300, 60.0)
    V = np.roll(motion.V_BE_E, 12, axis=0)  # 0.2 s
    assert "0.20 s late" in name_culprit([motion._replace(V_BE_E=V)])


def test_nothing_known_is_said_to_be_unknown():
    rng = np.random.default_rng(4)
    motion = _smooth_motion(rng, 200, 60.0)
    other = _smooth_motion(rng, 200, 60.0)
    assert name_culprit([motion._replace(V_BE_E=other.V_BE_E)]) == (
        "no single known cause explains it"
    )


def test_hardly_any_motion_proves_nothing_and_refuses_nothing():
    still = Motion(np.arange(60) / 60.0, np.tile(np.eye(4), (60, 1, 1)), np.zeros((60, 6)))
    check = prove_twists(still, still)
    assert check.defects() == []
    assert check.as_json() == {"status": "not possible"}


@hypothesis.settings(max_examples=30)
@given(
    seed=st.integers(0, 10_000),
    rate_hz=st.sampled_from([15.0, 30.0, 60.0, 250.0, 1000.0]),
    speed=st.floats(0.2, 1.5),
    latency_s=st.floats(0.0, 0.010),
)
def test_smooth_motions_with_noise_and_latency_are_not_refused(seed, rate_hz, speed, latency_s):
    rng = np.random.default_rng(seed)
    motion = _smooth_motion(rng, int(3.0 * rate_hz), rate_hz, speed, latency_s)
    noise = rng.normal(0.0, np.repeat([1e-4, 3e-4], 3), motion.V_BE_E.shape)
    V = motion.V_BE_E + rng.normal(0.0, np.repeat([0.002, 0.01], 3), noise.shape)
    noisy = Motion(motion.t_s, motion.T_BE @ exp_se3(noise), V)
    third = len(V) // 3
    assert prove_twists(noisy.cut(third, len(V)), noisy.cut(0, third)).defects() == []


def _smooth_motion(rng, samples, rate_hz, speed=1.0, latency_s=0.0):
    """Twists along a spline through random ones, 2 a second, and the poses they lead to."""
    t_s = np.arange(samples) / rate_hz
    knots_s = np.arange(-0.5, t_s[-1] + 1.0, 0.5)
    sizes = speed * np.repeat([0.08, 0.4], 3)
    spline = CubicSpline(knots_s, rng.normal(0.0, 1.0, (len(knots_s), 6)) * sizes)
    fine = max(1, round(1000.0 / rate_hz))
    dt_s = 1.0 / rate_hz / fine
    T_BE, T = [np.eye(4)], np.eye(4)
    for step in exp_se3(spline((np.arange((samples - 1) * fine) + 0.5) * dt_s) * dt_s):
        T = T @ step
        T_BE.append(T)
    return Motion(t_s, np.array(T_BE[::fine]), spline(t_s - latency_s))
