"""What the gate knows beside the robot: boxes, what stands around, what pushes, faults."""

from dataclasses import replace

import numpy as np
import pytest

from mt3.errors import ConfigurationError, SafetyViolation
from mt3.geometry import SE3
from mt3.interfaces import ArmState, JointTrajectory
from mt3.motion.obstacles import Obstacles, TableGrid
from mt3.motion.tool_limits import ToolLimits
from mt3.safety import GuardedArm, Limit, SafetyLimits, Surroundings

PERIOD_S = 1.0 / 60.0
TABLE = TableGrid((0.2, 0.9), (-0.5, 0.5))
LIMITS = SafetyLimits(
    joint_margin_rad=0.02,
    joint_velocity_fraction=0.9,
    tool=ToolLimits(0.25, 1.0, 2.0, 8.0),
    workspace_lower_W=(0.1, -0.5, -0.1),
    workspace_upper_W=(0.8, 0.5, 0.9),
    table_height_m=0.0,
    table_clearance_m=0.005,
)
DOWN = [0, 0, 0.2, 0, 0, 0]


def guard(arm, **changes):
    return GuardedArm(arm, arm.model, replace(LIMITS, **changes), SE3.identity(), arm)


def stream(guarded, arm, twist, count):
    for _ in range(count):
        guarded.command_twist(np.array(twist, dtype=float))
        arm.sleep_until(arm.t_s + PERIOD_S)


def refused(guarded, arm, twist, limit, count=300):
    with pytest.raises(SafetyViolation, match="stopped") as caught:
        stream(guarded, arm, twist, count)
    assert caught.value.limit == limit
    assert not arm.twist.any()


def tool(arm):
    return arm.model.forward(arm.joints).t


def pillar(arm, height_m):
    """Heights of something below the tool."""
    x, y = TABLE.centres()
    p = tool(arm)
    under = np.outer(np.abs(x - p[0]) < 0.05, np.abs(y - p[1]) < 0.05)
    return np.where(under, height_m, 0.0)


def around(arm, height_m, target=False, held_p_E=None):
    nothing, something = np.zeros(TABLE.shape), pillar(arm, height_m)
    heights = (nothing, something) if target else (something, nothing)
    return Surroundings(Obstacles(TABLE, *heights), held_p_E)


def test_no_link_enters_a_forbidden_box(kinematic_arm):
    p = tool(kinematic_arm)
    box = (tuple(p - np.array([0.05, 0.05, 0.4])), tuple(p + np.array([0.05, 0.05, -0.2])))
    guarded = guard(kinematic_arm, forbidden_boxes_W=(box,))
    refused(guarded, kinematic_arm, DOWN, Limit.FORBIDDEN_BOX)
    assert tool(kinematic_arm)[2] > box[1][2] - 0.001


def test_a_box_that_a_trajectory_passes_through_forbids_it(kinematic_arm):
    far = kinematic_arm.joints + np.array([0.6, 0, 0, 0, 0, 0, 0])
    halfway = kinematic_arm.model.forward(kinematic_arm.joints + 0.5 * (far - kinematic_arm.joints))
    box = (tuple(halfway.t - 0.01), tuple(halfway.t + 0.01))
    trajectory = JointTrajectory(np.linspace(0, 8, 200), _eased(kinematic_arm.joints, far))
    guard(kinematic_arm).follow(trajectory)
    kinematic_arm.joints = trajectory.joints[0].copy()
    with pytest.raises(SafetyViolation) as caught:
        guard(kinematic_arm, forbidden_boxes_W=(box,)).follow(trajectory)
    assert caught.value.limit == Limit.FORBIDDEN_BOX


def _eased(here, there):
    share = np.sin(np.linspace(0, np.pi / 2, 200)) ** 2
    return here + share[:, None] * (there - here)


@pytest.mark.parametrize("target", [False, True])
def test_what_stands_on_the_table_is_not_touched(kinematic_arm, target):
    guarded = guard(kinematic_arm)
    guarded.set_surroundings(around(kinematic_arm, 0.15, target=target))
    refused(guarded, kinematic_arm, DOWN, Limit.OBSTACLE)
    assert 0.15 < tool(kinematic_arm)[2] < 0.17


def test_what_is_held_is_not_pushed_into_things(kinematic_arm):
    held = np.array([[x, y, z] for x in (-0.02, 0.02) for y in (-0.02, 0.02) for z in (0.0, 0.1)])
    guarded = guard(kinematic_arm)
    guarded.set_surroundings(around(kinematic_arm, 0.15, held_p_E=held))
    refused(guarded, kinematic_arm, DOWN, Limit.OBSTACLE)
    assert tool(kinematic_arm)[2] > 0.25


