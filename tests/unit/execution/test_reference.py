"""A demonstration moved to where the object stands: what stays, and what turns with it."""

import dataclasses
import pickle

import numpy as np
import pytest
from fake_rig import BOTTLENECK, GRASP, demonstrate

from mt3.demonstration import Demonstration
from mt3.errors import GeometryError
from mt3.execution.reference import LIMIT_SHARE, Reference, transfer, transfers
from mt3.geometry import SE3, exp_se3
from mt3.motion.tool_limits import ToolLimits, ToolPeaks
from mt3.safety import SafetyLimits

D_W = SE3.from_yaw(2.2, (0.1, -0.3, 0.02))


def limits(speed=0.25, angular=1.2, acceleration=2.0):
    return SafetyLimits(
        joint_margin_rad=0.02,
        joint_velocity_fraction=0.9,
        tool=ToolLimits(speed, angular, acceleration, 6.0),
        workspace_lower_W=(-1.0, -1.0, -1.0),
        workspace_upper_W=(1.0, 1.0, 1.0),
        table_height_m=-1.0,
        table_clearance_m=0.0,
    )


def integrated(reference):
    """Poses reached from the first along the twists alone."""
    T = [reference.T_WE[0]]
    for V, dt_s in zip(reference.V_WE_E[:-1], np.diff(reference.t_s), strict=True):
        T.append(T[-1] @ exp_se3(V * dt_s))
    return np.array(T)


def still(count):
    return np.zeros((count, 7))


def test_it_begins_at_the_moved_bottleneck_and_keeps_the_events(demo):
    reference = transfer(demo, D_W)
    assert reference.T_WE_bottleneck.is_close(D_W @ demo.T_WE_bottleneck, 1e-12, 1e-7)
    assert reference.t_s[0] == 0.0
    assert reference.duration_s == pytest.approx(demo.t_s[-1] - demo.t_s[BOTTLENECK])
    assert [event.index for event in reference.events] == [GRASP - BOTTLENECK]
    assert reference.command[0] == 1.0
    assert reference.opening[-1] == pytest.approx(0.4)


def test_a_full_hand_is_not_turned_by_half_a_turn(demo):
    """A jug turned with the hand poured out of its back: 1 of 4 bowls was filled."""
    full = dataclasses.replace(
        demo, command=np.zeros_like(demo.command), opening=np.full_like(demo.command, 0.4)
    )
    assert full.holds_object
    assert not demo.holds_object
    assert len(transfers(demo, [D_W, SE3.identity()])) == 4
    held = transfers(full, [D_W, SE3.identity()])
    assert len(held) == 2
    assert held[0].T_WE_bottleneck.is_close(D_W @ full.T_WE_bottleneck, 1e-12, 1e-7)


def test_twists_are_the_same_wherever_the_object_stands(demo):
    here, there = transfer(demo, SE3.identity()), transfer(demo, D_W)
    np.testing.assert_array_equal(here.V_WE_E, there.V_WE_E)
    assert not there.V_WE_E[-1].any()


@pytest.mark.parametrize("change", [lambda r: r, lambda r: r.half_turned(), lambda r: r.slowed(2)])
def test_twists_integrate_back_to_the_poses(demo, change):
    reference = change(transfer(demo, D_W))
    np.testing.assert_allclose(integrated(reference), reference.T_WE, atol=1e-9)


def test_half_turn_keeps_the_tool_axis_and_the_finger_line(demo):
    reference = transfer(demo, D_W)
    turned = reference.half_turned()
    np.testing.assert_allclose(turned.T_WE[:, :3, 2:], reference.T_WE[:, :3, 2:], atol=1e-12)
    np.testing.assert_allclose(turned.T_WE[:, :3, 1], -reference.T_WE[:, :3, 1], atol=1e-12)
    np.testing.assert_allclose(turned.half_turned().T_WE, reference.T_WE, atol=1e-12)


