"""The Franka drivers keep the contracts over franky and franky-sim; MuJoCo is the back door.

franky's arm runs on the simulator's time, so that a busy machine makes these tests slow, not wrong.
"""

import functools
import multiprocessing
import pickle

import numpy as np
import pytest
from device_contracts import ArmContract, GripperContract
from emulator_process import EmulatorProcess
from franka_simulator import FrankaSimulator, SimulatedClock

from hardware.arms.franka import FrankaArm
from hardware.grippers.franka_hand import FrankaHand
from mt3.geometry import SE3
from mt3.interfaces import FreedriveArm, JointTrajectory
from mt3.tool import ToolFrame

ADDRESS = "127.0.33.1"
HAND = ToolFrame(
    SE3.from_yaw(-np.pi / 4, (0.0, 0.0, 0.1034)), "franka_hand", 0.73, (-0.01, 0.0, 0.03)
)
LOWER = (-2.9007, -1.8361, -2.9007, -3.077, -2.8763, 0.4398, -3.0508)  # of franky-sim's FR3
UPPER = (2.9007, 1.8361, 2.9007, -0.1169, 2.8763, 4.6216, 3.0508)
SPAWN = multiprocessing.get_context("spawn")
UP = np.array([0.0, 0.0, -0.1, 0.0, 0.0, 0.0])  # of the tool, which points down
AT_REST_RAD_S = 5e-3


def build_arm(clock=None, **changes) -> FrankaArm:
    settings = {"tool": HAND, "lower": LOWER, "upper": UPPER, "require_realtime_kernel": False}
    return FrankaArm(ADDRESS, **settings | changes, clock=clock)


class Running:
    """A simulator in its process, and its time."""

    def __init__(self) -> None:
        time_s = SPAWN.Value("d", 0.0)
        self.clock = SimulatedClock(time_s)
        self.process = EmulatorProcess(functools.partial(FrankaSimulator, ADDRESS, time_s))

    def wait(self, duration_s: float) -> None:
        self.clock.sleep_until(self.clock.now_s() + duration_s)

    def wait_until(self, condition, at_most_s: float = 5.0) -> None:
        end_s = self.clock.now_s() + at_most_s
        while not condition():
            assert self.clock.now_s() < end_s
            self.wait(0.01)

    def speed(self) -> float:
        return float(np.abs(self.process.call("joint_speeds")).max())

    def at_rest(self) -> bool:
        return self.speed() < AT_REST_RAD_S

    def reset(self) -> None:
        self.wait_until(lambda: not self.process.call("has_client"))
        self.process.call("reset")
        self.wait(0.02)


@pytest.fixture(scope="module")
def running():
    started = Running()
    with started.process:
        yield started


@pytest.fixture
def simulator(running):
    running.reset()
    return running


@pytest.fixture
def clock(simulator):
    return simulator.clock


@pytest.fixture
def arm(clock):
    return build_arm(clock)


def stream(simulator, arm, V_BE_E, duration_s: float) -> None:
    end_s = simulator.clock.now_s() + duration_s
    while simulator.clock.now_s() < end_s:
        arm.command_twist(V_BE_E)
        simulator.wait(1 / 60)


class TestFrankaArm(ArmContract):
    max_age_s = 0.05
    lag_s = 0.05

    @pytest.fixture(autouse=True)
    def open_back_door(self, simulator) -> None:
        self.call = simulator.process.call

    def true_joints(self):
        return self.call("joints")

    def true_T_BE(self):
        return SE3(self.call("pose"))


class TestFrankaHand(GripperContract):
    full_width_m = 0.08
    time_to_move_s = 1.1
    max_age_s = 0.1

    @pytest.fixture
    def gripper(self, clock):
        return FrankaHand(ADDRESS, clock=clock)

    @pytest.fixture(autouse=True)
    def open_back_door(self, simulator) -> None:
        self.call = simulator.process.call

    def true_width_m(self):
        return self.call("width_m")


def test_drivers_travel_to_another_process_and_connect_only_in_with(simulator) -> None:
    for driver in (build_arm(), FrankaHand(ADDRESS)):
        pickle.loads(pickle.dumps(driver))
        assert not simulator.process.call("has_client")
    assert isinstance(build_arm(), FreedriveArm)


def test_first_velocities_are_those_of_rest(simulator, arm) -> None:
    with arm:
        assert simulator.process.call("first_commands") == []
        stream(simulator, arm, UP, 0.1)
        arm.stop()
        joints = arm.state().joints
        arm.follow(JointTrajectory([0.0, 0.5], np.array([joints, joints + 0.01])))
        arm.stop()
    first = simulator.process.call("first_commands")
    assert len(first) == 2
    np.testing.assert_allclose(np.concatenate([np.ravel(pair) for pair in first]), 0.0, atol=2e-3)
