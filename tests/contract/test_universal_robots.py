"""The driver of Universal Robots arms and of their gripper, against an emulated controller.

The vendor's client library is the real one; the emulator's own state is the back door.
"""

import functools
import pickle

import numpy as np
import pytest
from connection_contract import ConnectionContract
from device_contracts import GripperContract, ObservedArmContract
from emulator_process import EmulatorProcess
from universal_robots import UrEmulator
from universal_robots_rig import ur5e_at

from hardware.grippers.robotiq import RobotiqGripper
from mt3.control.monotonic_clock import MonotonicClock
from mt3.geometry import SE3

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("priority")]

HOST = "127.0.2.1"
NOBODY = "127.0.2.77"
SPEEDL, SERVOJ = 10, 11


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


class TestArm(BackDoor, ObservedArmContract, ConnectionContract):
    max_age_s = 0.1
    lag_s = 0.03

    @pytest.fixture
    def arm(self):
        return pickle.loads(pickle.dumps(ur5e_at(HOST)))  # as it goes to its process

    @pytest.fixture
    def stray_arm(self):
        return functools.partial(ur5e_at, NOBODY)

    def first_velocity(self):
        _, command, target = self.emulator.call("motions")[0]
        assert command == SPEEDL
        return target

    def first_joint_step(self, measured):
        motions = self.emulator.call("motions")
        first = next(target for _, command, target in motions if command == SERVOJ)
        return np.array(first) - measured

    def is_connected(self) -> bool:
        return self.emulator.call("status")["clients"] > 0

    def cut(self) -> None:
        self.emulator.call("cut")

    def mend(self) -> None:
        self.emulator.call("mend")

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
