"""The tool centre point by touching one point from several sides."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.calibration.tool_point import estimate_tool_point
from mt3.errors import CalibrationError
from mt3.geometry import SE3, exp_se3

P_FLANGE = np.array([0.004, -0.003, 0.172])
P_B = np.array([0.45, 0.1, 0.02])


def touches(count, rng, noise_m=0.0, tilt=0.5, p_flange=P_FLANGE, p_B=P_B):
    poses = []
    for _ in range(count):
        R = exp_se3(np.concatenate([np.zeros(3), rng.uniform(-tilt, tilt, 3)]))[:3, :3]
        R = R @ np.diag([1.0, -1.0, -1.0])
        t = p_B + rng.normal(0.0, noise_m, 3) - R @ p_flange
        poses.append(SE3.from_rotation_translation(R, t))
    return poses


def test_it_is_found_in_spite_of_noise_and_one_slip():
    poses = touches(10, np.random.default_rng(0), noise_m=2e-4)
    poses[3] = SE3.from_translation((0.0, 0.006, 0.0)) @ poses[3]
    result = estimate_tool_point(poses)
    assert result.rejected == (3,)
    assert np.linalg.norm(result.require() - P_FLANGE) < 5e-4
    assert result.error_m < 1e-3


@settings(max_examples=25)
@given(
    st.lists(st.floats(-0.2, 0.2), min_size=3, max_size=3),
    st.lists(st.floats(-0.6, 0.6), min_size=3, max_size=3),
    st.integers(0, 1000),
)
def test_any_tool_and_any_point(p_flange, p_B, seed):
    poses = touches(8, np.random.default_rng(seed), p_flange=np.array(p_flange), p_B=np.array(p_B))
    result = estimate_tool_point(poses)
    np.testing.assert_allclose(result.p_flange, p_flange, atol=1e-8)
    np.testing.assert_allclose(result.p_B, p_B, atol=1e-8)


def test_too_little_rotation_is_refused_and_the_axis_named():
    rng = np.random.default_rng(1)
    poses = [
        SE3.from_yaw(yaw, P_B) @ SE3.from_translation(-P_FLANGE) for yaw in rng.uniform(-1, 1, 8)
    ]
    with pytest.raises(CalibrationError, match=r"too little rotation.*flange's z axis"):
        estimate_tool_point(poses).require()


def test_too_few_and_too_rough_touches_are_refused():
    rng = np.random.default_rng(2)
    with pytest.raises(CalibrationError, match="got 3 touches"):
        estimate_tool_point(touches(3, rng))
    with pytest.raises(CalibrationError, match=r"leave-one-out error|contradict"):
        estimate_tool_point(touches(8, rng, noise_m=4e-3)).require()
