import json
from dataclasses import replace

import numpy as np
import pytest
from fake_rig import view
from fake_stages import FakeStages
from fake_trial import D_W

from mt3.errors import (
    ConfigurationError,
    DeviceError,
    ImageError,
    NoMatchError,
    NotConnectedError,
    PlanningError,
    SafetyViolation,
    SegmentationError,
)
from mt3.execution.executor import ExecutionRules
from mt3.execution.trial_record import FailureStage
from mt3.geometry import SE3
from mt3.safety import Limit
from mt3.task import TaskDescription

MUG = TaskDescription.parse("pick up the mug")


def failing(error):
    def fail():
        raise error

    return fail


def interrupt(*_):
    raise KeyboardInterrupt


def test_a_trial_goes_through_every_stage():
    stages = FakeStages()
    record = stages.executor.run(MUG)
    assert record.outcome == "completed", record.reason
    assert (record.failure_stage, record.reason, record.reason_code) == (None, "", "")
    assert list(record.timings_s) == list(FailureStage)
    assert record.success is None, "an executor does not judge"
    assert record.judge == ""
    demo = stages.demo
    assert np.allclose(
        record.arrival.T_world_tool_planned, (D_W @ demo.T_WE_bottleneck).matrix, atol=1e-9
    )
    assert np.allclose(stages.rig.T_BE, (D_W @ SE3(demo.T_WE[-1])).matrix, atol=2e-3)
    assert stages.rig.opening == pytest.approx(0.4)
    assert stages.rig.stops
    assert not stages.rig.V_BE_E.any()
    json.loads(record.to_json())


def test_what_was_seen_is_kept_for_the_picture_of_this_trial_only():
    stages = FakeStages()
    stages.executor.run(MUG)
    assert stages.executor.evidence.demo is stages.demo
    assert stages.executor.evidence.live_view is not None
    stages.before["observe"] = failing(SegmentationError("no mug"))
    stages.executor.run(MUG)
    assert stages.executor.evidence.demo is None
    assert stages.executor.evidence.live_view is None


def test_an_unknown_task_lists_the_nearest_and_nothing_is_touched():
    stages = FakeStages()
    stages.before["observe"] = failing(AssertionError("looked at the workplace"))
    with pytest.raises(NoMatchError, match="pick up the mug") as error:
        stages.executor.run(TaskDescription.parse("pick up the hammer"))
    assert error.value.nearest == ("pick up the mug",)
    assert not stages.moved


@pytest.mark.parametrize(
    ("part", "error", "stage", "code"),
    [
        ("observe", SegmentationError("no mug"), "OBSERVE", ""),
        ("observe", ImageError("table: tilted"), "OBSERVE", ""),
        ("observe", PlanningError("no way", "no_path"), "OBSERVE", "no_path"),
        ("load", NotConnectedError("the disk is gone"), "RETRIEVE", ""),
        ("require_matches", ConfigurationError("another robot"), "OBSERVE", ""),
        ("plan", PlanningError("too far", "joint_limit"), "PLAN", "joint_limit"),
    ],
)
def test_a_failed_stage_is_named_and_nothing_moves(part, error, stage, code):
    stages = FakeStages()
    stages.before[part] = failing(error)
    record = stages.executor.run(MUG)
    assert (record.outcome, record.failure_stage, record.reason_code) == ("failed", stage, code)
    assert str(error) in record.reason
    assert not stages.moved
    assert stages.rig.stops


def test_an_untrusted_registration_ends_the_trial_with_all_its_figures():
    stages = FakeStages(trusted=False)
    record = stages.executor.run(MUG)
    assert (record.outcome, record.failure_stage) == ("failed", FailureStage.ALIGN)
    assert "another yaw fits as well" in record.reason
    fit = record.registration
    assert fit.trusted is False
    for name in ("overlap", "rmse_m", "violation_m", "margin", "symmetry"):
        assert getattr(fit, name) is not None
        assert name.removesuffix("_m").lower() in record.reason.lower()
    assert record.plan is None
    assert not stages.moved


def test_untrusted_registrations_are_used_only_when_asked_for():
    stages = FakeStages(ExecutionRules(accept_untrusted=True), trusted=False)
    record = stages.executor.run(MUG)
    assert record.outcome == "completed"
    assert record.registration.trusted is False


