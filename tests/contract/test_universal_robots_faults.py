"""What a Universal Robots arm does when something goes wrong, against an emulated controller."""

import functools
import gc
import multiprocessing
import os
import signal
import sys
import time

import numpy as np
import pytest
from emulator_process import EmulatorProcess
from universal_robots import UrEmulator
from universal_robots_rig import TOOL, stream_twist, ur5e_at

from mt3.control.monotonic_clock import MonotonicClock
from mt3.errors import (
    ConfigurationError,
    DeviceError,
    GeometryError,
    NotConnectedError,
    StaleDataError,
)
from mt3.geometry import SE3
from mt3.interfaces import JointTrajectory
from mt3.tool import ToolFrame

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("priority")]

HOST = "127.0.2.2"  # its ports are fixed, so each file of tests takes an address
ur5e = functools.partial(ur5e_at, HOST)
UP = np.array([0.0, 0.0, -0.1, 0.0, 0.0, 0.0])
STILL_S = 0.3  # generous: the figures come from the bench


@pytest.fixture(scope="module")
def emulators():
    with EmulatorProcess(functools.partial(UrEmulator, HOST)) as emulator:
        yield emulator


@pytest.fixture
def emulator(emulators):
    emulators.call("reset")
    return emulators


def stream(arm, duration_s: float) -> None:
    end_s = time.monotonic() + duration_s
    while time.monotonic() < end_s:
        arm.command_twist(UP)
        time.sleep(1 / 60)


def stream_then(event) -> None:
    with ur5e() as arm:
        stream(arm, 0.3)
        event()


def slow_path(start) -> JointTrajectory:
    u = np.linspace(0.0, 1.0, 60)
    s = u**3 * (10 - 15 * u + 6 * u**2)
    return JointTrajectory(3.0 * u, start + s[:, None] * np.full(6, 0.3))


def speed(emulator) -> float:
    return float(np.abs(emulator.call("joint_speeds")).max())


def still_after_last_packet_s(emulator, since_s: float) -> float:
    """From the last command packet received to the first cycle at rest, if it moved before."""
    log = emulator.call("log", since_s)
    moving = np.abs(log["qd"]).max(axis=1) > 1e-6
    assert moving[0]
    assert not moving[-1]
    stopped = int(np.flatnonzero(moving)[-1]) + 1
    return float(log["t_s"][stopped] - log["last_packet_s"][-1])


class TestBegin:
    def test_the_watchdog_is_armed_before_anything_moves(self, emulator) -> None:
        with ur5e():
            assert emulator.call("status")["watchdog_hz"] >= 20.0
            assert not any(any(target) for _, _, target in emulator.call("motions"))

    def test_a_missing_package_is_named_with_its_extra(self, emulator, monkeypatch) -> None:
        monkeypatch.setitem(sys.modules, "rtde_receive", None)
        with pytest.raises(DeviceError, match=r"mt3-robot\[ur\]"), ur5e():
            pass


