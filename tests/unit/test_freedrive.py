"""A hand that moves the arm: what the safety gate lets through meanwhile, and how it ends."""

import numpy as np
import pytest

from mt3.errors import DeviceError, SafetyViolation
from mt3.geometry import SE3
from mt3.interfaces import JointTrajectory
from mt3.motion.tool_limits import ToolLimits
from mt3.safety import GuardedArm, SafetyLimits

LIMITS = SafetyLimits(0.02, 0.9, ToolLimits(0.25, 1.0, 2.0, 8.0), (0, -1, -1), (1, 1, 1), 0, 0.005)


@pytest.fixture
def guarded(guided_arm):
    return GuardedArm(guided_arm, guided_arm.model, LIMITS, SE3.identity(), guided_arm)


def commands(guarded):
    q = guarded.state().joints
    trajectory = JointTrajectory([0.0, 1.0], [q, q])
    return (
        lambda: guarded.command_twist(np.array([0.01, 0, 0, 0, 0, 0])),
        lambda: guarded.follow(trajectory),
    )


def test_an_arm_without_it_says_so_and_stays_as_it_was(kinematic_arm):
    guarded = GuardedArm(kinematic_arm, kinematic_arm.model, LIMITS, SE3.identity(), kinematic_arm)
    with pytest.raises(DeviceError, match="KinematicArm"):
        guarded.begin_freedrive()
    assert not guarded.guided
    guarded.command_twist(np.zeros(6))


def test_it_begins_from_rest_and_ends_at_rest(guarded, guided_arm):
    guarded.command_twist(np.array([0.01, 0, 0, 0, 0, 0]))
    guarded.begin_freedrive()
    assert guarded.guided
    assert guided_arm.in_freedrive
    assert not guided_arm.twist.any()
    stops = guided_arm.stops
    guarded.end_freedrive()
    assert not guarded.guided
    assert not guided_arm.in_freedrive
    assert guided_arm.stops == stops + 1
    guarded.end_freedrive()
    assert guided_arm.stops == stops + 1


@pytest.mark.parametrize("which", [0, 1], ids=["twist", "trajectory"])
def test_a_command_meanwhile_is_refused_and_ends_it(guarded, guided_arm, which):
    command = commands(guarded)[which]
    guarded.begin_freedrive()
    with pytest.raises(SafetyViolation, match="hand moves the arm") as caught:
        command()
    assert caught.value.limit == "command"
    assert not guided_arm.in_freedrive
    assert not guided_arm.sent
    assert not guided_arm.followed
    command()


def test_an_old_state_meanwhile_ends_it(guarded, guided_arm):
    guarded.begin_freedrive()
    guarded.state()
    guided_arm.state_age_s = 0.5
    with pytest.raises(SafetyViolation, match="stale_state"):
        guarded.state()
    assert not guided_arm.in_freedrive


def test_without_a_fresh_state_it_does_not_begin(guarded, guided_arm):
    guided_arm.state_age_s = 0.5
    with pytest.raises(SafetyViolation):
        guarded.begin_freedrive()
    assert not guided_arm.in_freedrive


def test_one_that_fails_half_way_is_ended(guarded, guided_arm):
    guided_arm.begins_badly = True
    with pytest.raises(DeviceError, match="half-way"):
        guarded.begin_freedrive()
    assert not guided_arm.in_freedrive
    assert not guarded.guided


def test_one_that_does_not_end_stays_refused(guarded, guided_arm):
    """The arm is stopped, and ended again by the next stop."""
    command = commands(guarded)[0]
    guarded.begin_freedrive()
    guided_arm.ends_badly, stops = True, guided_arm.stops
    with pytest.raises(DeviceError, match="ends badly"):
        guarded.stop()
    assert guided_arm.stops == stops + 1
    with pytest.raises(SafetyViolation):
        command()
    guided_arm.ends_badly = False
    guarded.stop()
    assert not guided_arm.in_freedrive
    command()