def with_others(*names):
    """Stages whose library holds the same demonstration under other names as well."""
    stages = FakeStages()
    demo = stages.demo
    stages.others = [
        replace(demo, demo_id=name, content_hash=name, views=(view(),)) for name in names
    ]
    return stages


def test_of_several_demonstrations_the_one_that_fits_best_is_done():
    stages = with_others("second", "third")
    stages.probabilities = {stages.demo.demo_id: 0.6, "second": 0.99, "third": 0.97}
    record = stages.executor.run(MUG)
    assert record.outcome == "completed", record.reason
    assert record.retrieval.demo_id == record.retrieval.content_hash == "second"
    assert record.registration.probability == 0.99
    verified = {one.demo_id: one.probability for one in record.retrieval.verified}
    assert verified == stages.probabilities
    assert stages.executor.evidence.demo.demo_id == "second"


def test_a_refused_demonstration_does_not_beat_a_trusted_one():
    """A registration refused for what was not seen can promise more, and ended the trial."""
    stages = with_others("second")
    stages.probabilities = {stages.demo.demo_id: 0.98, "second": 0.999}
    stages.refused = {"second"}
    record = stages.executor.run(MUG)
    assert record.outcome == "completed", record.reason
    assert record.retrieval.demo_id == stages.demo.demo_id


def test_only_the_best_retrieved_are_registered():
    stages = with_others(*(f"demo-{k}" for k in range(6)))
    record = stages.executor.run(MUG)
    assert len(record.retrieval.candidates) == 7
    assert len(record.retrieval.verified) == ExecutionRules().verified_candidates


@pytest.mark.parametrize("count", [0, 1.5, float("nan")])
def test_how_many_are_registered_is_a_whole_number(count):
    with pytest.raises(ConfigurationError, match="verified_candidates: got"):
        ExecutionRules(verified_candidates=count)


def test_a_demonstration_of_another_robot_gives_way_to_one_of_this():
    stages = with_others("second")
    stages.of_another_robot = {stages.demo.demo_id}
    record = stages.executor.run(MUG)
    assert record.outcome == "completed", record.reason
    assert record.retrieval.demo_id == "second"


@pytest.mark.parametrize(
    ("miss", "arrives"),
    [
        (SE3.from_translation((0.002, 0.0, 0.0)), True),
        (SE3.from_translation((0.004, 0.0, 0.0)), False),
        (SE3.from_yaw(np.deg2rad(1.0)), True),
        (SE3.from_yaw(np.deg2rad(2.0)), False),
    ],
)
def test_arrival_is_proven_before_the_object_is_touched(miss, arrives):
    stages = FakeStages()
    stages.arm.miss = miss
    record = stages.executor.run(MUG)
    assert record.arrival.error_m == pytest.approx(np.linalg.norm(miss.t), abs=1e-6)
    if arrives:
        assert record.outcome == "completed"
    else:
        assert (record.outcome, record.failure_stage) == ("failed", FailureStage.ARRIVE)
        assert record.interaction is None
        assert not stages.rig.twists


def test_the_fingers_are_as_demonstrated_before_the_interaction():
    stages = FakeStages()
    stages.rig.opening = stages.rig.target = 0.2
    assert stages.executor.run(MUG).outcome == "completed"
    assert stages.rig.commands[0][1] == 1.0


def test_fingers_that_do_not_open_end_the_approach():
    stages = FakeStages()
    stages.rig.opening, stages.rig.speed = 0.5, 0.0
    record = stages.executor.run(MUG)
    assert (record.outcome, record.failure_stage) == ("failed", FailureStage.APPROACH)
    assert "0.50" in record.reason
    assert not stages.rig.twists


@pytest.mark.parametrize("act", [interrupt, failing(DeviceError("cable"))])
def test_fingers_under_way_stop_with_the_trial(act):
    """They opened on after Ctrl-C, and let go of what they held."""
    stages = FakeStages()
    stages.rig.speed = 0.2
    closing = stages.demo.gripper_events()[0].index + 10
    stages.rig.at[closing] = lambda _rig: act()
    assert stages.executor.run(MUG).outcome != "completed"
    at_the_end = stages.rig.opening
    assert 0.4 < at_the_end < 1.0, "the fingers were not under way"
    stages.rig.sleep_until(stages.rig.t_s + 1.0)
    assert stages.rig.opening == at_the_end


