"""What the safety gate lets through, changes, and refuses."""

import pickle

import numpy as np
import pytest

from mt3.errors import ConfigurationError, DeviceError, SafetyViolation
from mt3.geometry import SE3
from mt3.interfaces import JointTrajectory
from mt3.motion.ik import follow_poses
from mt3.motion.timing import TimingLimits, time_path
from mt3.motion.tool_limits import ToolLimits
from mt3.safety import GuardedArm, Limit, SafetyLimits, required_slowing

PERIOD_S = 1.0 / 60.0
TOOL = ToolLimits(0.25, 1.0, 2.0, 8.0)
VALUES = {
    "joint_margin_rad": 0.02,
    "joint_velocity_fraction": 0.9,
    "tool": TOOL,
    "workspace_lower_W": (0.1, -0.5, -0.1),
    "workspace_upper_W": (0.8, 0.5, 0.9),
    "table_height_m": 0.0,
    "table_clearance_m": 0.005,
}


def guard(arm, **changes):
    limits = SafetyLimits(**(VALUES | changes))
    return GuardedArm(arm, arm.model, limits, SE3.identity(), arm)


def stream(guarded, arm, twist, count):
    for _ in range(count):
        guarded.command_twist(np.array(twist, dtype=float))
        arm.sleep_until(arm.t_s + PERIOD_S)


def refused(guarded, arm, twist, limit, count=300):
    stops = arm.stops
    with pytest.raises(SafetyViolation, match="stopped") as caught:
        stream(guarded, arm, twist, count)
    assert caught.value.limit == limit
    assert arm.stops > stops
    assert not arm.twist.any()


def test_slow_twist_passes_unchanged_once_the_arm_moves(kinematic_arm):
    guarded = guard(kinematic_arm)
    twist = np.array([0.02, 0.0, 0.0, 0.0, 0.0, 0.1])
    stream(guarded, kinematic_arm, twist, 10)
    np.testing.assert_array_equal(kinematic_arm.sent[-1], twist)
    assert not guarded.interventions


def test_first_twist_ramps_up_from_rest(kinematic_arm):
    guarded = guard(kinematic_arm)
    stream(guarded, kinematic_arm, [0.2, 0, 0, 0, 0, 0], 10)
    speeds = np.array([np.linalg.norm(twist[:3]) for twist in kinematic_arm.sent])
    assert speeds[0] <= TOOL.acceleration_m_s2 * PERIOD_S + 1e-9
    assert (np.diff(speeds) <= TOOL.acceleration_m_s2 * PERIOD_S + 1e-9).all()
    assert speeds[-1] == pytest.approx(0.2)
    assert guarded.interventions[Limit.TOOL_ACCELERATION] >= 5


def test_fast_twist_is_scaled_as_a_whole_and_counted(kinematic_arm):
    guarded = guard(kinematic_arm)
    asked = np.array([0.4, 0.3, 0.0, 0.0, 0.0, 0.2])
    stream(guarded, kinematic_arm, asked, 15)
    np.testing.assert_allclose(kinematic_arm.sent[-1], asked / 2.0, atol=1e-9)
    assert guarded.interventions[Limit.TOOL_SPEED] == 15


def test_joint_speed_limit_scales_the_twist(kinematic_arm):
    guarded = guard(kinematic_arm, joint_velocity_fraction=0.05)
    stream(guarded, kinematic_arm, [0.2, 0, 0, 0, 0, 0.5], 12)
    J = kinematic_arm.model.jacobian_E(kinematic_arm.joints)
    speeds = np.abs(np.linalg.pinv(J) @ kinematic_arm.sent[-1])
    assert (speeds <= 0.052 * kinematic_arm.model.velocity_limit).all()
    assert guarded.interventions[Limit.JOINT_VELOCITY] > 0


@pytest.mark.parametrize(
    ("acceleration_rad_s2", "limit"),
    [(10.5, Limit.TABLE), (1000.0, Limit.JOINT_VELOCITY)],
)
def test_it_never_brakes_harder_than_allowed_near_a_singular_posture(
    kinematic_arm, acceleration_rad_s2, limit
):
    """Joint speeds were scaled last: one tick braked one and a half times as hard as allowed."""
    guarded = guard(
        kinematic_arm,
        workspace_lower_W=(-2, -2, -1),
        workspace_upper_W=(2, 2, 2),
        slow_condition=1e6,
        stop_condition=1e7,
        joint_acceleration_rad_s2=(acceleration_rad_s2,),
        joint_jerk_rad_s3=(1e6,),
    )
    twist = [-0.148, 0.121, 0.16, 0, 0, 0]
    refused(guarded, kinematic_arm, twist, limit)
    sent = np.array(kinematic_arm.sent).reshape(-1, 2, 3)
    changes = np.linalg.norm(np.diff(sent, axis=0), axis=2)
    assert (changes <= TOOL.accelerations * PERIOD_S + 1e-9).all()