def test_during_an_interaction_the_target_may_be_touched_and_nothing_else(kinematic_arm):
    guarded = guard(kinematic_arm)
    guarded.set_surroundings(around(kinematic_arm, 0.15, target=True).in_contact(0.1))
    refused(guarded, kinematic_arm, DOWN, Limit.TABLE)
    assert 0.1 < tool(kinematic_arm)[2] < 0.12
    kinematic_arm.joints = np.array(kinematic_arm.model.reference_joints)
    kinematic_arm.t_s += 1.0
    guarded.set_surroundings(around(kinematic_arm, 0.15).in_contact(0.1))
    refused(guarded, kinematic_arm, DOWN, Limit.OBSTACLE)


def test_an_arm_that_touches_something_may_only_be_raised(kinematic_arm):
    """A twist that rose by 0.1 mm and went 20 mm sideways was let through."""
    guarded = guard(kinematic_arm)
    height_m = float(tool(kinematic_arm)[2]) + 0.01
    guarded.set_surroundings(around(kinematic_arm, height_m))
    stream(guarded, kinematic_arm, [0, 0, -0.05, 0, 0, 0], 5)
    refused(guarded, kinematic_arm, [0, 0.1, -0.01, 0, 0, 0], Limit.OBSTACLE)


def test_forgotten_surroundings_forbid_nothing(kinematic_arm):
    guarded = guard(kinematic_arm)
    guarded.set_surroundings(around(kinematic_arm, 0.3))
    guarded.set_surroundings(None)
    stream(guarded, kinematic_arm, DOWN, 100)
    assert tool(kinematic_arm)[2] < 0.3


def test_it_slows_towards_a_singular_posture_and_leaves_it_freely(kinematic_arm):
    guarded = guard(kinematic_arm, slow_condition=9.0, stop_condition=11.0)
    outwards = [0.2, 0, 0, 0, 0, 0]
    refused(guarded, kinematic_arm, outwards, Limit.SINGULARITY, 600)
    assert np.linalg.cond(kinematic_arm.model.jacobian_E(kinematic_arm.joints)) < 11.0
    stream(guarded, kinematic_arm, [-0.2, 0, 0, 0, 0, 0], 30)
    assert kinematic_arm.twist[0] == pytest.approx(-0.2)


def test_it_comes_to_rest_before_a_wall_and_leaves_it_again(kinematic_arm):
    """Instead of an error at the wall: an operator's hand is not exact."""
    guarded = guard(kinematic_arm, max_hold_s=10.0)
    stream(guarded, kinematic_arm, [0, 0.2, 0, 0, 0, 0], 300)
    assert abs(tool(kinematic_arm)[1]) == pytest.approx(0.5, abs=0.01)
    assert not kinematic_arm.twist.any()
    assert not kinematic_arm.stops
    stream(guarded, kinematic_arm, [0, -0.2, 0, 0, 0, 0], 30)
    assert abs(tool(kinematic_arm)[1]) < 0.46


def state_of(arm, **changes):
    true = ArmState(arm.t_s, arm.joints, SE3.identity(), np.zeros(6))
    return replace(true, **changes)


@pytest.mark.parametrize(
    ("fault", "limit"),
    [
        (lambda arm: {"joints": arm.joints + 0.3}, Limit.STATE_JUMP),
        (lambda arm: {"joints": arm.joints[:6]}, Limit.STATE_JUMP),
        (lambda arm: {"t_s": arm.t_s - 0.05}, Limit.STALE_STATE),
        (lambda arm: {"wrench_E": np.array([0, 0, -50.0, 0, 0, 0])}, Limit.EXTERNAL_FORCE),
    ],
)
def test_a_state_that_cannot_be_or_a_hard_contact_stops_the_arm(
    kinematic_arm, monkeypatch, fault, limit
):
    guarded = guard(kinematic_arm)
    stream(guarded, kinematic_arm, DOWN, 3)
    faulty = state_of(kinematic_arm, **fault(kinematic_arm))
    monkeypatch.setattr(kinematic_arm, "state", lambda: faulty)
    refused(guarded, kinematic_arm, DOWN, limit)


def test_after_a_stop_no_older_state_counts(kinematic_arm, monkeypatch):
    """It did: the clock had crept while the arm moved, and a link went into the arm itself."""
    guarded = guard(kinematic_arm)
    stream(guarded, kinematic_arm, DOWN, 3)
    guarded.stop()
    older = state_of(kinematic_arm, t_s=kinematic_arm.t_s - 0.05)
    monkeypatch.setattr(kinematic_arm, "state", lambda: older)
    refused(guarded, kinematic_arm, DOWN, Limit.STALE_STATE, count=1)


