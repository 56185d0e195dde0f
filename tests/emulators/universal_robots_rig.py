"""A UR5e as a test configures it: figures of its emulator, limits of its URDF."""

import time

import numpy as np

from hardware.arms.universal_robots import UniversalRobotsArm
from mt3.geometry import SE3
from mt3.tool import ToolFrame

TOOL = ToolFrame(SE3.from_translation((0.0, 0.0, 0.174)), "robotiq_2f_85", 0.93, (0.0, 0.0, 0.058))


def ur5e_at(host: str, **changed: object) -> UniversalRobotsArm:
    """The driver; keyword values replace those that fit the emulator."""
    upper = np.array([2, 2, 1, 2, 2, 2]) * np.pi
    values: dict[str, object] = {
        "host": host,
        "tool": TOOL,
        "lower": -upper,
        "upper": upper,
        "dh_a": [0.0, -0.425, -0.3922, 0.0, 0.0, 0.0],
        "dh_d": [0.1625, 0.0, 0.0, 0.1333, 0.0997, 0.0996],
    }
    return UniversalRobotsArm(**(values | changed))


def stream_twist(host: str, V_BE_E: np.ndarray) -> None:
    """Connect and move along a twist until something ends this process."""
    with ur5e_at(host) as arm:
        while True:
            arm.command_twist(V_BE_E)
            time.sleep(1 / 60)
