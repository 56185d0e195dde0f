"""The driver of Universal Robots arms and of their gripper, against an emulated controller.

The vendor's client library is the real one; the emulator's own state is the back door.
"""

import functools
import pickle

import pytest
from device_contracts import ArmContract, GripperContract
from emulator_process import EmulatorProcess
from universal_robots import UrEmulator
from universal_robots_rig import ur5e_at

from hardware.grippers.robotiq import RobotiqGripper
from mt3.control.monotonic_clock import MonotonicClock
from mt3.geometry import SE3

pytestmark = pytest.mark.usefixtures("priority")

HOST = "127.0.2.1"


@pytest.fixture(scope="module")
def emulator():
    with EmulatorProcess(functools.partial(UrEmulator, HOST)) as emulator:
        yield emulator


@pytest.fixture
def clock():
    return MonotonicClock()


class BackDoor:
    @pytest.fixture(autouse=True)
    def open_back_door(self, emulator) -> None:
        emulator.call("reset")
        self.emulator = emulator


class TestArm(BackDoor, ArmContract):
    max_age_s = 0.1
    lag_s = 0.03

    @pytest.fixture
    def arm(self):
        return pickle.loads(pickle.dumps(ur5e_at(HOST)))  # as it goes to its process

    def true_joints(self):
        return self.emulator.call("joints")

    def true_T_BE(self):
        return SE3(self.emulator.call("pose"))


class TestGripper(BackDoor, GripperContract):
    full_width_m = 0.085
    max_age_s = 0.2

    @pytest.fixture
    def gripper(self):
        return pickle.loads(pickle.dumps(RobotiqGripper(HOST)))

    def true_width_m(self):
        return self.emulator.call("opening") * 0.085
