"""Whatever is commanded, nothing beyond the limits reaches the arm."""

import pytest
from guard_sequences import hostile_sequences
from guard_trial import draw_postures, judged
from hypothesis import HealthCheck, given, settings


@pytest.fixture(scope="module")
def postures(panda):
    return draw_postures(panda)


@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
@given(sequence=hostile_sequences)
def test_nothing_beyond_the_limits_gets_through(panda, postures, sequence):
    """100,000 of these are in the bench. A twist of 5e-324 m/s was divided by, and left the arm."""
    assert judged(panda, postures, sequence).oracle.violations == []
