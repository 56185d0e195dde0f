"""The Franka drivers keep the contracts over franky and franky-sim; MuJoCo is the back door.

The arm runs on the simulator's time, so that a busy machine makes these tests slow, not wrong.
"""

import functools
import pickle

import numpy as np
import pytest
from connection_contract import ConnectionContract
from device_contracts import GripperContract, ObservedArmContract
from franka_rig import RunningFranka, fr3_at

from hardware.grippers.franka_hand import FrankaHand
from mt3.geometry import SE3

pytestmark = pytest.mark.alone

ADDRESS = "127.0.33.1"
NOBODY = "127.0.33.78"
COMMAND_S = 0.01  # between the joint velocities that are streamed


@pytest.fixture(scope="module")
def running():
    with RunningFranka(ADDRESS) as running:
        yield running


@pytest.fixture
def clock(running):
    return running.clock


class BackDoor:
    @pytest.fixture(autouse=True)
    def open_back_door(self, running) -> None:
        running.reset()
        self.running, self.call = running, running.call


class TestArm(BackDoor, ObservedArmContract, ConnectionContract):
    max_age_s = 0.05
    lag_s = 0.15  # franky's thread begins late on a busy machine

    @pytest.fixture
    def arm(self, clock):
        arm = pickle.loads(pickle.dumps(fr3_at(ADDRESS)))  # as it goes to its process
        arm.clock = clock
        return arm

    @pytest.fixture
    def stray_arm(self):
        return functools.partial(fr3_at, NOBODY)

    def first_velocity(self):
        return np.concatenate(self.call("first_commands")[0])

    def first_joint_step(self, measured):
        return COMMAND_S * np.array(self.call("first_commands")[0][1])

    def is_connected(self) -> bool:
        return self.call("has_client")

    def cut(self) -> None:
        self.call("cut")

    def mend(self) -> None:
        self.running.reset()

    def true_joints(self):
        return self.call("joints")

    def true_T_BE(self):
        return SE3(self.call("pose"))


class TestHand(BackDoor, GripperContract):
    full_width_m = 0.08
    time_to_move_s = 1.1
    max_age_s = 0.1

    @pytest.fixture
    def gripper(self, clock):
        gripper = pickle.loads(pickle.dumps(FrankaHand(ADDRESS)))
        gripper.clock = clock
        return gripper

    def true_width_m(self):
        return self.call("width_m")
