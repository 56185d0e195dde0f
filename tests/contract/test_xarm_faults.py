"""What the drivers of the xArm and its gripper do when something is wrong, or goes wrong."""

import multiprocessing
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import time

import numpy as np
import pytest
from ufactory.xarm6 import LOWER, START, UPPER
from xarm_rig import TOOL, Emulator, make_arm

from hardware.grippers.xarm_gripper import UfactoryGripper
from mt3.control.monotonic_clock import MonotonicClock
from mt3.errors import (
    ConfigurationError,
    DeviceError,
    NotConnectedError,
    StaleDataError,
)
from mt3.geometry import SE3
from mt3.interfaces import FreedriveArm, JointTrajectory
from mt3.tool import ToolFrame

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("priority")]

UP = np.array([0.0, 0.0, -0.1, 0.0, 0.0, 0.0])
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture(scope="module")
def module_emulator():
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(module_emulator):
    module_emulator.call("reset")
    return module_emulator


@pytest.fixture
def arm(emulator):
    return make_arm(emulator.address)


def stream(arm, duration_s: float, V_BE_E=UP) -> None:
    end_s = time.monotonic() + duration_s
    while time.monotonic() < end_s:
        arm.command_twist(V_BE_E)
        time.sleep(0.015)


def stream_until_it_moves(emulator, arm) -> None:
    """On a busy machine the stream may be too thin for a moment, and the arm rest."""
    wait_until(lambda: stream(arm, 0.05) or emulator.call("moves"))


def line(start, turn, duration_s: float) -> JointTrajectory:
    return JointTrajectory([0.0, duration_s], np.stack([start, start + turn]))


def wait_until(condition, within_s: float = 5.0) -> None:
    end_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end_s, "it did not happen"
        time.sleep(0.01)


# Connecting


def test_constructing_does_not_import_the_library() -> None:
    program = (
        "import sys, hardware.arms.xarm as a, hardware.grippers.xarm_gripper as g\n"
        "g.UfactoryGripper('127.0.0.9')\n"
        "assert not any(name.split('.')[0] == 'xarm' for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_drivers_cross_to_another_process_before_they_connect(emulator, arm) -> None:
    arm, gripper = pickle.loads(pickle.dumps((arm, UfactoryGripper(emulator.address))))
    with arm, gripper:
        np.testing.assert_allclose(arm.state().joints, emulator.joints(), atol=1e-6)
        assert gripper.state().opening == pytest.approx(1.0, abs=0.01)


def test_stdout_stays_clean(emulator) -> None:
    ours = [p for p in sys.path if p.endswith(("contract", "emulators"))]
    program = (
        f"import sys; sys.path[:0] = {ours}\n"
        "from xarm_rig import make_arm\n"
        "from hardware.grippers.xarm_gripper import UfactoryGripper\n"
        f"with make_arm({emulator.address!r}) as arm, UfactoryGripper({emulator.address!r}):\n"
        "    arm.state()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert done.stdout == b""


def test_the_library_leaves_the_timeout_of_other_sockets_alone(arm) -> None:
    with arm:
        assert socket.getdefaulttimeout() is None


# Bad input


@pytest.mark.parametrize(
    ("set_up", "error", "message"),
    [
        ({"error": 31}, DeviceError, "controller error 31: Collision"),
        ({"enabled": False}, DeviceError, r"joints \[1, 2, 3, 4, 5, 6\] switched off"),
        ({"queued": 3, "state": 2}, DeviceError, "moving a program of somebody else"),
        ({"state": 3}, DeviceError, "pausing in a program of somebody else"),
        ({"mode": 2, "state": 2}, DeviceError, "manual mode"),
        ({"simulated": True}, DeviceError, "simulated robot"),
        ({"axes": 7, "device_type": 7}, ConfigurationError, "7 axes, device type 7"),
        ({"device_type": 9}, ConfigurationError, "drives 6 axes, device type 9"),
        ({"world_offset": (0.0, 0.0, 50.0, 0.0, 0.0, 0.0)}, ConfigurationError, "base coordinates"),
    ],
)
def test_a_controller_that_is_not_fit_is_refused(emulator, arm, set_up, error, message) -> None:
    emulator.call("set_up", set_up)
    with pytest.raises(error, match=message), arm:
        pass


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"tool": ToolFrame(SE3.from_translation([0, 0, 0.15]), "x", 0.82, (0, 0, 0.048))},
            r"TCP offset: the controller has \[0.0, 0.0, 172.0\] mm.*configuration.*150.0",
        ),
        (
            {"tool": ToolFrame(TOOL.T_flange_tool, "x", 0.3, (0, 0, 0.048))},
            r"payload: the controller has 0.82 kg.*0.3 kg",
        ),
        ({"lower": LOWER - 0.3 * np.eye(6)[1]}, r"joint 2: the arm turns from -2.0595 to"),
        ({"upper": UPPER + 0.3 * np.eye(6)[2]}, r"joint 3: the arm turns from -3.9270 to"),
    ],
)
def test_a_configuration_that_the_controller_contradicts_is_refused(
    emulator, changes, message
) -> None:
    with pytest.raises(ConfigurationError, match=message), make_arm(emulator.address, **changes):
        pass


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "xarm5"}, "expected one of xarm6"),
        ({"lower": [0.0] * 7}, "got 7 joint limits, expected 6"),
        ({"address": "robot.local"}, "IPv4 address"),
    ],
)
def test_a_configuration_that_is_none_is_refused_before_connecting(changes, message) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make_arm(changes.pop("address", "127.0.0.9"), **changes)


