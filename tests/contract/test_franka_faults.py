"""What the Franka drivers do when something goes wrong, over franky and franky-sim.

Its faults are ours (``franka_simulator``). franky-sim lacks the controller's stop after 20 lost
packets, so that nothing here shows what a frozen client or a cut cable does to a robot's motion.
"""

import functools
import os
import signal
import socket
import sys
from pathlib import Path

import numpy as np
import pytest
from franka_rig import (
    SPAWN,
    UPPER,
    RunningFranka,
    fr3_at,
    stream,
    stream_twist,
)
from hydra.utils import instantiate
from omegaconf import OmegaConf

from hardware.grippers.franka_hand import FrankaHand
from mt3.errors import (
    ConfigurationError,
    DeviceError,
    GeometryError,
    NotConnectedError,
    StaleDataError,
)
from mt3.geometry import SE3
from mt3.interfaces import FreedriveArm, JointTrajectory
from mt3.tool import ToolFrame

pytestmark = pytest.mark.alone

CONFIGS = Path(__file__).parents[2] / "configs"
ADDRESS = "127.0.33.2"
NOBODY = "127.0.33.77"
UP = np.array([0.0, 0.0, -0.1, 0.0, 0.0, 0.0])  # of the tool, which points down
STILL_S = 0.3  # generous: the simulated arm swings a little, and the machine may be busy


@pytest.fixture(scope="module")
def running():
    with RunningFranka(ADDRESS) as running:
        yield running


@pytest.fixture
def simulator(running):
    running.reset()
    return running


@pytest.fixture
def fr3(simulator):
    return functools.partial(fr3_at, ADDRESS, simulator.clock)


def slow_path(start) -> JointTrajectory:
    u = np.linspace(0.0, 1.0, 60)
    s = u**3 * (10 - 15 * u + 6 * u**2)
    return JointTrajectory(5.0 * u, start + s[:, None] * np.full(7, 0.3))


class FaultClock:
    """Lets something happen a while into the first motion that it paces."""

    def __init__(self, clock, fault) -> None:
        self._clock, self._fault = clock, fault
        self._at_s = clock.now_s() + 0.5
        self.now_s = clock.now_s

    def sleep_until(self, t_s: float) -> None:
        self._clock.sleep_until(t_s)
        if self._fault is not None and self.now_s() > self._at_s:
            fault, self._fault = self._fault, None
            fault()


class TestBegin:
    def test_connecting_moves_nothing(self, simulator, fr3) -> None:
        arm = fr3()
        assert isinstance(arm, FreedriveArm)
        with arm:
            simulator.wait(0.05)
            assert simulator.call("first_commands") == []

    def test_the_example_configuration_fits_the_robot(self, fr3) -> None:
        config = OmegaConf.load(CONFIGS / "scene" / "franka.yaml")
        model = instantiate(config.model)
        with fr3(tool=instantiate(config.tool), lower=model.lower, upper=model.upper) as arm:
            state = arm.state()
        assert model.forward(state.joints).is_close(state.T_BE, 1e-3, 1e-3)

    def test_a_missing_package_is_named_with_its_extra(self, fr3, monkeypatch) -> None:
        monkeypatch.setitem(sys.modules, "franky", None)
        for device in (fr3(), FrankaHand(ADDRESS)):
            with pytest.raises(DeviceError, match=r"mt3-robot\[franka\]"), device:
                pass


