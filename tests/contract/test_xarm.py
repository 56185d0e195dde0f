"""The xArm and its gripper keep the contracts, through UFACTORY's own client."""

import pytest
from device_contracts import ArmContract, GripperContract
from xarm_rig import Emulator, make_arm

from hardware.grippers.xarm_gripper import UfactoryGripper
from mt3.control.monotonic_clock import MonotonicClock

pytestmark = pytest.mark.usefixtures("priority")


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


class TestUfactoryArm(ArmContract):
    max_age_s = 0.3
    lag_s = 0.03

    @pytest.fixture
    def arm(self, emulator):
        self.emulator = emulator
        return make_arm(emulator.address)

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
