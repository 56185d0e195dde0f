"""Whatever is commanded, nothing beyond the limits reaches the arm."""

import pytest
from guard_sequences import hostile_sequences
from guard_trial import Sequence, draw_postures, judged
from hypothesis import HealthCheck, example, given, settings

# Of 100,000 sequences in the bench these two got something through.
CREEPING_CLOCK = Sequence(
    posture=126,
    room_m=(0.01, 0.01, 2.0, 0.01, 0.01, 0.01, 0.01),
    box_m=None,
    slow=False,
    actions=(
        ("strange_clock", 0.1, [0.134, 0.0, -0.264, 0.0, 0.0, 0.0], 10),
        ("stop",),
        ("old_states", 0.09, [-1e300, 100.0, -1e300, 0.135, 0.0, -0.264], 10),
    ),
)
OLD_STATES = Sequence(
    posture=112,
    room_m=(2.0, 0.1, 0.01, 2.0, 0.1, 0.1, 0.1),
    box_m=None,
    slow=False,
    actions=(
        ("follow", [0.0, -0.062, 0.0782, 0.0347, 0.0376, 0.15, -0.1068], 3.0, 2, 0.05),
        ("old_states", 0.09, [0.0, -0.203, 0.187, 1.0, -0.029, 0.0], 10),
        ("frozen_states", [-0.25, 0.0, 0.0, 0.0, 0.0, 0.0], 25),
        ("stop",),
        ("frozen_states", [-1e300, 0.01, 0.0, -1.0, 0.0, 0.154], 4),
    ),
)


@pytest.fixture(scope="module")
def postures(panda):
    return draw_postures(panda)


@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
@given(sequence=hostile_sequences)
@example(sequence=CREEPING_CLOCK)
@example(sequence=OLD_STATES)
def test_nothing_beyond_the_limits_gets_through(panda, postures, sequence):
    """100,000 of these are in the bench. A twist of 5e-324 m/s was divided by, and left the arm."""
    assert judged(panda, postures, sequence).oracle.violations == []
