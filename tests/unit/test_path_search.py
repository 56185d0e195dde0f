"""The search through free joint positions, on OMPL."""

import numpy as np
import pytest

from mt3.motion.path_search import search_path

LOW, HIGH = np.full(3, -2.0), np.full(3, 2.0)
START, GOAL = np.array([-1.0, 0.0, 0.0]), np.array([1.0, 0.0, 0.0])


def wall(q):
    return abs(q[0]) < 0.1 and q[1] < 1.5


@pytest.mark.parametrize("at", [1, 100, 300])
def test_ctrl_c_gets_out_of_the_search(at):
    """The check runs as a callback from C++, which must not swallow it."""
    calls = []

    def blocked(q):
        calls.append(q)
        if len(calls) == at:
            raise KeyboardInterrupt
        return wall(q)

    with pytest.raises(KeyboardInterrupt):
        search_path(blocked, (LOW, HIGH), START, GOAL, np.random.default_rng(0), 3000)
    assert len(calls) == at


def test_a_way_round_a_wall_is_found():
    path = search_path(wall, (LOW, HIGH), START, GOAL, np.random.default_rng(0), 3000)
    assert path[:, 1].max() >= 1.5