class TestRefusedAtConnect:
    def refused(self, error, match: str, host: str = HOST, **changed: object) -> None:
        with pytest.raises(error, match=match), ur5e_at(host, **changed):
            pass

    def test_wrong_address(self) -> None:
        self.refused(NotConnectedError, "nothing answers.*check the address", host="127.0.2.77")

    def test_local_mode(self, emulator) -> None:
        emulator.call("set_remote", False)
        self.refused(DeviceError, "local mode; choose Remote Control")

    def test_emergency_stop(self, emulator) -> None:
        emulator.call("emergency_stop")
        self.refused(DeviceError, "emergency stop is pressed.*release it")

    def test_protective_stop(self, emulator) -> None:
        emulator.call("protective_stop")
        self.refused(DeviceError, "protective stop;.*unlock")

    def test_brakes_on(self, emulator) -> None:
        emulator.call("set_brakes", True)
        self.refused(DeviceError, "brakes are on; release them")

    def test_a_program_is_running(self, emulator) -> None:
        emulator.call("run_other_program")
        self.refused(DeviceError, "a program is running.*stop it")

    def test_a_second_client(self, emulator) -> None:
        with ur5e():
            self.refused(DeviceError, "a program is running")

    def test_another_tool_centre_point(self, emulator) -> None:
        tool = ToolFrame(SE3.from_translation((0.0, 0.0, 0.15)), "", 0.93, (0.0, 0.0, 0.058))
        self.refused(ConfigurationError, r"0\.174.*24\.0 mm.*pendant", tool=tool)
        assert not emulator.call("status")["program"]

    def test_another_payload(self, emulator) -> None:
        tool = ToolFrame(TOOL.T_flange_tool, "", 1.5, (0.0, 0.0, 0.058))
        self.refused(ConfigurationError, r"0\.930 kg.*1\.500 kg", tool=tool)

    def test_another_centre_of_mass(self, emulator) -> None:
        tool = ToolFrame(TOOL.T_flange_tool, "", 0.93, (0.0, 0.02, 0.058))
        self.refused(ConfigurationError, "payload", tool=tool)

    def test_limits_wider_than_the_robots(self, emulator) -> None:
        upper = np.array([2, 2, 2.1, 2, 2, 2]) * np.pi
        self.refused(ConfigurationError, r"joint 3.*6\.2832.*6\.5973", upper=upper)

    def test_another_count_of_joints(self, emulator) -> None:
        seven = {name: np.ones(7) for name in ("upper", "dh_a", "dh_d")}
        self.refused(ConfigurationError, "6 joints, expected 7", lower=-np.ones(7), **seven)

    def test_another_arm_of_the_maker(self, emulator) -> None:
        ur3e = [0.0, -0.24355, -0.2132, 0.0, 0.0, 0.0]
        self.refused(ConfigurationError, "Denavit-Hartenberg a.*-0.425.*-0.2436", dh_a=ur3e)


class TestLeaving:
    def test_an_interrupt_stops_the_arm_and_comes_out(self, emulator) -> None:
        with pytest.raises(KeyboardInterrupt):
            stream_then(lambda: signal.raise_signal(signal.SIGINT))
        assert speed(emulator) == 0.0
        assert emulator.call("status")["why_stopped"] == "ended"

    def test_an_interrupt_during_a_path_stops_the_arm(self, emulator) -> None:
        class Leaving(MonotonicClock):
            def sleep_until(self, t_s: float) -> None:
                super().sleep_until(t_s)
                if speed(emulator) > 0.05:
                    raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt), ur5e(clock=Leaving()) as arm:
            arm.follow(slow_path(arm.state().joints))
        assert speed(emulator) == 0.0


class TestDuring:
    @pytest.mark.parametrize(
        ("fault", "message"),
        [("protective_stop", "protective stop"), ("emergency_stop", "emergency stop")],
    )
    @pytest.mark.parametrize("motion", ["twist", "path"])
    def test_a_stop_of_the_controller_is_reported(self, emulator, fault, message, motion) -> None:
        with ur5e() as arm:
            if motion == "twist":
                stream(arm, 0.2)
                emulator.call(fault)
                with pytest.raises(DeviceError, match=message):
                    stream(arm, 1.0)
            else:
                clock = FaultClock(lambda: emulator.call(fault))
                arm.clock = clock
                with pytest.raises(DeviceError, match=message):
                    arm.follow(slow_path(arm.state().joints))
            with pytest.raises(DeviceError, match=message):
                arm.state()
        assert speed(emulator) == 0.0
        emulator.call("release")
        with ur5e() as arm:
            stream(arm, 0.2)
            assert speed(emulator) > 0.0

    def test_an_error_let_go_of_later_does_not_stop_the_next_connection(
        self, emulator, caplog
    ) -> None:
        """Its traceback had kept the old clients, whose destructors hold up every thread."""
        caplog.set_level("CRITICAL", "hardware.arms.ur_link")  # pytest keeps what is logged
        with ur5e() as arm:
            emulator.call("emergency_stop")
            with pytest.raises(DeviceError, match="emergency stop"):
                stream(arm, 1.0)
        emulator.call("release")
        with ur5e() as arm:
            stream(arm, 0.1)
            gc.collect()
            stream(arm, 0.2)
            assert speed(emulator) > 0.0

    def test_a_cut_connection_stops_a_stream(self, emulator) -> None:
        with ur5e() as arm:
            stream(arm, 0.2)
            cut_s = emulator.call("cut")
            with pytest.raises(NotConnectedError, match="connect anew"):
                stream(arm, 2.0)
        time.sleep(0.2)
        assert still_after_last_packet_s(emulator, cut_s - 0.1) < STILL_S

    def test_a_connection_cut_during_a_path_is_reported_and_stops_it(self, emulator) -> None:
        with ur5e() as arm:
            arm.clock = FaultClock(lambda: emulator.call("cut"))
            with pytest.raises(NotConnectedError, match="connect anew"):
                arm.follow(slow_path(arm.state().joints))
            with pytest.raises(NotConnectedError, match="connect anew"):
                arm.state()
        time.sleep(0.2)
        assert speed(emulator) == 0.0

    def test_a_dead_network_gives_no_old_state(self, emulator) -> None:
        with ur5e() as arm:
            stream(arm, 0.2)
            silent_s = emulator.call("fall_silent")
            with pytest.raises((StaleDataError, NotConnectedError)):
                stream(arm, 2.0)
            time.sleep(0.7)
            with pytest.raises(NotConnectedError, match="network"):
                arm.state()
            assert still_after_last_packet_s(emulator, silent_s - 0.1) < STILL_S

    def test_a_controller_that_carries_out_nothing_is_reported(self, emulator) -> None:
        with ur5e() as arm:
            emulator.call("refuse_commands")
            with pytest.raises(DeviceError):
                stream(arm, 5.0)

    @pytest.mark.parametrize("twist", [UP * 500.0, UP[::-1] * 40.0])
    def test_a_twist_no_robot_can_follow_never_reaches_the_client(self, emulator, twist) -> None:
        with ur5e() as arm, pytest.raises(GeometryError, match="expected at most"):
            arm.command_twist(twist)
        assert not any(any(target) for _, _, target in emulator.call("motions"))

    def test_a_network_slower_than_the_watchdog_is_reported(self, emulator) -> None:
        emulator.call("delay", 0.06, "rtde")
        with pytest.raises(DeviceError, match="watchdog heard nothing"), ur5e() as arm:
            stream(arm, 1.0)


