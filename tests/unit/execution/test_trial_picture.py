"""A picture of every trial, however far it came."""

import numpy as np
import pytest
from fake_rig import view
from fake_trial import notes_until
from matplotlib.image import imread

from mt3.execution.picture import draw_trial
from mt3.execution.trial_record import FailureStage, Until


def test_a_whole_trial_is_drawn(tmp_path, demo):
    record = notes_until(FailureStage.VERIFY).reached(Until.END).judged(True, "simulator")
    draw_trial(record, tmp_path / "trial.png", demo, view())
    image = imread(tmp_path / "trial.png")
    assert image.shape[1] > image.shape[0] > 500
    assert np.ptp(image[..., :3]) > 0.9


@pytest.mark.parametrize("stage", [None, FailureStage.ALIGN, FailureStage.PLAN])
def test_a_trial_that_ended_early_is_drawn(tmp_path, demo, stage):
    notes = notes_until(stage or FailureStage.OBSERVE)
    record = notes.failed("something with $ and {braces} " * 20, "collision")
    seen = (demo, view()) if stage else (None, None)
    draw_trial(record, tmp_path / "trial.png", *seen)
    assert (tmp_path / "trial.png").stat().st_size > 10_000
