"""The document a trial leaves: complete, plain, repeatable, and there even when it failed."""

import json

import numpy as np
import pytest
from fake_trial import D_W, notes_until

from mt3.errors import PlanningError
from mt3.execution.trial_record import FailureStage, TrialNotes, Until
from mt3.execution.trial_stages import MAX_POSES


@pytest.fixture(scope="module")
def record():
    return notes_until(FailureStage.VERIFY).reached(Until.END).judged(True, "simulator")


def test_a_completed_trial_says_all(record, tmp_path):
    path = record.save(tmp_path / "trials" / "one")
    document = json.loads(path.read_text())
    assert document == record.as_dict()
    assert document["outcome"] == "completed"
    assert document["failure_stage"] is None
    assert (document["success"], document["judge"]) == (True, "simulator")
    assert document["task"]["text"] == "pick up the mug"
    assert document["observation"]["segmenter"] == "simulator"
    assert document["retrieval"]["demo_id"] == "pick_up-mug-1"
    assert [found["score"] for found in document["retrieval"]["candidates"]] == [0.92, 0.84]
    np.testing.assert_array_equal(document["registration"]["D_world"], D_W.matrix)
    assert len(document["registration"]["yaw_curve"]) == 24
    assert document["plan"]["slowdown"] == 1.25
    assert document["arrival"]["error_m"] == pytest.approx(1e-3)
    assert document["interaction"]["holds"][0]["command"] == 0.0
    assert document["interventions"] == {"tool_acceleration": 4}
    assert document["config"]["limits"]["tool"] == [0.25, 1.2]
    assert set(document["timings_s"]) == {stage.value for stage in FailureStage}
    assert list(path.parent.iterdir()) == [path]


def test_paths_are_thinned_and_keep_both_ends(record):
    done = record.interaction
    assert done.ticks > MAX_POSES
    assert len(done.path_measured) == len(done.path_planned) == len(done.t_s) == MAX_POSES
    assert (done.t_s[0], done.t_s[-1]) == (0.0, done.duration_s)
    assert len(record.plan.path) == MAX_POSES


def test_two_trials_differ_in_times_only(record):
    again = notes_until(FailureStage.VERIFY).reached(Until.END).judged(True, "simulator")
    assert again.as_dict() != record.as_dict()
    first, second = (json.dumps(trial.without_times()) for trial in (again, record))
    assert first == second
    assert "timings_s" not in record.without_times()


@pytest.mark.parametrize("stage", list(FailureStage))
def test_a_failed_trial_names_stage_and_reason(stage):
    notes = notes_until(FailureStage.OBSERVE)
    error = PlanningError("no way", "collision")

    def fail():
        with notes.during(stage):
            raise error

    with pytest.raises(PlanningError):
        fail()
    document = notes.failed(str(error), error.reason).as_dict()
    assert document["failure_stage"] == stage.value
    assert (document["reason"], document["reason_code"]) == ("no way", "collision")
    assert document["success"] is None
    assert document["timings_s"][stage.value] >= 0.0
    assert document["interaction"] is None


def test_an_interrupted_trial_says_where():
    document = notes_until(FailureStage.ALIGN).interrupted().as_dict()
    assert (document["outcome"], document["failure_stage"]) == ("interrupted", "ALIGN")


def test_numbers_that_are_none_do_not_break_the_document(record):
    notes = TrialNotes(
        task=record.task,
        robot="panda",
        backend="sim",
        config={"speed": float("nan"), "nested": [float("inf"), 1.0]},
        software={},
    )
    document = json.loads(notes.reached(Until.END).to_json())
    assert document["config"] == {"speed": None, "nested": [None, 1.0]}


def test_saving_again_replaces_as_a_whole(record, tmp_path):
    record.save(tmp_path)
    path = record.judged(False, "operator").save(tmp_path)
    assert json.loads(path.read_text())["judge"] == "operator"
    assert [item.name for item in tmp_path.iterdir()] == ["trial.json"]