def test_an_address_where_nobody_listens_is_named() -> None:
    with (
        pytest.raises(NotConnectedError, match=r"127\.255\.255\.1: cannot connect"),
        make_arm("127.255.255.1"),
    ):
        pass


def test_a_host_that_never_answers_is_named_soon(emulator, arm) -> None:
    emulator.call("fall_silent")
    with pytest.raises(NotConnectedError, match=r"got no answer within 2\.0 s"), arm:
        pass


def test_a_pressed_emergency_stop_is_refused_until_it_is_released_and_cleared(emulator) -> None:
    emulator.call("tell", "press_emergency_stop")
    for clear in (False, True):  # clearing does not help while it is pressed
        with (
            pytest.raises(DeviceError, match="Emergency Stop Button"),
            make_arm(emulator.address, clear_errors=clear),
        ):
            pass
    emulator.call("tell", "release_emergency_stop")
    with (
        pytest.raises(DeviceError, match=r"scene\.arm\.clear_errors=true"),
        make_arm(emulator.address),
    ):
        pass
    with make_arm(emulator.address, clear_errors=True) as arm:
        stream_until_it_moves(emulator, arm)


def test_a_missing_library_names_the_extra(arm, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "xarm.wrapper", None)
    with pytest.raises(DeviceError, match=r"mt3-robot\[xarm\]"), arm:
        pass


def test_a_missing_gripper_is_named() -> None:
    with (
        Emulator(gripper=False) as emulator,
        pytest.raises(DeviceError, match="End Effector Communication Error"),
        UfactoryGripper(emulator.address),
    ):
        pass


# Motion


def test_the_reported_twist_is_the_true_one(emulator, arm) -> None:
    V_BE_E = np.array([0.05, -0.03, -0.06, 0.2, -0.1, 0.3])
    with arm:
        for _ in range(20):  # a busy machine may starve the stream for a moment
            stream(arm, 0.3, V_BE_E)
            if np.abs(arm.state().V_BE_E - V_BE_E).max() < 0.02:
                return
    pytest.fail(f"got {arm}")


def test_every_twist_carries_the_time_limit(emulator, arm) -> None:
    with arm:
        stream(arm, 0.1)
    durations_s = [command[3] for command in emulator.call("commands")]
    assert durations_s
    assert all(0.0 < duration_s <= 0.05 + 1e-6 for duration_s in durations_s)


def test_what_interrupts_a_trajectory_stops_the_arm_and_comes_through(emulator, arm) -> None:
    class Watch(MonotonicClock):
        def sleep_until(self, t_s):
            if emulator.call("moves"):
                raise KeyError("operator")
            super().sleep_until(t_s)

    arm.clock = Watch()
    with arm:
        with pytest.raises(KeyError, match="operator"):
            arm.follow(line(arm.state().joints, np.full(6, 0.5), 2.0))
        assert emulator.call("mode_and_state") == (1, 4)
        assert np.abs(emulator.joints() - START).max() < 0.4


def test_a_trajectory_into_a_limit_raises(emulator) -> None:
    with make_arm(emulator.address) as arm:
        start = arm.state().joints
        turn = np.array([0.0, 0.0, 1.2, 0.0, 0.0, 0.0])  # past the end of joint 3
        with pytest.raises(DeviceError, match="joints outside the arm's range"):
            arm.follow(line(start, turn, 1.0))
        wait_until(lambda: not emulator.call("moves"))


