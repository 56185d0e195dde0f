"""The emulated xArm 6 with its gripper, and the drivers configured for it."""

import os
from functools import partial
from itertools import count

import numpy as np
import pytest
from emulator_process import EmulatorProcess
from ufactory.controller import Controller
from ufactory.xarm6 import LOWER, UPPER

from hardware.arms.xarm import UfactoryArm
from mt3.geometry import SE3
from mt3.tool import ToolFrame

TOOL = ToolFrame(SE3.from_translation([0.0, 0.0, 0.172]), "xarm_gripper", 0.82, (0.0, 0.0, 0.048))

_numbers = count(1)


class Emulator(EmulatorProcess):
    """An emulated controller at a loopback address that no other test has.

    Args:
        gripper: Whether an xArm gripper is fitted.
    """

    def __init__(self, gripper: bool = True) -> None:
        pid = os.getpid()
        self.address = f"127.{64 + pid % 64}.{pid // 64 % 256}.{next(_numbers)}"
        super().__init__(partial(Controller, self.address, gripper))

    def __enter__(self) -> "Emulator":
        try:
            super().__enter__()
        except PermissionError:
            pytest.skip("port 502 takes root or CAP_NET_BIND_SERVICE")
        return self

    def joints(self) -> np.ndarray:
        return self.call("joints")

    def T_BE(self) -> SE3:
        return SE3(self.call("pose"))

    def stopping_time_s(self) -> float:
        """From the last packet to the first control cycle that commands no motion any more."""
        log = self.call("log")
        moving = np.abs(log["qd"]).max(axis=1) > 1e-3
        assert not moving[-1], "it still moves"
        stopped = int(np.flatnonzero(moving)[-1]) + 1
        return float(log["t_s"][stopped] - log["last_packet_s"][stopped])


def make_arm(address: str, **changes) -> UfactoryArm:
    """The driver as it is configured for the emulator, with some values changed."""
    values = {"model": "xarm6", "tool": TOOL, "lower": LOWER, "upper": UPPER}
    return UfactoryArm(address, **(values | changes))
