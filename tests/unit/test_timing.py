"""Timing of paths."""

import numpy as np
import pytest

from mt3.errors import ConfigurationError
from mt3.motion.timing import TimingLimits, time_path, tool_path
from mt3.motion.tool_limits import ToolLimits, ToolPeaks

TOOL = ToolLimits(0.3, 1.0, 1.0, 4.0)
LIMITS = TimingLimits(0.8, 5.0, TOOL)
FAST = TimingLimits(0.8, 5.0, ToolLimits(100.0, 100.0, 100.0, 100.0))
TURN = np.array([0.9, 0.3, 0.2, -0.3, 0.3, 0.2, 0.5])


def test_rest_to_rest_within_every_limit(panda):
    q = panda.reference_joints
    timed = time_path(panda, np.stack([q, q + 0.5 * TURN, q + TURN]), LIMITS)
    np.testing.assert_allclose(timed.joints[[0, -1]], [q, q + TURN], atol=1e-9)
    peaks = ToolPeaks.of(timed.t_s, tool_path(panda, timed.joints), rests_at_ends=True)
    assert (peaks.speeds <= 1.02 * TOOL.speeds).all()
    assert (peaks.accelerations <= 1.1 * TOOL.accelerations).all()


def test_joint_limits_rule_where_the_tool_may_be_fast(panda):
    q = panda.reference_joints
    timed = time_path(panda, np.stack([q, q + TURN]), FAST)
    speed = np.abs(np.diff(timed.joints, axis=0)) / timed.t_s[1]
    assert (speed <= 0.8 * panda.velocity_limit + 1e-6).all()
    acceleration = np.abs(np.diff(speed, axis=0)) / timed.t_s[1]
    assert acceleration.max() <= 5.0 * 1.02
    assert timed.t_s[-1] < time_path(panda, np.stack([q, q + TURN]), LIMITS).t_s[-1]


def test_path_that_goes_nowhere_is_a_short_rest(panda):
    q = panda.reference_joints
    timed = time_path(panda, np.stack([q, q]), LIMITS)
    np.testing.assert_array_equal(timed.joints, [q, q])


def test_peaks_count_a_jump_from_rest():
    t_s = np.array([0.0, 0.1, 0.2])
    T = np.tile(np.eye(4), (3, 1, 1))
    T[:, 0, 3] = [0.0, 0.01, 0.02]
    peaks = ToolPeaks.of(t_s, T, rests_at_ends=True)
    np.testing.assert_allclose(peaks.speeds, [0.1, 0.0])
    np.testing.assert_allclose(peaks.accelerations, [2.0, 0.0])
    assert peaks.slowing(ToolLimits(0.05, 1.0, 10.0, 1.0)) == pytest.approx(2.0)
    assert peaks.slowing(ToolLimits(1.0, 1.0, 0.5, 1.0)) == pytest.approx(2.0)
    assert peaks.slowing(ToolLimits(1.0, 1.0, 10.0, 1.0)) == 1.0


@pytest.mark.parametrize("values", [(0.0, 5.0), (1.2, 5.0), (0.8, -1.0), (0.8, np.nan)])
def test_senseless_limits_are_refused(values):
    with pytest.raises(ConfigurationError, match="expected"):
        TimingLimits(*values, TOOL)


def test_senseless_tool_limits_are_refused():
    with pytest.raises(ConfigurationError, match="speed_m_s"):
        ToolLimits(0.0, 1.0, 1.0, 1.0)