def test_a_hand_moves_the_arm_between_begin_and_end(emulator, arm) -> None:
    assert isinstance(arm, FreedriveArm)
    with arm:
        with pytest.raises(RuntimeError, match="stiff"):
            emulator.call("hand_moves", START)
        arm.begin_freedrive()
        moved = np.array(START) + 0.1
        emulator.call("hand_moves", moved)
        wait_until(lambda: np.abs(arm.state().joints - moved).max() < 1e-5)
        with pytest.raises(DeviceError, match="manual mode"):
            arm.command_twist(UP)
        arm.end_freedrive()
        arm.end_freedrive()
        with pytest.raises(RuntimeError, match="stiff"):
            emulator.call("hand_moves", START)
        arm.begin_freedrive()
    with pytest.raises(RuntimeError, match="stiff"):
        emulator.call("hand_moves", START)


# Leaving


@pytest.mark.parametrize("way", ["exception", "stop"])
def test_leaving_stops_the_arm(emulator, arm, way) -> None:
    def move_and_fail() -> None:
        stream(arm, 0.2)
        if way == "stop":
            arm.stop()
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"), arm:
        move_and_fail()
    assert emulator.call("mode_and_state")[1] == 4
    wait_until(lambda: not emulator.call("moves"))
    assert emulator.stopping_time_s() < 0.2


def stream_for_ever(address: str, started) -> None:
    with make_arm(address) as arm:
        while True:
            arm.command_twist(UP * 0.3)
            started.set()
            time.sleep(0.015)


def follow_for_ever(address: str, started) -> None:
    with make_arm(address) as arm:
        started.set()
        arm.follow(line(arm.state().joints, np.full(6, 0.4), 20.0))


@pytest.fixture
def streaming(emulator):
    """Starts a program that moves the arm; ends it whatever becomes of it."""
    children = []

    def start(program=stream_for_ever):
        started = SPAWN.Event()
        child = SPAWN.Process(target=program, args=(emulator.address, started), daemon=True)
        child.start()
        children.append(child)
        assert started.wait(30)
        wait_until(lambda: emulator.call("moves"))
        return child

    yield start
    for child in children:
        child.kill()
        child.join()


@pytest.mark.parametrize("program", [stream_for_ever, follow_for_ever])
def test_ctrl_c_stops_the_arm(emulator, streaming, program) -> None:
    child = streaming(program)
    os.kill(child.pid, signal.SIGINT)
    child.join(10)
    assert child.exitcode == 1
    assert emulator.call("mode_and_state")[1] == 4
    wait_until(lambda: not emulator.call("moves"))


@pytest.mark.parametrize("program", [stream_for_ever, follow_for_ever])
@pytest.mark.parametrize("what", [signal.SIGKILL, signal.SIGSTOP])
def test_the_controller_stops_without_us(emulator, streaming, program, what) -> None:
    child = streaming(program)
    os.kill(child.pid, what)
    wait_until(lambda: not emulator.call("moves"))
    assert emulator.stopping_time_s() < 0.15
    with make_arm(emulator.address) as arm:  # what is left behind does not lock the next one out
        assert arm.state().joints.shape == (6,)


def test_a_cut_cable_stops_the_arm_and_is_an_error_until_we_connect_again(emulator, arm) -> None:
    with arm:
        stream(arm, 0.3)
        emulator.call("fall_silent")
        with pytest.raises((StaleDataError, NotConnectedError)):
            stream_and_watch(arm, 5.0)
        wait_until(lambda: not emulator.call("moves"))
        assert emulator.stopping_time_s() < 0.15
        wait_until(lambda: raises(NotConnectedError, arm.state))
        emulator.call("mend")
        for _ in range(3):
            for call in (arm.state, arm.stop, lambda: arm.command_twist(UP)):
                with pytest.raises(NotConnectedError, match="no answer"):
                    call()
    with arm:
        stream_until_it_moves(emulator, arm)


def test_garbage_stops_the_arm_and_is_latched(emulator, arm) -> None:
    with arm:
        stream(arm, 0.3)
        emulator.call("send_garbage")
        with pytest.raises(DeviceError):
            stream_and_watch(arm, 5.0)
        wait_until(lambda: not emulator.call("moves"))
        wait_until(lambda: raises(NotConnectedError, arm.state))
        with pytest.raises(NotConnectedError):
            arm.command_twist(UP)
    emulator.call("mend")
    with arm:
        assert arm.state().joints.shape == (6,)


