"""What the control process saw can be read later, as far as it is remembered."""

import multiprocessing

import numpy as np
import pytest

from mt3.control.shared_state import SharedState, Snapshot
from mt3.errors import NotConnectedError
from mt3.geometry import SE3
from mt3.interfaces import ArmState


@pytest.fixture
def shared():
    return SharedState(multiprocessing.get_context("spawn"))


def snapshot(t_s: float) -> Snapshot:
    return Snapshot(t_s, ArmState(t_s, np.full(6, t_s), SE3.identity(), np.zeros(6)))


def test_before_the_first_there_is_none(shared):
    assert shared.read_since(-1.0) == []
    with pytest.raises(NotConnectedError, match="no state"):
        shared.read()


def test_the_newest_is_read_and_those_after_a_time_in_order(shared):
    for k in range(5):
        shared.publish(snapshot(float(k)))
    assert shared.read().t_s == 4.0
    assert [one.t_s for one in shared.read_since(1.0)] == [2.0, 3.0, 4.0]
    assert shared.read_since(2.0)[0].arm.joints[0] == 3.0
    assert shared.read_since(4.0) == []


def test_what_is_older_than_the_memory_is_gone(shared):
    for k in range(1000):
        shared.publish(snapshot(float(k)))
    remembered = [one.t_s for one in shared.read_since(-1.0)]
    assert 200 <= len(remembered) < 1000
    assert remembered == [float(k) for k in range(1000 - len(remembered), 1000)]
