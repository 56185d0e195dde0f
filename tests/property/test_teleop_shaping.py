"""What a hand asks for, shaped: bounded, continuous, exactly zero at rest, the right way round."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.teleop.axis_mapping import TWIST_AXES, AxisMapping
from hardware.teleop.axis_response import AxisResponse
from hardware.teleop.button_actions import ButtonActions
from hardware.teleop.low_pass import LowPass
from hardware.teleop.operator_speed import OperatorSpeed
from hardware.teleop.scripted import ScriptStep, build_scripted
from hardware.teleop.stick_axes import StickAxes
from mt3.errors import ConfigurationError
from mt3.geometry import SE3

unit = st.floats(-1.0, 1.0)
raw = st.floats(-3.0, 3.0)
deflections = st.lists(unit, min_size=6, max_size=6).map(np.array)
responses = st.builds(AxisResponse, st.floats(0.0, 0.9), st.floats(1.0, 4.0))
turns = st.lists(st.floats(-3.0, 3.0), min_size=3, max_size=3)


@given(responses, raw)
def test_a_response_is_bounded_odd_and_zero_in_the_middle(response, value):
    out = response.apply(value)
    assert abs(out) <= 1.0
    assert out == -response.apply(-value)
    assert out * value >= 0.0
    if abs(value) <= response.dead_zone:
        assert out == 0.0


@given(responses, raw, st.floats(0.0, 1e-4))
def test_a_response_has_no_steps_and_never_falls(response, value, step):
    before, after = response.apply(value), response.apply(value + step)
    steepest = response.exponent / (1.0 - response.dead_zone)
    assert -1e-12 <= after - before <= steepest * step + 1e-12


@given(responses)
def test_full_is_full(response):
    assert response.apply(1.0) == 1.0


@given(
    st.lists(st.tuples(deflections, st.floats(1e-4, 0.2)), min_size=1, max_size=30),
    st.floats(0.0, 0.3),
)
def test_a_filter_stays_within_what_was_asked_and_ends_at_exactly_zero(asked, constant_s):
    low_pass, t_s = LowPass(constant_s), 0.0
    lowest, highest = np.zeros(6), np.zeros(6)
    for wanted, dt_s in asked:
        t_s += dt_s
        lowest, highest = np.minimum(lowest, wanted), np.maximum(highest, wanted)
        out = low_pass.apply(wanted, t_s)
        assert (out >= lowest - 1e-12).all()
        assert (out <= highest + 1e-12).all()
    end_s = t_s + 4.7 * constant_s + 0.01
    while t_s < end_s:
        t_s += 0.01
        out = low_pass.apply(np.zeros(6), t_s)
    assert not out.any()


@given(deflections, st.floats(0.02, 0.2), st.integers(1, 8))
def test_a_filter_goes_by_time_and_not_by_the_rate_of_reading(wanted, constant_s, times):
    once, often = LowPass(constant_s), LowPass(constant_s)
    for low_pass, count in ((once, 1), (often, times)):
        low_pass.apply(np.zeros(6), 0.0)
        for k in range(count):
            out = low_pass.apply(wanted, 0.1 * (k + 1) / count)
        np.testing.assert_allclose(out, wanted * -np.expm1(-0.1 / constant_s), atol=1e-9)


@pytest.mark.parametrize("t_s", [0.0, 5.0], ids=["time went back", "a gap"])
def test_a_filter_starts_from_zero_after_a_gap(t_s):
    low_pass = LowPass(0.05)
    for k in range(20):
        low_pass.apply(np.ones(6), 1.0 + 0.02 * k)
    assert not low_pass.apply(np.ones(6), t_s).any()
    assert low_pass.apply(np.ones(6), t_s + 0.02).any()


@given(deflections, st.integers(0, 2))
def test_speed_is_bounded_as_a_whole_and_keeps_its_direction(deflection, step):
    speed = OperatorSpeed(0.15, 0.7, [0.2, 0.5, 1.0], 1)
    twist = speed.twist(deflection, step)
    assert np.linalg.norm(twist[:3]) <= 0.15 * speed.shares[step] + 1e-12
    assert np.linalg.norm(twist[3:]) <= 0.7 * speed.shares[step] + 1e-12
    assert (twist * deflection >= 0.0).all()
    np.testing.assert_allclose(np.cross(twist[:3], deflection[:3]), 0.0, atol=1e-12)


@given(deflections, turns, st.floats(-4.0, 4.0))
def test_in_the_base_frame_the_pose_of_the_tool_does_not_matter(deflection, turn, yaw_rad):
    mapping = AxisMapping({"x": "+x"}, "base", yaw_rad)
    T_BE = SE3.from_twist([0.1, 0.2, 0.3, *turn])
    V_E = mapping.twist_E(deflection, T_BE)
    R_BO = SE3.from_yaw(yaw_rad).R
    np.testing.assert_allclose(T_BE.R @ V_E[:3], R_BO @ deflection[:3], atol=1e-9)
    np.testing.assert_allclose(T_BE.R @ V_E[3:], R_BO @ deflection[3:], atol=1e-9)


@given(st.permutations(TWIST_AXES), st.lists(st.sampled_from("+-"), min_size=6, max_size=6), unit)
def test_each_axis_goes_where_the_mapping_says(axes, signs, value):
    names = [f"axis{k}" for k in range(6)]
    mapping = AxisMapping({n: s + a for n, s, a in zip(names, signs, axes, strict=True)})
    for name, sign, axis in zip(names, signs, axes, strict=True):
        out = mapping.deflection_O({n: value if n == name else 0.0 for n in names})
        expected = np.zeros(6)
        expected[TWIST_AXES.index(axis)] = value if sign == "+" else -value
        np.testing.assert_array_equal(out, expected)


@given(st.lists(raw, min_size=2, max_size=2))
def test_axes_that_share_one_stay_bounded(values):
    mapping = AxisMapping({"a": "+z", "b": "-z"})
    assert np.abs(mapping.deflection_O(dict(zip("ab", values, strict=True)))).max() <= 1.0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "fast", None, -1.0, True])
@pytest.mark.parametrize(
    "make",
    [
        lambda v: AxisResponse(v, 2.0),
        lambda v: AxisResponse(0.1, v),
        lambda v: OperatorSpeed(v, 1.0, [1.0], 0),
        lambda v: OperatorSpeed(1.0, v, [1.0], 0),
        lambda v: OperatorSpeed(1.0, 1.0, [v], 0),
        lambda v: OperatorSpeed(1.0, 1.0, [1.0], v),
        LowPass,
        lambda v: StickAxes(AxisMapping({"x": "+x"}), AxisResponse(0.1, 1.0), v),
        lambda v: AxisMapping({"x": "+x"}, v),
        lambda v: AxisMapping({"x": v}),
        lambda v: ScriptStep(v, opening=2.0),
        lambda v: ButtonActions({"a": v}, None, None),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, value):
    with pytest.raises(ConfigurationError, match="expected"):
        make(value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: AxisMapping({}),
        lambda: AxisMapping({"x": "x"}),
        lambda: AxisMapping({"x": "+w"}),
        lambda: AxisMapping({"x": ""}),
        lambda: AxisMapping({"x": "+x"}, "world"),
        lambda: AxisMapping({"x": "+x"}, "base", float("nan")),
        lambda: OperatorSpeed(1.0, 1.0, [], 0),
        lambda: OperatorSpeed(1.0, 1.0, [0.5, 0.2], 0),
        lambda: OperatorSpeed(1.0, 1.0, [0.5, 1.2], 0),
        lambda: OperatorSpeed(1.0, 1.0, [0.5], 1),
        lambda: ScriptStep(0.0, [0.0] * 5),
        lambda: ScriptStep(0.0, "up"),
        lambda: ScriptStep(0.0, [float("nan")] * 6),
        lambda: ScriptStep(0.0, opening=1.5),
        lambda: ScriptStep(0.0, opening="wide"),
        lambda: build_scripted(None, None),
        lambda: build_scripted(None, None, steps=[{"t_s": 0}], path="x"),
        lambda: build_scripted(None, None, path="/no/such/file.json"),
        lambda: build_scripted(None, None, steps=[{"twist": [0] * 6}]),
        lambda: build_scripted(None, None, steps=[{"t_s": 0, "speed": 1}]),
        lambda: build_scripted(None, None, steps=[{"t_s": 0, "buttons": "mark"}]),
    ],
)
def test_other_settings_that_make_no_sense_are_refused(make):
    with pytest.raises(ConfigurationError):
        make()


@pytest.mark.parametrize(
    "steps",
    [[], [{"t_s": 1}, {"t_s": 1}], [{"t_s": -1}], [{"t_s": 0, "twist": [1, 0, 0, 0, 0, 0]}]],
)
def test_scripts_without_order_or_end_are_refused(steps):
    class Scene:
        clock = None

    with pytest.raises(ConfigurationError, match="script"):
        build_scripted(Scene(), None, steps=steps)
