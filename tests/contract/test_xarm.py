"""The xArm and its gripper keep the contracts, through UFACTORY's own client."""

import functools

import numpy as np
import pytest
from connection_contract import ConnectionContract
from device_contracts import GripperContract, ObservedArmContract
from xarm_rig import Emulator, make_arm

from hardware.grippers.xarm_gripper import UfactoryGripper
from mt3.control.monotonic_clock import MonotonicClock

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("priority")]

NOBODY = "127.255.255.2"


@pytest.fixture(scope="module")
def module_emulator():
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(module_emulator):
    module_emulator.call("reset")
    return module_emulator


@pytest.fixture
def clock():
    return MonotonicClock()


class TestUfactoryArm(ObservedArmContract, ConnectionContract):
    max_age_s = 0.3
    lag_s = 0.05  # the zero twist first, then up to 15 ms to the next one, and the way there

    @pytest.fixture
    def arm(self, emulator):
        self.emulator = emulator
        return make_arm(emulator.address)

    @pytest.fixture
    def stray_arm(self):
        return functools.partial(make_arm, NOBODY)

    def first_velocity(self):
        kind, _, twist, _ = self.emulator.call("commands")[0]
        assert kind == "twist"
        return twist

    def first_joint_step(self, measured):
        told = (command for command in self.emulator.call("commands") if command[0] == "joints")
        return np.array(next(told)[2]) - measured

    def is_connected(self) -> bool:
        return self.emulator.call("client_count") > 0

    def cut(self) -> None:
        self.emulator.call("cut")

    def mend(self) -> None:
        self.emulator.call("mend")

    def true_joints(self):
        return self.emulator.joints()

    def true_T_BE(self):
        return self.emulator.T_BE()


class TestUfactoryGripper(GripperContract):
    full_width_m = 0.085
    max_age_s = 0.5
    time_to_move_s = 1.0  # 0.8 s for the whole way

    @pytest.fixture
    def gripper(self, emulator):
        self.emulator = emulator
        return UfactoryGripper(emulator.address)

    def true_width_m(self):
        return self.emulator.call("opening") * self.full_width_m