def test_a_reversal_is_spread_over_several_commands(kinematic_arm):
    guarded = guard(kinematic_arm)
    stream(guarded, kinematic_arm, [0.1, 0, 0, 0, 0, 0.5], 20)
    stream(guarded, kinematic_arm, [-0.1, 0, 0, 0, 0, -0.5], 20)
    sent = np.array(kinematic_arm.sent).reshape(-1, 2, 3)
    changes = np.linalg.norm(np.diff(sent, axis=0), axis=2)
    assert (changes <= TOOL.accelerations * PERIOD_S + 1e-9).all()
    assert sent[-1, 0, 0] == pytest.approx(-0.1)


@pytest.mark.parametrize(
    "twist", [[np.nan, 0, 0, 0, 0, 0], [0, 0, np.inf, 0, 0, 0], [0.0] * 5, "fast", None]
)
def test_senseless_twist_stops_the_arm(kinematic_arm, twist):
    guarded = guard(kinematic_arm)
    with pytest.raises(SafetyViolation) as caught:
        guarded.command_twist(twist)
    assert caught.value.limit == Limit.COMMAND
    assert kinematic_arm.stops == 1
    assert not kinematic_arm.sent


@pytest.mark.parametrize("age_s", [0.3, -0.3, np.nan])
def test_stale_state_stops_the_arm(kinematic_arm, age_s):
    """A state from the future, of another clock, was taken for a fresh one."""
    guarded = guard(kinematic_arm)
    kinematic_arm.state_age_s = age_s
    refused(guarded, kinematic_arm, [0.01, 0, 0, 0, 0, 0], Limit.STALE_STATE)


def test_missing_state_stops_the_arm(kinematic_arm, monkeypatch):
    def lost():
        raise DeviceError("connection lost")

    monkeypatch.setattr(kinematic_arm, "state", lost)
    refused(guard(kinematic_arm), kinematic_arm, [0.01, 0, 0, 0, 0, 0], Limit.STALE_STATE)


def test_table_is_never_reached_at_any_speed(kinematic_arm):
    guarded = guard(kinematic_arm)
    refused(guarded, kinematic_arm, [0, 0, 0.25, 0, 0, 0], Limit.TABLE)
    height = kinematic_arm.model.forward(kinematic_arm.joints).t[2]
    assert 0.005 < height < 0.05


def test_hand_is_never_turned_into_the_table(kinematic_arm):
    """Only the tool centre point was kept above it."""
    guarded = guard(kinematic_arm, workspace_lower_W=(-1, -1, -1), workspace_upper_W=(1, 1, 1))
    with pytest.raises(SafetyViolation, match="panda_hand") as caught:
        stream(guarded, kinematic_arm, [0, 0, 0.2, 0.6, 0, 0], 300)
    assert caught.value.limit == Limit.TABLE
    assert kinematic_arm.model.forward(kinematic_arm.joints).t[2] > 0.02


def test_workspace_ends_at_its_box(kinematic_arm):
    guarded = guard(kinematic_arm)
    refused(guarded, kinematic_arm, [0, 0.2, 0, 0, 0, 0], Limit.WORKSPACE)
    assert abs(kinematic_arm.model.forward(kinematic_arm.joints).t[1]) < 0.5


def test_joint_limit_stops_a_turning_hand(kinematic_arm):
    guarded = guard(kinematic_arm)
    refused(guarded, kinematic_arm, [0, 0, 0, 0, 0, 1.0], Limit.JOINT_POSITION)
    assert kinematic_arm.model.within_limits(kinematic_arm.joints, 0.02)


def test_robot_never_touches_itself(kinematic_arm):
    guarded = guard(kinematic_arm, workspace_lower_W=(-1, -1, -1), workspace_upper_W=(1, 1, 2))
    with pytest.raises(SafetyViolation):
        stream(guarded, kinematic_arm, [-0.25, 0, 0, 0, 0, 0], 600)
    assert not kinematic_arm.model.self_collides(kinematic_arm.joints)


