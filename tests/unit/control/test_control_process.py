"""The control process moves an arm only while somebody watches, and says what went wrong."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from functools import partial

import numpy as np
import pytest
import traced_robot
from traced_robot import TracedArm, TracedGripper, trace_of

from mt3.control.control_process import ControlProcess
from mt3.errors import (
    DeviceError,
    NotConnectedError,
    OperatorLostError,
    OperatorStopError,
    SafetyViolation,
)
from mt3.execution.interaction import Interaction, TrackingRules
from mt3.execution.interaction_log import InteractionFailure
from mt3.execution.reference import Reference
from mt3.geometry import SE3
from mt3.interfaces import JointTrajectory
from mt3.motion.tool_limits import ToolLimits
from mt3.safety import SafetyLimits
from sim.robots import PANDA
from sim.workplace import build_model

pytestmark = pytest.mark.alone

FORWARD = np.array([0.0, 0.0, 0.02, 0.0, 0.0, 0.0])
LIMITS = SafetyLimits(
    joint_margin_rad=0.02,
    joint_velocity_fraction=0.9,
    tool=ToolLimits(0.25, 1.0, 2.0, 8.0),
    workspace_lower_W=(-1.0, -1.0, 0.0),
    workspace_upper_W=(1.0, 1.0, 1.0),
    table_height_m=0.0,
    table_clearance_m=0.002,
)
MODEL = build_model("panda")
T_BE = MODEL.forward(PANDA.observe_joints)


@pytest.fixture
def trace(tmp_path):
    return tmp_path / "trace"


@pytest.fixture
def control(trace):
    arm = partial(TracedArm, trace=trace, joints=PANDA.observe_joints, T_BE=T_BE)
    return ControlProcess(arm, TracedGripper, MODEL, LIMITS, SE3.identity())


def resting(duration_s: float) -> Interaction:
    """A reference that stays where the arm is."""
    t_s = np.linspace(0.0, duration_s, 20)
    still = np.repeat(T_BE.matrix[None], 20, 0)
    reference = Reference(t_s, still, np.zeros((20, 6)), np.ones(20), np.ones(20), ())
    return Interaction(reference, TrackingRules())


def words(trace) -> list[str]:
    return [word for _, word in trace_of(trace)]


def wait_for(condition, timeout_s: float = 5.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "did not happen"
        time.sleep(0.005)


def test_constructing_connects_nothing_and_nothing_works_outside_with(control, trace) -> None:
    for call in (control.arm.state, control.arm.stop, control.gripper.state, control.request_stop):
        with pytest.raises(NotConnectedError):
            call()
    assert words(trace) == []
    with control:
        assert control.arm.state().joints == pytest.approx(PANDA.observe_joints)
    assert words(trace)[0] == "connect"
    assert words(trace)[-1] == "disconnect"
    with pytest.raises(NotConnectedError):
        control.arm.state()


def test_commands_and_their_errors_cross(control, trace) -> None:
    with control:
        control.arm.command_twist(FORWARD)
        control.gripper.command(0.25)
        assert control.gripper.state().opening == 0.25
        with pytest.raises(SafetyViolation, match="command") as caught:
            control.arm.command_twist(np.full(6, np.nan))
        assert caught.value.limit == "command"
        control.arm.begin_freedrive()
        assert control.arm.guided
        control.arm.end_freedrive()
        assert not control.arm.guided
    assert "twist" in words(trace)


def test_an_interaction_runs_there_and_its_log_comes_back(control) -> None:
    with control:
        log = control.run(resting(0.5))
    assert log.completed, log.reason
    assert log.punctuality.ticks >= 25


def test_a_trajectory_is_followed_and_then_refused_from_elsewhere(control) -> None:
    u = np.linspace(0.0, 1.0, 50)
    shape = u**3 * (10 - 15 * u + 6 * u**2)
    trajectory = JointTrajectory(u, PANDA.observe_joints + 0.02 * shape[:, None])
    with control:
        control.arm.follow(trajectory)
        assert control.arm.state().joints == pytest.approx(PANDA.observe_joints + 0.02)
        with pytest.raises(SafetyViolation, match="trajectory"):
            control.arm.follow(JointTrajectory(trajectory.t_s, trajectory.joints + 0.1))


def test_ctrl_c_ends_an_interaction_and_what_was_seen_comes_back(control) -> None:
    with control:
        timer = threading.Timer(0.4, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        log = control.run(resting(20.0))
        assert log.failure is InteractionFailure.INTERRUPTED
        assert 5 < log.punctuality.ticks < 600
        control.arm.command_twist(FORWARD)  # it is over: the next command moves again


def test_a_key_stops_what_is_under_way_and_everything_after_it(control, trace) -> None:
    with control:
        threading.Timer(0.3, control.request_stop).start()
        log = control.run(resting(20.0))
        assert log.failure is InteractionFailure.OPERATOR_STOP
        with pytest.raises(OperatorStopError):
            control.arm.command_twist(FORWARD)
        control.arm.stop()
        assert "twist" not in words(trace)
        control.release_stop()
        control.arm.command_twist(FORWARD)
        assert words(trace)[-1] == "twist"
        control.arm.stop()
    assert words(trace)[-2:] == ["stop", "disconnect"]


def test_a_key_while_it_connects_ends_that(control) -> None:
    """It was lost: the arm was connected, and moved."""

    def press() -> None:
        wait_for(lambda: control._shared is not None)
        control.request_stop()

    pressing = threading.Thread(target=press)
    pressing.start()
    with pytest.raises(OperatorStopError, match="while the robot was connected"), control:
        pass
    pressing.join()
    with control:  # whoever connects anew may move again
        control.arm.command_twist(FORWARD)


def test_a_silent_program_stops_the_arm_and_hears_of_it(control, trace, monkeypatch) -> None:
    with control:
        control.arm.command_twist(FORWARD)
        monkeypatch.setattr("mt3.control.control_process._BEAT_S", 1.0)  # as if it were frozen
        wait_for(lambda: words(trace)[-1] == "stop")
        monkeypatch.setattr("mt3.control.control_process._BEAT_S", 0.01)
        time.sleep(1.1)
        with pytest.raises(OperatorLostError, match="sign of life"):
            control.arm.command_twist(FORWARD)
        control.arm.command_twist(FORWARD)


def test_a_lost_arm_is_said_by_every_call(trace) -> None:
    arm = partial(TracedArm, trace=trace, joints=PANDA.observe_joints, T_BE=T_BE, fails_after=3)
    with ControlProcess(arm, TracedGripper, MODEL, LIMITS, SE3.identity()) as control:
        log = control.run(resting(5.0))
        assert log.failure is InteractionFailure.DEVICE
        assert "connection was lost" in log.reason
        with pytest.raises(DeviceError, match="connection was lost"):
            control.arm.state()


def test_a_driver_that_does_not_connect_says_why(trace) -> None:
    wrong = partial(TracedArm, trace=trace, joints=PANDA.observe_joints)  # a pose is missing
    control = ControlProcess(wrong, TracedGripper, MODEL, LIMITS, SE3.identity())
    with pytest.raises(DeviceError, match="TypeError"), control:
        pass


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_killed_or_frozen_control_process_is_noticed(control, number) -> None:
    with control:
        os.kill(control.process_id, number)
        with pytest.raises(NotConnectedError, match="control process"):
            control.run(resting(20.0))
        if number == signal.SIGSTOP:
            os.kill(control.process_id, signal.SIGCONT)


_OPERATOR = """
import pickle, signal, sys, time
from functools import partial
import numpy as np
sys.path.insert(0, {emulators!r})