class TestRefusedAtConnect:
    def refused(self, device, error, match: str) -> None:
        with pytest.raises(error, match=match), device:
            pass

    def test_fci_not_active(self) -> None:
        self.refused(fr3_at(NOBODY), NotConnectedError, "its FCI is not.*activate FCI in Desk")

    def test_no_hand(self) -> None:
        self.refused(FrankaHand(NOBODY), NotConnectedError, "choose it as the end effector")

    def test_wrong_address(self, monkeypatch) -> None:
        """No address on loopback is nobody's, so that the probe is stood in for."""

        def nobody(*_: object) -> None:
            raise TimeoutError("timed out")

        monkeypatch.setattr(socket, "create_connection", nobody)
        self.refused(fr3_at(NOBODY), NotConnectedError, "nobody is at that address.*`address`")

    def test_another_program(self, fr3) -> None:
        with fr3():
            self.refused(fr3(), NotConnectedError, "another program holds its FCI: end")

    @pytest.mark.parametrize(
        ("mode", "message"),
        [
            ("UserStopped", "user stop: release it"),
            ("Reflex", "reflex.*recover_errors=true"),
            ("Other", "unlock its joints and activate FCI"),
            ("Guiding", "let go of the guiding buttons"),
            ("Move", "another program"),
        ],
    )
    def test_a_mode_without_control(self, simulator, fr3, mode, message) -> None:
        simulator.call("be_in_mode", mode)
        self.refused(fr3(), DeviceError, message)

    def test_another_tool_centre_point(self, fr3) -> None:
        tool = ToolFrame(SE3.from_translation((0.0, 0.0, 0.15)), "", 0.73, (-0.01, 0.0, 0.03))
        self.refused(fr3(tool=tool), ConfigurationError, r"0\.15.*F_T_EE is.*0\.1034.*Desk")

    def test_another_load(self, simulator, fr3) -> None:
        simulator.call("carry", 0.4)
        self.refused(fr3(), ConfigurationError, r"payload_kg: got 0\.73.*1\.130.*Desk")

    def test_limits_wider_than_the_robots(self, fr3) -> None:
        upper = np.array(UPPER) + np.eye(7)[3]
        self.refused(fr3(upper=upper), ConfigurationError, r"upper.*0\.8831.*own.*-0\.1169.*narrow")

    def test_another_count_of_joints(self, fr3) -> None:
        with pytest.raises(GeometryError, match="lower"):
            fr3(lower=np.ones(6))

    def test_a_hand_that_was_not_homed(self, simulator) -> None:
        simulator.call("unhome")
        self.refused(FrankaHand(ADDRESS), DeviceError, "home it in Desk")