class TestFreedrive:
    def test_a_hand_moves_the_arm_only_in_between(self, emulator) -> None:
        with ur5e() as arm:
            goal = arm.state().joints + 0.2
            arm.begin_freedrive()
            emulator.call("hand_moves", goal)
            time.sleep(0.1)
            np.testing.assert_allclose(arm.state().joints, goal, atol=1e-6)
            with pytest.raises(DeviceError, match="guided"):
                arm.command_twist(UP)
            arm.end_freedrive()
            with pytest.raises(RuntimeError, match="not in teach mode"):
                emulator.call("hand_moves", goal)
            stream(arm, 0.2)
            assert speed(emulator) > 0.0

    @pytest.mark.parametrize("how", ["stop", "leave"])
    def test_it_ends_with_a_stop_and_with_the_block(self, emulator, how) -> None:
        with ur5e() as arm:
            arm.begin_freedrive()
            assert emulator.call("status")["teaching"]
            if how == "stop":
                arm.stop()
                assert not emulator.call("status")["teaching"]
        assert not emulator.call("status")["teaching"]


class TestDeadProcess:
    """The controller's own watchdog is all that is left."""

    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
    def test_a_process_that_dies_or_freezes_stops_the_arm(self, emulator, number) -> None:
        self.stream_until(emulator, lambda process: os.kill(process.pid, number))

    def test_garbage_ends_the_client_and_stops_the_arm(self, emulator) -> None:
        self.stream_until(emulator, lambda _: emulator.call("send_garbage"))

    def stream_until(self, emulator, fault) -> None:
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=stream_twist, args=(HOST, UP), daemon=True)
        process.start()
        try:
            while speed(emulator) == 0.0:
                assert process.is_alive()
                time.sleep(0.05)
            time.sleep(0.2)
            since_s = time.monotonic() - 0.1
            fault(process)
            time.sleep(1.0)
            assert still_after_last_packet_s(emulator, since_s) < STILL_S
            assert emulator.call("status")["why_stopped"] == "watchdog"
        finally:
            process.kill()
            process.join()


class FaultClock(MonotonicClock):
    """Lets something happen half a second into the first motion that it paces."""

    def __init__(self, fault) -> None:
        self._fault = fault
        self._at_s = self.now_s() + 0.7

    def sleep_until(self, t_s: float) -> None:
        super().sleep_until(t_s)
        if self._fault is not None and self.now_s() > self._at_s:
            fault, self._fault = self._fault, None
            fault()
