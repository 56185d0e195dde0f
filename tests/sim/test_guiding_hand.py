"""The scripted hand in free-drive, with a list in place of an arm."""

import time

import numpy as np
import pytest

from mt3.control.monotonic_clock import MonotonicClock
from mt3.errors import DeviceError, GeometryError, NotConnectedError
from mt3.geometry import SE3
from mt3.interfaces import JointTrajectory
from sim.guiding_hand import GuidingHand
from sim.robots import UR5E
from sim.scene import PyBulletScene

DOWN = np.array([0.0, 0.0, 0.1, 0.0, 0.0, 0.0])


@pytest.fixture(scope="module")
def kinematics():
    return PyBulletScene(UR5E.T_WB, UR5E).sim_robot.kinematics


@pytest.fixture
def placed():
    return [UR5E.observe_joints]


@pytest.fixture
def hand(kinematics, placed):
    return GuidingHand(
        kinematics, lambda: placed[-1], lambda q, qd, t_s: placed.append(q), MonotonicClock()
    )


def push(hand, V_BE_E, duration_s: float) -> float:
    start_s = time.monotonic()
    while time.monotonic() < start_s + duration_s:
        hand.command_twist(V_BE_E)
        time.sleep(1 / 60)
    return time.monotonic() - start_s


def test_it_moves_the_arm_along_the_twist_and_says_where_it_is(hand, kinematics, placed):
    with hand:
        before = hand.state().T_BE
        push(hand, DOWN, 0.3)
        hand.stop()
        state = hand.state()
    way = before.inverse() @ kinematics.forward(placed[-1])
    assert 0.01 < way.t[2] < 0.1
    assert way.is_close(SE3.from_translation((0.0, 0.0, way.t[2])), 1e-4, 1e-3)
    assert state.T_BE.is_close(kinematics.forward(placed[-1]), 1e-9, 1e-9)
    assert not state.V_BE_E.any()


@pytest.mark.parametrize("ended", ["stopped", "forgotten", "left"])
def test_it_comes_to_rest(hand, placed, ended):
    with hand:
        push(hand, DOWN, 0.1)
        assert len(placed) > 1
        if ended == "stopped":
            hand.stop()
        if ended != "left":
            time.sleep(0.2)
            count = len(placed)
            time.sleep(0.1)
            assert len(placed) == count
    count = len(placed)
    time.sleep(0.05)
    assert len(placed) == count


def test_it_stays_within_the_joint_range(hand, kinematics, placed):
    placed[-1] = np.array([*UR5E.observe_joints[:5], kinematics.upper[5] - 0.01])
    with hand:
        push(hand, np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.5]), 0.3)
    assert kinematics.upper[5] - 0.01 < placed[-1][5] <= kinematics.upper[5]


def test_an_arm_that_gives_no_way_is_no_secret(kinematics):
    def place(q, qd, t_s):
        raise RuntimeError("it is not in teach mode")

    hand = GuidingHand(kinematics, lambda: UR5E.observe_joints, place, MonotonicClock())
    with hand, pytest.raises(DeviceError, match="not in teach mode"):
        push(hand, DOWN, 1.0)


def test_what_no_hand_does_is_refused(hand):
    with pytest.raises(NotConnectedError, match="with"):
        hand.state()
    with hand:
        with pytest.raises(GeometryError):
            hand.command_twist(np.full(6, np.nan))
        still = JointTrajectory([0.0, 1.0], np.stack([UR5E.observe_joints] * 2))
        with pytest.raises(DeviceError, match="trajectory"):
            hand.follow(still)