class TestLeaving:
    def test_ctrl_c_stops_a_twist(self, simulator, fr3) -> None:
        def leave() -> None:
            with fr3() as arm:
                stream(arm, UP, 0.3)
                assert not simulator.at_rest()
                signal.raise_signal(signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            leave()
        simulator.wait_until(simulator.at_rest, STILL_S)

    def test_ctrl_c_stops_a_path(self, simulator, fr3) -> None:
        arm = fr3()
        arm.clock = FaultClock(simulator.clock, lambda: signal.raise_signal(signal.SIGINT))
        with pytest.raises(KeyboardInterrupt), arm:
            arm.follow(slow_path(arm.state().joints))
        simulator.wait_until(simulator.at_rest, STILL_S)

    def test_a_killed_process_leaves_an_arm_at_rest(self, simulator) -> None:
        process = SPAWN.Process(
            target=stream_twist, args=(ADDRESS, simulator.clock, UP, 60.0), daemon=True
        )
        process.start()
        try:
            simulator.wait_until(lambda: simulator.speed() > 0.1, at_most_s=60.0)
            os.kill(process.pid, signal.SIGKILL)
            simulator.wait_until(simulator.at_rest, STILL_S)
            simulator.wait(0.2)
            assert simulator.at_rest()
        finally:
            process.kill()
            process.join()


class TestDuring:
    @pytest.mark.parametrize(
        ("fault", "message"), [("reflex", "reflex"), ("press_user_stop", "user stop")]
    )
    @pytest.mark.parametrize("motion", ["twist", "path"])
    def test_a_stop_of_the_controller_is_reported(
        self, simulator, fr3, fault, message, motion
    ) -> None:
        with fr3() as arm:
            with pytest.raises(DeviceError, match=message):
                self.move_until(arm, simulator, motion, fault)
            with pytest.raises(DeviceError, match=message):
                arm.state()
        simulator.wait_until(simulator.at_rest, STILL_S)

    @pytest.mark.parametrize(
        ("fault", "motion"), [("cut", "path"), ("fall_silent", "twist"), ("fall_silent", "path")]
    )
    def test_a_lost_connection_is_reported_until_connected_anew(
        self, simulator, fr3, fault, motion
    ) -> None:
        arm = fr3()
        with arm:
            with pytest.raises((StaleDataError, NotConnectedError), match=r"network|connect again"):
                self.move_until(arm, simulator, motion, fault)
            simulator.wait(1.5)  # libfranka waits for a second
            with pytest.raises(NotConnectedError, match="connect again"):
                arm.command_twist(UP)
        simulator.reset()
        arm.clock = simulator.clock
        with arm:
            stream(arm, UP, 0.1)

    def move_until(self, arm, simulator, motion: str, fault: str) -> None:
        if motion == "twist":
            stream(arm, UP, 0.2)
            simulator.call(fault)
            stream(arm, UP, 5.0)
        else:
            arm.clock = FaultClock(simulator.clock, lambda: simulator.call(fault))
            arm.follow(slow_path(arm.state().joints))

    def test_a_reflex_is_recovered_from_only_when_asked(self, simulator, fr3) -> None:
        simulator.call("reflex")
        with pytest.raises(DeviceError, match="recover_errors=true"), fr3():
            pass
        with fr3(recover_errors=True) as arm:
            stream(arm, UP, 0.1)

    def test_a_user_stop_is_never_recovered_from(self, simulator, fr3) -> None:
        simulator.call("press_user_stop")
        with pytest.raises(DeviceError, match="release it"), fr3(recover_errors=True):
            pass

    def test_a_path_of_another_arm_is_refused(self, simulator, fr3) -> None:
        with fr3() as arm, pytest.raises(DeviceError, match="6 joints, expected 7"):
            arm.follow(JointTrajectory([0.0, 1.0], np.zeros((2, 6))))


class TestFreedrive:
    PUSH_N = (0.0, 0.0, 15.0)

    def test_a_hand_moves_the_arm_only_in_between(self, simulator, fr3) -> None:
        with fr3() as arm:
            arm.begin_freedrive()
            with pytest.raises(DeviceError, match="end free-drive first"):
                arm.command_twist(UP)
            assert self.yields(simulator) > 0.02
            simulator.call("push", (0.0, 0.0, 0.0))
            arm.end_freedrive()
            assert self.yields(simulator) < 0.01
            simulator.call("push", (0.0, 0.0, 0.0))
            stream(arm, UP, 0.1)

    @pytest.mark.parametrize("how", ["stop", "leave"])
    def test_it_ends_with_a_stop_and_with_the_block(self, simulator, fr3, how) -> None:
        with fr3() as arm:
            arm.begin_freedrive()
            if how == "stop":
                arm.stop()
                assert self.yields(simulator) < 0.01
        assert self.yields(simulator) < 0.01

    def yields(self, simulator) -> float:
        """How far the tool goes under a push, metres."""
        before = simulator.call("pose")
        simulator.call("push", self.PUSH_N)
        simulator.wait(0.5)
        return float(np.linalg.norm(simulator.call("pose")[:3, 3] - before[:3, 3]))


class TestHand:
    @pytest.fixture
    def hand(self, simulator):
        return FrankaHand(ADDRESS, clock=simulator.clock)

    def test_stopping_and_leaving_keep_hold(self, simulator, hand) -> None:
        with hand:
            hand.command(0.0)
            simulator.wait_until(lambda: simulator.call("is_grasping"))
            hand.stop()
            simulator.wait(0.1)
            assert simulator.call("is_grasping")
        simulator.wait(0.1)
        assert simulator.call("is_grasping")

    def test_a_lost_connection_is_reported_until_connected_anew(self, simulator, hand) -> None:
        def lost() -> bool:
            try:
                hand.state()
            except NotConnectedError:
                return True
            return False

        with hand:
            simulator.call("cut")
            simulator.wait_until(lost)
            with pytest.raises(NotConnectedError, match="connect again"):
                hand.command(1.0)
        simulator.reset()
        with hand:
            hand.command(1.0)
