"""When what is held counts as lost."""

import pytest

from mt3.execution.grip import Grasp, GripRules

RULES = GripRules(lost=0.08, empty=0.01)


@pytest.mark.parametrize(
    ("taken", "demonstrated", "opening", "lost"),
    [
        (0.30, None, 0.23, False),
        (0.30, None, 0.21, True),
        (0.30, 0.24, 0.17, False),
        (0.30, 0.24, 0.15, True),
        (0.30, 0.40, 0.21, True),
        (0.05, 0.05, 0.02, False),
        (0.05, 0.05, 0.005, True),
    ],
)
def test_fingers_may_close_as_far_as_the_demonstrations_did(taken, demonstrated, opening, lost):
    """A handle taken askew settled between the fingers, and counted as lost."""
    assert Grasp(0.0, taken, RULES).lost(opening, demonstrated) is lost