def test_slowing_stretches_time_and_keeps_the_path(demo):
    reference = transfer(demo, D_W)
    slow = reference.slowed(1.5)
    np.testing.assert_array_equal(slow.T_WE, reference.T_WE)
    assert slow.duration_s == pytest.approx(1.5 * reference.duration_s)
    np.testing.assert_allclose(slow.pose_at(1.5 * 0.777), reference.pose_at(0.777), atol=1e-9)


def test_poses_between_samples_lie_along_the_twist_and_rest_after_the_end(demo):
    reference = transfer(demo, D_W)
    between = 0.5 * (reference.t_s[20] + reference.t_s[21])
    halfway = reference.T_WE[20] @ exp_se3(0.5 * reference.V_WE_E[20] / 60.0)
    np.testing.assert_allclose(reference.pose_at(between), halfway, atol=1e-9)
    np.testing.assert_array_equal(reference.pose_at(99.0), reference.T_WE[-1])
    assert not reference.twist_at(99.0).any()


def test_generous_limits_ask_for_no_slowing(panda, demo):
    reference = transfer(demo, D_W)
    assert reference.slowdown_for(panda, limits(), still(len(reference.t_s))) == 1.0


@pytest.mark.parametrize("tight", [{"speed": 0.05}, {"angular": 0.2}, {"acceleration": 0.1}])
def test_slowed_reference_uses_at_most_its_share_of_each_limit(panda, demo, tight):
    reference, allowed = transfer(demo, D_W), limits(**tight)
    factor = reference.slowdown_for(panda, allowed, still(len(reference.t_s)))
    assert factor > 1.0
    slow = reference.slowed(factor)
    peaks = ToolPeaks.of(slow.t_s, slow.T_WE, rests_at_ends=False)
    tool = allowed.tool.scaled(LIMIT_SHARE)
    assert (peaks.speeds <= 1.1 * tool.speeds).all()
    assert (peaks.accelerations <= 1.1 * tool.accelerations).all()


def test_fast_joints_ask_for_slowing(panda, demo):
    reference = transfer(demo, D_W)
    joints = still(len(reference.t_s))
    joints[:, 6] = 5.0 * reference.t_s
    assert reference.slowdown_for(panda, limits(), joints) > 2.0


def test_noise_of_measured_poses_does_not_slow_the_replay(panda):
    reference = transfer(demonstrate(noise_m=1e-4), D_W)
    assert reference.slowdown_for(panda, limits(), still(len(reference.t_s))) == 1.0


def test_holding_at_a_gripper_event_counts_as_a_stop(panda, demo):
    """The demonstration passed the event in motion, and the replay has to brake there."""
    pulse = 0.1 * (1.0 - np.cos(np.pi * np.clip((demo.t_s - 0.2) / 2.0, 0.0, 1.0)))
    T_WE = np.array(demo.T_WE)
    T_WE[:, 0, 3] += pulse
    holding = transfer(Demonstration(**{**fields(demo), "T_WE": T_WE}), D_W)
    passing = Reference(**{**fields(holding), "events": ()})
    allowed, joints = limits(acceleration=1.0), still(len(holding.t_s))
    slowed, passed = (r.slowdown_for(panda, allowed, joints) for r in (holding, passing))
    assert slowed > 1.2 * passed


def fields(value):
    return {name: getattr(value, name) for name in value.__slots__}


@pytest.mark.parametrize("factor", [0.0, -1.0, np.nan, np.inf])
def test_senseless_factor_is_refused(demo, factor):
    with pytest.raises(GeometryError, match="factor"):
        transfer(demo, D_W).slowed(factor)


def test_it_survives_pickling_and_stays_read_only(demo):
    copy = pickle.loads(pickle.dumps(transfer(demo, D_W)))
    np.testing.assert_array_equal(copy.T_WE, transfer(demo, D_W).T_WE)
    with pytest.raises(ValueError, match="read-only"):
        copy.T_WE[0, 0, 3] = 1.0