def test_a_missed_grasp_ends_the_interaction_with_a_reason_for_programs():
    stages = FakeStages()
    stages.rig.width = 0.0
    record = stages.executor.run(MUG)
    assert (record.outcome, record.failure_stage) == ("failed", FailureStage.INTERACT)
    assert record.reason_code
    assert record.interaction.failure == record.reason_code
    assert len(record.interaction.path_measured) > 10
    assert not stages.rig.V_BE_E.any()


def test_a_refused_command_names_its_limit():
    stages = FakeStages()
    stages.rig.at[20] = lambda _rig: failing(SafetyViolation("too low", "table"))()
    record = stages.executor.run(MUG)
    assert (record.failure_stage, record.reason_code) == (FailureStage.INTERACT, "table")


def last_tick():
    """The tick at which an undisturbed trial ends."""
    stages = FakeStages()
    stages.executor.run(MUG)
    return stages.rig.tick


@pytest.mark.parametrize(
    ("off", "said"),
    [
        (SE3.from_translation((0.0, 0.012, 0.0)), "12.0 mm"),
        (SE3.from_yaw(np.deg2rad(6.0)), "6.0 deg"),
    ],
)
def test_an_end_away_from_the_demonstrated_one_is_no_success(off, said):
    """Rotation was not looked at."""
    stages = FakeStages()

    def push_away(rig):
        rig.T_BE = rig.T_BE @ off.matrix

    stages.rig.at[last_tick()] = push_away
    record = stages.executor.run(MUG)
    assert (record.outcome, record.failure_stage) == ("failed", FailureStage.VERIFY)
    assert said in record.reason
    assert record.interaction.failure is None


def test_a_pause_in_which_the_arm_was_stopped_is_no_success():
    """The safety gate stopped the arm and counted it, and the trial was completed."""
    stages = FakeStages()
    stages.rig.at[30] = lambda _rig: stages.arm.interventions.update({Limit.COMMAND_GAP: 1})
    record = stages.executor.run(MUG)
    assert (record.outcome, record.failure_stage) == ("failed", FailureStage.VERIFY)
    assert record.interventions == {"command_gap": 1}
    record = stages.executor.run(MUG)
    assert record.outcome == "completed", "the pause was in the trial before"
    assert record.interventions == {}


def test_what_falls_out_of_the_hand_at_the_end_is_no_success(monkeypatch):
    stages = FakeStages()

    def dropped():
        stages.rig.opening = 0.0

    monkeypatch.setattr(stages.arm, "stop", dropped)
    record = stages.executor.run(MUG)
    assert (record.outcome, record.failure_stage) == ("failed", FailureStage.VERIFY)
    assert "got an opening of 0.00, expected 0.40" in record.reason


def test_open_fingers_that_end_otherwise_are_no_success():
    stages = FakeStages()
    count = len(stages.demo.t_s)
    stages.demo = replace(stages.demo, command=np.ones(count), opening=np.ones(count))
    assert stages.executor.run(MUG).outcome == "completed"

    def pressed_together():
        stages.rig.opening = 0.8

    stages.arm.stop = pressed_together
    record = stages.executor.run(MUG)
    assert (record.outcome, record.failure_stage) == ("failed", FailureStage.VERIFY)
    assert "got an opening of 0.80" in record.reason


def test_an_arm_that_cannot_even_stop_leaves_a_record_with_the_first_error(monkeypatch):
    """Stopping a lost arm once replaced the record of the trial by its own error."""
    stages = FakeStages()

    def lose_connection():
        monkeypatch.setattr(stages.arm, "stop", failing(NotConnectedError("gone")))
        raise DeviceError("the arm fell behind")

    stages.arm.follow = lambda _trajectory: lose_connection()
    record = stages.executor.run(MUG)
    assert (record.outcome, record.failure_stage) == ("failed", FailureStage.APPROACH)
    assert "the arm fell behind" in record.reason


@pytest.mark.parametrize(
    ("part", "stage"),
    [
        ("observe", "OBSERVE"),
        ("load", "RETRIEVE"),
        ("require_matches", "OBSERVE"),
        ("register", "ALIGN"),
        ("plan", "PLAN"),
    ],
)
def test_ctrl_c_before_any_motion(part, stage):
    stages = FakeStages()
    stages.before[part] = interrupt
    record = stages.executor.run(MUG)
    assert (record.outcome, record.failure_stage) == ("interrupted", stage)
    assert (record.success, record.reason) == (None, "interrupted")
    assert stages.rig.stops
    assert not stages.moved


