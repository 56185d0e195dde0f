"""A recorder that is held up takes what an arm remembers, and no more than its rate."""

import numpy as np
import pytest

from demos.stream.capture import SampleTaker
from mt3.geometry import SE3
from mt3.interfaces import ArmState, GripperState

PERIOD_S = 0.02
LATENCY_S = {"robot": 0.005, "gripper": 0.005}


class RememberingArm:
    """An arm that is looked at every 5 ms, a little after it measured."""

    def __init__(self) -> None:
        self.seen: list[tuple[ArmState, GripperState]] = []
        self.pass_time(5)

    def pass_time(self, looks: int) -> None:
        for _ in range(looks):
            t_s = 0.005 * len(self.seen)
            arm = ArmState(t_s, np.full(6, t_s), SE3.identity(), np.zeros(6))
            self.seen.append((arm, GripperState(t_s, t_s, 1.0)))

    def state(self) -> ArmState:
        return self.seen[-1][0]

    def stall(self, looks: int) -> None:
        """Remember nothing of the last looks."""
        seen = self.seen
        self.pass_time(looks)
        for k in range(len(seen) - looks, len(seen)):
            seen[k] = seen[-1]

    def states_since(self, t_s):
        return [pair for pair in self.seen if pair[0].t_s + 0.001 > t_s]


class NewestGripper:
    def __init__(self, arm) -> None:
        self.state = lambda: arm.seen[-1][1]


@pytest.fixture
def arm():
    return RememberingArm()


@pytest.fixture
def entries():
    return []


@pytest.fixture
def taker(arm, entries):
    return SampleTaker(arm, NewestGripper(arm), entries.append, LATENCY_S, PERIOD_S)


def test_a_recorder_that_was_held_up_leaves_no_gap(arm, taker, entries):
    """Recordings were refused, because a busy computer let the recorder look too late."""
    assert taker.take()
    arm.pass_time(100)
    assert taker.take()
    t_s = [entry["t_s"] for entry in entries]
    np.testing.assert_allclose(np.diff(t_s), PERIOD_S, atol=0.0051)
    assert t_s[0] == pytest.approx(0.015)
    assert t_s[-1] == pytest.approx(0.515, abs=PERIOD_S)
    assert [entry["opening"] - 0.005 for entry in entries] == pytest.approx(t_s)


@pytest.mark.parametrize("looks", range(1, 9))
def test_an_arm_that_stalls_leaves_a_gap_no_longer_than_the_stall(arm, taker, entries, looks):
    """Up to a period was added, for want of the last state before: recordings were refused."""
    assert taker.take()
    arm.pass_time(looks)
    taker.take()
    arm.stall(8)
    taker.take()
    arm.pass_time(8)
    taker.take()
    t_s = [entry["t_s"] for entry in entries]
    assert np.diff(t_s).max() <= 8 * 0.005 + 1e-9


def test_one_that_looks_often_keeps_its_rate_and_takes_nothing_twice(arm, taker, entries):
    taken = 0
    for _ in range(200):
        arm.pass_time(1)
        taken += taker.take()
        taker.take()
    assert taken == len(entries) == pytest.approx(200 * 0.005 / PERIOD_S, abs=1)


def test_an_arm_without_a_memory_gives_its_newest_state(arm, entries):
    class Forgetful:
        state = arm.state

    taker = SampleTaker(Forgetful(), NewestGripper(arm), entries.append, {}, PERIOD_S)
    assert taker.take()
    assert not taker.take()
    arm.pass_time(40)
    assert taker.take()
    assert len(entries) == 2