def test_a_slow_network_is_no_fault_but_its_states_are_stale(emulator, arm) -> None:
    with arm:
        emulator.call("delay", 0.2)
        wait_until(lambda: raises(StaleDataError, arm.state))
        emulator.call("mend")
        wait_until(lambda: not raises(StaleDataError, arm.state))
        stream_until_it_moves(emulator, arm)


@pytest.mark.parametrize("error", [1, 31])
def test_an_error_of_the_controller_is_named_at_the_next_call(emulator, arm, error) -> None:
    with arm:
        stream(arm, 0.2)
        if error == 1:
            emulator.call("tell", "press_emergency_stop")
        else:
            emulator.call("tell", "fail", error)
        with pytest.raises(DeviceError, match=f"controller error {error}:"):
            stream_and_watch(arm, 5.0)
        with pytest.raises(DeviceError, match=f"controller error {error}:"):
            arm.follow(line(np.array(START), np.full(6, 0.1), 1.0))


def test_a_stop_by_somebody_else_is_an_error(emulator, arm) -> None:
    with arm:
        stream(arm, 0.2)
        emulator.call("tell", "set_state", 4)
        with pytest.raises(DeviceError, match="stopped by somebody else"):
            stream_and_watch(arm, 5.0)


def stream_and_watch(arm, duration_s: float) -> None:
    end_s = time.monotonic() + duration_s
    while time.monotonic() < end_s:
        arm.command_twist(UP * 0.2)
        arm.state()
        time.sleep(0.015)


def raises(error, call) -> bool:
    try:
        call()
    except DeviceError as got:
        return isinstance(got, error)
    return False


# The gripper


def test_an_object_stops_the_fingers_which_keep_hold_of_it(emulator) -> None:
    emulator.call("set_obstacle", 0.35)
    with UfactoryGripper(emulator.address) as gripper:
        gripper.command(0.0)
        wait_until(lambda: abs(gripper.state().opening - 0.35) < 0.01)
        gripper.stop()
        time.sleep(0.3)
        emulator.call("set_obstacle", None)  # what is held gives way: still pressed
        wait_until(lambda: gripper.state().opening < 0.05)
        assert gripper.state().command == 0.0


def test_a_fault_of_the_gripper_is_named_and_cleared_when_asked(emulator) -> None:
    with UfactoryGripper(emulator.address) as gripper:
        emulator.call("break_gripper", 11)
        wait_until(lambda: raises(DeviceError, gripper.state))
        with pytest.raises(DeviceError, match="gripper's error 11"):
            gripper.command(0.2)
    with pytest.raises(DeviceError, match="clear_errors"), UfactoryGripper(emulator.address):
        pass
    with UfactoryGripper(emulator.address, clear_errors=True) as gripper:
        assert gripper.state().opening == pytest.approx(1.0, abs=0.01)


def test_a_lost_gripper_connection_is_latched(emulator) -> None:
    with UfactoryGripper(emulator.address) as gripper:
        emulator.call("cut")
        wait_until(lambda: raises(NotConnectedError, gripper.state))
        with pytest.raises(NotConnectedError):
            gripper.command(0.2)


def test_the_gripper_works_beside_a_moving_arm(emulator, arm) -> None:
    with arm, UfactoryGripper(emulator.address) as gripper:
        gripper.command(1.0)
        stream(arm, 1.0)
        stream_until_it_moves(emulator, arm)
        wait_until(lambda: gripper.state().opening > 0.98)


# The emulator keeps to the maker's document.


@pytest.mark.parametrize(("duration_s", "goes_on"), [(0.0, True), (0.1, False)])
def test_a_dead_client_leaves_a_twist_without_time_limit(emulator, duration_s, goes_on) -> None:
    """The client's ``vc_set_cartesian_velocity``: duration 0 is "always effective"."""

    def frame(register: int, data: bytes) -> bytes:
        return struct.pack(">HHHB", 1, 2, 1 + len(data), register) + data

    twist = struct.pack("<6fBf", 0.0, 0.0, -20.0, 0.0, 0.0, 0.0, 1, duration_s)
    with socket.create_connection((emulator.address, 502), 5) as client:
        for register, data in ((19, b"\5"), (12, b"\0"), (82, twist)):
            client.sendall(frame(register, data))
            client.recv(64)
    time.sleep(0.5)
    assert emulator.call("moves") is goes_on