def test_ctrl_c_on_the_way(monkeypatch):
    stages = FakeStages()
    monkeypatch.setattr(stages.arm, "follow", interrupt)
    record = stages.executor.run(MUG)
    assert (record.outcome, record.failure_stage) == ("interrupted", "APPROACH")
    assert stages.rig.stops
    assert record.plan is not None


def test_ctrl_c_while_arrival_is_proven(monkeypatch):
    stages = FakeStages()
    monkeypatch.setattr(stages.arm, "state", interrupt)
    record = stages.executor.run(MUG)
    assert (record.outcome, record.failure_stage) == ("interrupted", "ARRIVE")
    assert stages.rig.stops


@pytest.mark.parametrize(("tick", "fingers"), [(1, 1.0), (20, 1.0), (100, 0.0)])
def test_ctrl_c_during_the_interaction_stops_the_arm_and_keeps_the_grip(tick, fingers):
    stages = FakeStages()
    stages.rig.at[tick] = interrupt
    record = stages.executor.run(MUG)
    assert (record.outcome, record.failure_stage) == ("interrupted", "INTERACT")
    assert stages.rig.stops
    assert not stages.rig.V_BE_E.any()
    assert stages.rig.tick == tick, "the clock went on"
    assert record.arrival is not None
    assert record.interaction.ticks == tick, "what was seen is lost"
    assert record.interaction.failure == "interrupted"
    assert stages.rig.target == fingers


def test_a_programming_error_is_not_taken_for_a_failed_trial():
    """The arm went on along its last twist: only expected errors stopped it."""
    stages = FakeStages()
    stages.before["plan"] = failing(ZeroDivisionError())
    stages.arm.command_twist(np.array([0.01, 0.0, 0.0, 0.0, 0.0, 0.0]))
    with pytest.raises(ZeroDivisionError):
        stages.executor.run(MUG)
    assert stages.rig.stops
    assert not stages.rig.V_BE_E.any()


def test_ctrl_c_while_the_arm_is_stopped_leaves_a_record(monkeypatch):
    """The record was lost where Ctrl-C came just after a stage had failed."""
    stages = FakeStages()
    stages.before["plan"] = failing(PlanningError("too far", "joint_limit"))
    stop = stages.arm.stop

    def interrupted_once():
        monkeypatch.setattr(stages.arm, "stop", stop)
        raise KeyboardInterrupt

    monkeypatch.setattr(stages.arm, "stop", interrupted_once)
    record = stages.executor.run(MUG)
    assert (record.outcome, record.failure_stage) == ("interrupted", "PLAN")
    assert stages.rig.stops


def test_a_real_arm_never_acts_on_what_is_not_trusted():
    with pytest.raises(ConfigurationError, match="accept_untrusted"):
        FakeStages(ExecutionRules(accept_untrusted=True), backend="real")


@pytest.mark.parametrize(("moved_m", "lower_m"), [(0.02, 0.0), (-0.02, 0.02), (-0.5, 0.5)])
def test_the_gate_knows_what_stands_around_and_how_far_down_the_tool_may_go(
    monkeypatch, moved_m, lower_m
):
    """A smaller object's grasp, lower than the demonstrated one, was refused."""
    stages = FakeStages()
    shown_m = stages.demo.T_WE[stages.demo.bottleneck_index :, 2, 3].min() - 0.003
    table_margin_m = 0.0
    monkeypatch.setattr("fake_stages.D_W", SE3.from_translation((0.0, 0.0, moved_m)))
    record = stages.executor.run(MUG)
    approaching, interacting, *_, after = stages.arm.surroundings
    assert approaching.contact_allowance_m is None
    expected_m = max(shown_m - lower_m, table_margin_m)
    assert interacting.contact_allowance_m == pytest.approx(expected_m)
    assert record.plan.contact_allowance_m == interacting.contact_allowance_m
    assert after is None


def test_what_the_scene_warned_of_as_it_was_connected_is_in_the_record():
    stages = FakeStages()
    stages.scene.warnings = ("camera front: it has moved a little",)
    assert stages.executor.run(MUG).as_dict()["warnings"] == ["camera front: it has moved a little"]
    assert FakeStages().executor.run(MUG).warnings == ()
