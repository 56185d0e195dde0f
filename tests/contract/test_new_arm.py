"""The driver that docs/new_arm.md begins with keeps the contract."""

import functools
import pickle

import numpy as np
import pytest
from acme.arm import AcmeArm
from acme.controller import AcmeController
from connection_contract import ConnectionContract
from device_contracts import ObservedArmContract
from emulator_process import EmulatorProcess

from mt3.control.monotonic_clock import MonotonicClock
from mt3.errors import ConfigurationError
from mt3.geometry import SE3
from mt3.tool import ToolFrame

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("priority")]

ADDRESS = "127.0.9.1"
TOOL = ToolFrame(SE3.from_translation((0.0, 0.0, 0.172)), "none", 0.8, (0.0, 0.0, 0.05))
LIMITS = (np.full(6, -6.0), np.full(6, 6.0))


@pytest.fixture(scope="module")
def controller():
    with EmulatorProcess(functools.partial(AcmeController, ADDRESS)) as controller:
        yield controller


@pytest.fixture
def clock():
    return MonotonicClock()


class TestAcmeArm(ObservedArmContract, ConnectionContract):
    max_age_s = 0.3  # of a state
    lag_s = 0.03  # of the motion behind the command

    @pytest.fixture
    def arm(self, controller):
        controller.call("reset")
        self.controller = controller
        return pickle.loads(pickle.dumps(AcmeArm(ADDRESS, TOOL, *LIMITS)))  # as it is sent

    @pytest.fixture
    def stray_arm(self):
        return functools.partial(AcmeArm, "127.0.9.77", TOOL, *LIMITS)

    def first_velocity(self):
        return self.controller.call("velocities")[0]

    def first_joint_step(self, measured):
        return self.controller.call("targets")[0] - measured

    def is_connected(self) -> bool:
        return self.controller.call("has_client")

    def cut(self) -> None:
        self.controller.call("cut")

    def mend(self) -> None:
        self.controller.call("mend")

    def true_joints(self):
        return self.controller.call("joints")

    def true_T_BE(self):
        return SE3(self.controller.call("pose"))


def test_another_tool_is_refused(controller) -> None:
    other = ToolFrame(SE3.from_translation((0.0, 0.0, 0.15)), "none", 0.8, (0.0, 0.0, 0.05))
    message = "controller has 172.0 mm, the configuration 150.0 mm"
    with pytest.raises(ConfigurationError, match=message), AcmeArm(ADDRESS, other, *LIMITS):
        pass