@pytest.mark.parametrize("stopped", [False, True])
def test_two_states_of_one_moment_stop_the_arm(kinematic_arm, monkeypatch, stopped):
    """A clock that stands still: the arm had moved, and a link went into what stood there."""
    guarded = guard(kinematic_arm)
    stream(guarded, kinematic_arm, DOWN, 3)
    before = kinematic_arm.state()
    guarded.command_twist(np.array(DOWN, dtype=float))
    if stopped:
        guarded.stop()
    kinematic_arm.t_s += PERIOD_S
    moved = replace(before, joints=before.joints + 1e-3)
    monkeypatch.setattr(kinematic_arm, "state", lambda: moved)
    refused(guarded, kinematic_arm, DOWN, Limit.STALE_STATE, count=1)


def test_no_second_twist_passes_while_clock_and_state_stand_still(kinematic_arm):
    """Twist after twist did: neither saw that the arm moved, and no state became old."""
    guarded = guard(kinematic_arm)
    guarded.command_twist(np.array(DOWN, dtype=float))
    refused(guarded, kinematic_arm, DOWN, Limit.COMMAND, count=1)
    assert len(kinematic_arm.sent) == 1


def test_a_light_contact_is_no_fault(kinematic_arm, monkeypatch):
    light = np.array([0, 0, -5.0, 0, 0, 0])
    monkeypatch.setattr(kinematic_arm, "state", lambda: state_of(kinematic_arm, wrench_E=light))
    stream(guard(kinematic_arm), kinematic_arm, DOWN, 10)
    assert not kinematic_arm.stops


def test_any_error_of_the_gate_stops_the_arm(kinematic_arm, monkeypatch):
    """A division by zero left it moving."""
    guarded = guard(kinematic_arm)
    stream(guarded, kinematic_arm, DOWN, 3)
    monkeypatch.setattr(kinematic_arm.model, "jacobian_E", None)
    with pytest.raises(TypeError):
        guarded.command_twist(np.array(DOWN, dtype=float))
    assert not kinematic_arm.twist.any()


def test_a_trajectory_begins_from_rest(kinematic_arm):
    guarded = guard(kinematic_arm)
    stream(guarded, kinematic_arm, DOWN, 5)
    guarded.follow(JointTrajectory([0.0, 1.0], np.tile(kinematic_arm.joints, (2, 1))))
    assert kinematic_arm.stops == 1


def test_tool_speed_over_reduced_speed_needs_a_flag():
    fast = ToolLimits(0.3, 1.0, 2.0, 8.0)
    with pytest.raises(ConfigurationError, match="reduced_speed_override"):
        replace(LIMITS, tool=fast)
    assert replace(LIMITS, tool=fast, reduced_speed_override=True).tool.speed_m_s == 0.3


def test_a_share_of_the_speed_scales_every_speed_and_no_acceleration(kinematic_arm):
    slowed = LIMITS.slowed(0.3)
    assert slowed.tool == ToolLimits(0.075, 0.3, 2.0, 8.0)
    assert slowed.joint_velocity_fraction == pytest.approx(0.27)
    guarded = GuardedArm(kinematic_arm, kinematic_arm.model, slowed, SE3.identity(), kinematic_arm)
    stream(guarded, kinematic_arm, DOWN, 30)
    assert kinematic_arm.twist[2] == pytest.approx(0.075)


@pytest.mark.parametrize("share", [0.0, -1.0, 1.1, np.nan, "fast", True])
def test_a_senseless_share_of_the_speed_is_refused(share):
    with pytest.raises(ConfigurationError, match=r"expected a number in \(0, 1\]"):
        LIMITS.slowed(share)


@pytest.mark.parametrize(
    "changes",
    [
        {"forbidden_boxes_W": (((0, 0, 0), (1, 1, -1)),)},
        {"joint_jerk_rad_s3": (0.0,)},
        {"slow_condition": 40.0},
    ],
)
def test_further_senseless_limits_are_refused(changes):
    with pytest.raises((ConfigurationError, ValueError), match="expected"):
        replace(LIMITS, **changes)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("workspace", {"workspace_upper_W": (800.0, 500.0, 900.0)}),
        ("workspace", {"workspace_lower_W": (-5.1, -0.5, 0.0)}),
        ("forbidden_boxes_W", {"forbidden_boxes_W": (((0, 0, 0), (300, 300, 300)),)}),
    ],
)
def test_boxes_in_millimetres_are_refused(name, changes):
    """A workspace of 800 m kept nothing."""
    with pytest.raises(ConfigurationError, match=rf"{name}: got .*expected metres.*divide"):
        replace(LIMITS, **changes)


def test_limits_for_another_number_of_joints_are_refused(kinematic_arm):
    with pytest.raises(ConfigurationError, match="7 joints"):
        guard(kinematic_arm, joint_acceleration_rad_s2=(5.0,) * 6)
