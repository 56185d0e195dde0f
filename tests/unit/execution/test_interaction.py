"""The control loop: follows, waits for the fingers, and stops when something is wrong."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from fake_rig import FakeRig, demonstrate

from mt3.errors import ConfigurationError, DeviceError, GeometryError, SafetyViolation
from mt3.execution.grip import GripRules
from mt3.execution.interaction import Interaction, TrackingRules
from mt3.execution.interaction_log import InteractionFailure
from mt3.execution.reference import transfer
from mt3.geometry import SE3

D_W = SE3.from_yaw(-1.3, (0.05, 0.1, 0.0))
T_WB = SE3.from_yaw(0.7, (0.2, -0.1, 0.05))
REFERENCE = transfer(demonstrate(), D_W)
EVENT = REFERENCE.events[0]


def rig_at_start(reference=REFERENCE, off=None, **changes):
    T_WE = reference.T_WE_bottleneck @ (off or SE3.identity())
    return FakeRig(T_WE, T_WB, **changes)


def run(rig, reference=REFERENCE, **rules):
    log = Interaction(reference, **rules).run(rig.arm, rig.gripper, rig, T_WB)
    assert rig.stops
    assert not rig.V_BE_E.any()
    return log


def errors_m(log):
    return np.linalg.norm(log.T_WE_reference[:, :3, 3] - log.T_WE_measured[:, :3, 3], axis=1)


@pytest.mark.parametrize("factor", [1.0, 1.37])
def test_it_follows_the_reference_to_its_end(factor):
    reference = REFERENCE.slowed(factor)
    log = run(rig_at_start(), reference)
    assert log.completed
    assert log.reason == ""
    assert errors_m(log).max() < 1e-3
    assert max(log.final_error) < 1e-3
    np.testing.assert_allclose(log.T_WE_reference[-1], REFERENCE.T_WE[-1], atol=1e-12)
    waited_s = log.holds[0].duration_s
    assert log.t_s[-1] == pytest.approx(reference.duration_s + waited_s, abs=0.03)


def test_feedback_takes_out_an_error_at_the_start():
    rig = rig_at_start(off=SE3.from_twist(np.array([0.002, -0.001, 0.001, 0.0, 0.01, 0.02])))
    log = run(rig)
    assert errors_m(log)[0] > 2e-3
    assert log.final_error[0] < 1e-4
    assert log.final_error[1] < 1e-3


def test_error_stays_small_where_the_arm_obeys_only_in_part():
    rig = rig_at_start()
    rig.obey = 0.9
    log = run(rig)
    assert log.completed
    assert log.max_error_m < 5e-3


def test_the_reference_waits_while_the_fingers_close():
    log = run(rig_at_start())
    (hold,) = log.holds
    assert hold.index == EVENT.index
    assert hold.measured == pytest.approx(0.4)
    at_event = np.isclose(log.T_WE_reference, REFERENCE.T_WE[EVENT.index]).all(axis=(1, 2))
    assert at_event.sum() / 60.0 >= hold.duration_s
    assert hold.duration_s == pytest.approx(0.3 + 0.15, abs=0.05)


def test_gripper_is_commanded_once_and_only_at_the_event():
    rig = rig_at_start()
    run(rig)
    assert rig.commands == [(EVENT.index, 0.0)]


def test_fingers_that_start_late_are_waited_for():
    rig = rig_at_start()
    rig.latency_s = 0.4
    log = run(rig)
    assert log.completed
    assert log.holds[0].measured == pytest.approx(0.4)


@pytest.mark.parametrize("width", [0.2, 0.7])
def test_an_instance_of_another_width_is_held_all_the_same(width):
    log = run(rig_at_start(width=width))
    assert log.completed
    assert log.holds[0].measured == pytest.approx(width)


def test_closing_on_nothing_is_a_missed_grasp():
    log = run(rig_at_start(width=0.0))
    assert log.failure is InteractionFailure.GRASP_MISSED
    assert "expected an object" in log.reason


def slip(rig):
    rig.width = 0.0


def test_an_object_that_slips_out_stops_the_trial():
    rig = rig_at_start()
    rig.at[EVENT.index + 60] = slip
    log = run(rig)
    assert log.failure is InteractionFailure.GRASP_LOST
    assert log.t_s[-1] < REFERENCE.duration_s


def test_an_object_held_from_the_start_is_watched_too():
    held = demonstrate()
    opening, command = np.full(140, 0.4), np.zeros(140)
    fields = {name: getattr(held, name) for name in held.__slots__}
    reference = transfer(type(held)(**{**fields, "opening": opening, "command": command}), D_W)
    rig = rig_at_start(reference)
    rig.opening, rig.target = 0.4, 0.0
    assert run(rig, reference).completed
    rig = rig_at_start(reference)
    rig.opening, rig.target = 0.4, 0.0
    rig.at[30] = slip
    assert run(rig, reference).failure is InteractionFailure.GRASP_LOST
    rig = rig_at_start(reference)
    rig.opening, rig.target = 0.0, 0.0
    log = run(rig, reference)
    assert log.failure is InteractionFailure.GRASP_MISSED
    assert log.final_error == (0.0, 0.0)
    assert log.max_error_m == 0.0


def test_fingers_that_never_come_to_rest_time_out():
    log = run(rig_at_start(width=0.0, speed=0.3))
    assert log.failure is InteractionFailure.GRIPPER_TIMEOUT
    assert log.t_s[-1] == pytest.approx(REFERENCE.t_s[EVENT.index] + 2.0, abs=0.05)


def block(rig):
    rig.obey = 0.0


def test_an_arm_held_up_by_something_stops():
    rig = rig_at_start()
    rig.at[20] = block
    log = run(rig, tracking=TrackingRules(max_error_m=0.02))
    assert log.failure is InteractionFailure.TRACKING
    assert 0.02 < log.max_error_m < 0.025


def raising(error):
    def act(rig):
        raise error

    return act


@pytest.mark.parametrize(
    ("error", "failure", "limit"),
    [
        (SafetyViolation("table: too low", "table"), InteractionFailure.SAFETY, "table"),
        (DeviceError("cable"), InteractionFailure.DEVICE, ""),
        (GeometryError("opening: got nan"), InteractionFailure.DEVICE, ""),
    ],
)
def test_what_stops_the_arm_is_the_reason(error, failure, limit):
    rig = rig_at_start()
    rig.at[15] = raising(error)
    log = run(rig)
    assert (log.failure, log.reason, log.limit) == (failure, str(error), limit)
    assert len(log.t_s) == 15


def test_ctrl_c_stops_the_arm_and_keeps_what_was_seen():
    rig = rig_at_start()
    rig.at[15] = raising(KeyboardInterrupt())
    log = run(rig)
    assert (log.failure, log.reason) == (InteractionFailure.INTERRUPTED, "interrupted")
    assert len(log.t_s) == 15
    assert rig.stops == 1


def test_a_programming_error_stops_the_arm_and_goes_on_its_way():
    rig = rig_at_start()
    rig.at[15] = raising(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        run(rig)
    assert rig.stops == 1
    assert not rig.V_BE_E.any()


class UnstoppableArm:
    def __init__(self, arm):
        self._arm = arm
        self.state, self.command_twist = arm.state, arm.command_twist

    def stop(self):
        raise DeviceError("no connection")


@pytest.mark.parametrize(
    ("at", "failure"),
    [(15, InteractionFailure.INTERRUPTED), (10_000, InteractionFailure.DEVICE)],
)
def test_failing_to_stop_never_hides_the_interrupt(at, failure):
    rig = rig_at_start()
    rig.at[at] = raising(KeyboardInterrupt())
    log = Interaction(REFERENCE).run(UnstoppableArm(rig.arm), rig.gripper, rig, T_WB)
    assert log.failure is failure


def test_a_late_tick_delays_the_reference_instead_of_leaping():
    rig = rig_at_start()

    def stall(rig):
        rig.V_BE_E = np.zeros(6)
        rig.t_s += 0.5

    rig.at[25] = stall
    log = run(rig)
    assert log.completed
    steps_m = np.linalg.norm(np.diff(log.T_WE_reference[:, :3, 3], axis=0), axis=1)
    assert steps_m.max() < 2.5 * 0.12 / 60.0
    assert log.max_error_m < 0.01


def test_it_and_its_log_survive_pickling():
    interaction = pickle.loads(pickle.dumps(Interaction(REFERENCE, grip=GripRules(timeout_s=1.0))))
    assert interaction.grip.timeout_s == 1.0
    rig = rig_at_start()
    log = pickle.loads(pickle.dumps(interaction.run(rig.arm, rig.gripper, rig, T_WB)))
    assert log.completed
    assert log.holds[0].command == 0.0


def test_senseless_rules_are_refused():
    with pytest.raises(ConfigurationError, match="feedback_hz"):
        TrackingRules(rate_hz=10.0, feedback_hz=8.0)
    with pytest.raises(ConfigurationError, match="feedback_hz"):
        TrackingRules(feedback_hz=-1.0)
    with pytest.raises(ConfigurationError, match="max_error_m"):
        TrackingRules(max_error_m=0.0)
    with pytest.raises(ConfigurationError, match="timeout_s"):
        GripRules(timeout_s=0.0)


def test_where_no_opening_was_measured_it_waits_until_the_fingers_stand_still():
    """An imported demonstration knows its commands alone: no width is expected, none is missed."""
    (event,) = REFERENCE.events
    reference = replace(REFERENCE, opening=None, events=(replace(event, opening=None),))
    log = run(rig_at_start(), reference)
    assert log.completed
    assert log.holds[0].demonstrated is None
    assert log.holds[0].measured == pytest.approx(0.4)