def test_folding_hand_stops_before_it_touches_the_arm(kinematic_arm):
    """Any limit would do above, so this check could be removed unnoticed."""
    refused(guard(kinematic_arm), kinematic_arm, [0, 0, 0, 0, -1.0, 0], Limit.SELF_COLLISION)
    assert not kinematic_arm.model.self_collides(kinematic_arm.joints)


def test_arm_outside_its_workspace_may_come_back_in(kinematic_arm):
    guarded = guard(kinematic_arm, workspace_upper_W=(0.8, 0.5, 0.4))
    assert kinematic_arm.model.forward(kinematic_arm.joints).t[2] > 0.4
    stream(guarded, kinematic_arm, [0, 0, 0.1, 0, 0, 0], 10)
    refused(guarded, kinematic_arm, [0, 0, -0.2, 0, 0, 0], Limit.WORKSPACE)


def test_after_a_gap_the_arm_starts_from_rest(kinematic_arm):
    guarded = guard(kinematic_arm)
    stream(guarded, kinematic_arm, [0.1, 0, 0, 0, 0, 0], 10)
    kinematic_arm.t_s += 1.0
    guarded.command_twist(np.array([0.1, 0, 0, 0, 0, 0]))
    assert guarded.interventions[Limit.COMMAND_GAP] == 1
    assert kinematic_arm.stops == 1
    assert np.linalg.norm(kinematic_arm.sent[-1]) <= TOOL.acceleration_m_s2 * PERIOD_S + 1e-9


def planned(arm, shift, tool=None):
    q = arm.joints
    limits = TimingLimits(0.8, 5.0, tool or TOOL.scaled(0.8))
    return time_path(arm.model, np.stack([q, q + np.array(shift)]), limits)


def test_planned_trajectory_passes(kinematic_arm):
    trajectory = planned(kinematic_arm, [0.5, 0.2, 0, -0.2, 0, 0, 0.3])
    guard(kinematic_arm).follow(trajectory)
    assert kinematic_arm.followed == [trajectory]


def descending(arm, depth_m):
    poses = np.tile(arm.model.forward(arm.joints).matrix, (50, 1, 1))
    poses[:, 2, 3] -= np.linspace(0, depth_m, 50)
    joints = follow_poses(arm.model, arm.joints, poses)
    return time_path(arm.model, joints, TimingLimits(0.5, 2.0, TOOL.scaled(0.5)))


def resampled(arm, shift, duration_s, samples=100):
    t_s = np.linspace(0.0, duration_s, samples)
    ease = np.sin(np.linspace(0, np.pi / 2, samples)) ** 2
    return JointTrajectory(t_s, arm.joints + ease[:, None] * np.array(shift))


@pytest.mark.parametrize(
    ("make", "limit"),
    [
        (lambda arm: planned(arm, [0.5] * 7, TOOL.scaled(4.0)), Limit.TOOL_SPEED),
        (lambda arm: resampled(arm, [0, 0, 0, 0, 0, 0, 3.0], 8.0), Limit.JOINT_POSITION),
        (lambda arm: resampled(arm, [0, 0, 0, 0, 0, 0, 1.5], 0.5), Limit.JOINT_VELOCITY),
        (lambda arm: resampled(arm, [1.8, 0, 0, 0, 0, 0, 0], 9.0), Limit.WORKSPACE),
        (lambda arm: descending(arm, 0.45), Limit.TABLE),
        (lambda arm: resampled(arm, [0, 0, 0, 0, 0, -1.8, 0], 9.0), Limit.SELF_COLLISION),
        (
            lambda arm: JointTrajectory([0, 0.05], [arm.joints, arm.joints + 0.005]),
            Limit.TOOL_ACCELERATION,
        ),
        (
            lambda arm: JointTrajectory([0, 1.0], [arm.joints + 0.1, arm.joints + 0.1]),
            Limit.TRAJECTORY_START,
        ),
        (lambda arm: JointTrajectory([0, 1.0], np.zeros((2, 6))), Limit.COMMAND),
    ],
    ids=lambda value: value.value if isinstance(value, Limit) else "",
)
def test_trajectory_beyond_a_limit_is_not_sent(kinematic_arm, make, limit):
    with pytest.raises(SafetyViolation) as caught:
        guard(kinematic_arm).follow(make(kinematic_arm))
    assert caught.value.limit == limit
    assert not kinematic_arm.followed
    assert kinematic_arm.stops == 1