def ends(number, frame):  # as TerminalKeys has it
    raise SystemExit(128 + number)

if __name__ == "__main__":
    from traced_robot import TracedArm, TracedGripper
    from mt3.control.control_process import ControlProcess
    from mt3.geometry import SE3
    from mt3.interfaces import JointTrajectory
    signal.signal(signal.SIGTERM, ends)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup of the tests had it ignored
    model, limits, joints, interaction = pickle.loads({data!r})
    arm = partial(TracedArm, trace={trace!r}, joints=joints, T_BE=model.forward(joints))
    with ControlProcess(arm, TracedGripper, model, limits, SE3.identity()) as control:
        if {doing!r} == "follow":
            t_s = np.linspace(0.0, 60.0, 6000)
            control.arm.follow(JointTrajectory(t_s, np.repeat(joints[None], 6000, 0)))
        elif {doing!r} == "run":
            control.run(interaction)
        elif {doing!r} == "freedrive":
            control.arm.begin_freedrive()
            time.sleep(60.0)
        while True:
            control.arm.command_twist(np.array([0.0, 0.0, 0.02, 0.0, 0.0, 0.0]))
            time.sleep(1 / 60)
"""
_MOVING = {"stream": "twist", "follow": "joints", "run": "rest", "freedrive": "freedrive"}


@pytest.mark.parametrize(
    ("doing", "number"),
    [
        ("stream", signal.SIGKILL),
        ("stream", signal.SIGSTOP),
        ("follow", signal.SIGTERM),
        ("follow", signal.SIGHUP),
        ("run", signal.SIGTERM),
        ("run", signal.SIGSTOP),
        ("freedrive", signal.SIGHUP),
        ("freedrive", signal.SIGSTOP),
    ],
)
def test_however_a_program_ends_it_leaves_an_arm_at_rest(trace, tmp_path, doing, number) -> None:
    """What a terminal sends reached the control process too: it died, or froze, with no stop.

    SIGTERM waited for the end of what was under way. The figures are the bench's; here that it
    stops at all, and the process ends.
    """
    script = tmp_path / "operator.py"
    data = pickle.dumps((MODEL, LIMITS, np.array(PANDA.observe_joints), resting(60.0)))
    emulators = os.path.dirname(traced_robot.__file__)
    script.write_text(
        _OPERATOR.format(emulators=emulators, data=data, trace=str(trace), doing=doing)
    )
    process = subprocess.Popen([sys.executable, str(script)], start_new_session=True)
    try:
        moving = _MOVING[doing]
        wait_for(lambda: moving in words(trace) or process.poll() is not None, 60.0)
        time.sleep(0.2)
        assert process.poll() is None, "the operator's program ended"
        os.killpg(process.pid, number)  # as a terminal does: to all that it started
        wait_for(lambda: words(trace)[-1] in ("stop", "disconnect"))
        assert doing != "freedrive" or "held" in words(trace)
        if number != signal.SIGSTOP:
            wait_for(lambda: words(trace)[-1] == "disconnect")
    finally:
        process.kill()
        process.wait()
    wait_for(lambda: words(trace)[-1] == "disconnect")
    assert words(trace)[-2] == "stop"


def test_a_stop_from_another_thread_ends_what_is_under_way(control, trace) -> None:
    """It waited until the trajectory was at its end."""
    t_s = np.linspace(0.0, 60.0, 6000)
    still = JointTrajectory(t_s, np.repeat(np.array(PANDA.observe_joints)[None], 6000, 0))
    with control:
        stopping = threading.Timer(0.3, control.arm.stop)
        stopping.start()
        with pytest.raises(OperatorStopError):
            control.arm.follow(still)
        stopping.join()
        control.arm.command_twist(FORWARD)  # only that one was stopped


def stream_until_ctrl_c(control, delay_s) -> None:
    threading.Timer(delay_s, os.kill, (os.getpid(), signal.SIGINT)).start()
    while True:
        control.arm.command_twist(FORWARD)


def test_answers_belong_to_their_requests_after_ctrl_c(control) -> None:
    """One that came late was taken for that of the next request, and so on for ever."""
    with control:
        for delay_s in np.linspace(0.0, 0.02, 12):
            with pytest.raises(KeyboardInterrupt):
                stream_until_ctrl_c(control, delay_s)
            with pytest.raises(SafetyViolation):
                control.arm.command_twist(np.full(6, np.nan))
        control.request_stop()
        with pytest.raises(OperatorStopError):
            control.arm.command_twist(FORWARD)
