"""What ``mt3-run`` advises after a trial that did not complete."""

import pytest
from fake_trial import STAGES, notes_until

from mt3.cli.run import next_step
from mt3.execution.trial_record import FailureStage

BEFORE_APPROACH = STAGES[: STAGES.index(FailureStage.APPROACH)]


@pytest.mark.parametrize("stage", STAGES)
def test_advice_is_safe_wherever_the_arm_stands_and_whatever_it_holds(stage):
    """A full hand was to be moved by hand after APPROACH and ARRIVE."""
    said = next_step(notes_until(stage).failed("something"), stage)
    assert ("Nothing was touched" in said) == (stage in BEFORE_APPROACH)
    assert ("Take out of the hand" in said) == (stage not in BEFORE_APPROACH)
    assert "by hand" not in said


def test_a_failed_stage_says_how_to_mend_it():
    said = next_step(notes_until(FailureStage.ARRIVE).failed("too far"), FailureStage.ARRIVE)
    assert "calibration" in said


@pytest.mark.parametrize("stage", STAGES)
def test_after_ctrl_c_there_is_nothing_to_mend(stage):
    """Ctrl-C while looking for a demonstration advised to record one."""
    said = next_step(notes_until(stage).interrupted(), stage)
    assert "at rest" in said
    assert "mt3-record" not in said
    assert "Check" not in said