def test_detour_between_far_samples_is_seen(kinematic_arm):
    """Both ends of a coarse trajectory were inside, what lay between was not."""
    q = kinematic_arm.joints
    far = q + np.array([1.0, 0, 0, 0, 0, 0, 0])
    kinematic_arm.joints = q - np.array([1.0, 0, 0, 0, 0, 0, 0])
    fast = ToolLimits(50.0, 50.0, 5000.0, 5000.0)
    narrow = guard(
        kinematic_arm,
        workspace_upper_W=(0.4, 0.5, 0.9),
        tool=fast,
        reduced_speed_override=True,
    )
    with pytest.raises(SafetyViolation) as caught:
        narrow.follow(JointTrajectory([0.0, 2.0], [kinematic_arm.joints, far]))
    assert caught.value.limit == Limit.WORKSPACE


@pytest.mark.parametrize(
    "changes",
    [
        {"joint_margin_rad": -0.1},
        {"joint_velocity_fraction": 1.5},
        {"max_state_age_s": 0.0},
        {"workspace_upper_W": (0.0, 0.0, 0.0)},
        {"table_height_m": np.nan},
        {"table_clearance_m": np.inf},
    ],
)
def test_senseless_limits_are_refused(changes):
    with pytest.raises(ConfigurationError, match=r"expected"):
        SafetyLimits(**(VALUES | changes))


def test_limits_survive_pickling():
    limits = SafetyLimits(**VALUES)
    assert pickle.loads(pickle.dumps(limits)) == limits


@pytest.mark.parametrize(("duration_s", "slowing"), [(1.0, 2.0), (4.0, 1.0)])
def test_fast_reference_is_slowed_to_its_share_of_the_limits(panda, duration_s, slowing):
    t_s = np.linspace(0.0, duration_s, 61)
    poses = np.tile(panda.forward(panda.reference_joints).matrix, (61, 1, 1))
    poses[:, 1, 3] += np.linspace(-0.2, 0.2, 61)
    joints = np.tile(panda.reference_joints, (61, 1))
    limits = SafetyLimits(**VALUES)
    got = required_slowing(panda, limits, t_s, poses, joints, 0.8)
    assert got == pytest.approx(slowing)


def test_joint_speed_slows_a_reference_too(panda):
    t_s = np.linspace(0.0, 1.0, 61)
    poses = np.tile(panda.forward(panda.reference_joints).matrix, (61, 1, 1))
    joints = np.tile(panda.reference_joints, (61, 1))
    joints[:, 6] += 3.0 * t_s
    got = required_slowing(panda, SafetyLimits(**VALUES), t_s, poses, joints, 0.8)
    assert got == pytest.approx(3.0 / (0.8 * 0.9 * panda.velocity_limit[6]))


def test_a_reference_is_slowed_to_what_is_left_near_a_singular_posture(panda):
    """The gate slowed it on its own, and the arm fell behind the reference until it failed."""
    limits = SafetyLimits(**VALUES)
    t_s = np.linspace(0.0, 1.0, 61)
    joints = np.tile(panda.reference_joints, (61, 1))
    joints[:, 3] = np.linspace(-2.0, -1.1, 61)  # the elbow straightens
    poses = np.stack([panda.forward(q).matrix for q in joints])
    outwards = required_slowing(panda, limits, t_s, poses, joints, 0.8)
    inwards = required_slowing(panda, limits, t_s, poses[::-1], joints[::-1], 0.8)
    assert limits.slow_condition < panda.condition(joints[-1]) < limits.stop_condition
    assert outwards > 1.2 * inwards


def test_a_share_of_all_speeds_leaves_accelerations(panda):
    full, slow = SafetyLimits(**VALUES), SafetyLimits.at_speed(0.3, **VALUES)
    np.testing.assert_allclose(slow.tool.speeds, 0.3 * full.tool.speeds)
    np.testing.assert_array_equal(slow.tool.accelerations, full.tool.accelerations)
    assert slow.joint_velocity_fraction == pytest.approx(0.3 * full.joint_velocity_fraction)


@pytest.mark.parametrize("speed", [0.0, -1.0, 1.1, np.nan])
def test_a_senseless_share_of_speed_is_refused(speed):
    with pytest.raises(ConfigurationError, match="speed: got"):
        SafetyLimits.at_speed(speed, **VALUES)
