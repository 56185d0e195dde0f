"""A simulated FR3 with its hand as a test runs and configures them."""

import functools
import multiprocessing

import numpy as np
from emulator_process import EmulatorProcess
from franka_simulator import FrankaSimulator, SimulatedClock

from hardware.arms.franka import FrankaArm
from mt3.geometry import SE3
from mt3.tool import ToolFrame

SPAWN = multiprocessing.get_context("spawn")
HAND = ToolFrame(
    SE3.from_yaw(-np.pi / 4, (0.0, 0.0, 0.1034)), "franka_hand", 0.73, (-0.01, 0.0, 0.03)
)
LOWER = (-2.9007, -1.8361, -2.9007, -3.077, -2.8763, 0.4398, -3.0508)  # of franky-sim's FR3
UPPER = (2.9007, 1.8361, 2.9007, -0.1169, 2.8763, 4.6216, 3.0508)
AT_REST_RAD_S = 5e-3


def fr3_at(address: str, clock: SimulatedClock | None = None, **changed: object) -> FrankaArm:
    """The driver; keyword values replace those that fit the simulator."""
    values = {"tool": HAND, "lower": LOWER, "upper": UPPER, "require_realtime_kernel": False}
    return FrankaArm(address, **(values | changed), clock=clock)


def stream_twist(
    address: str, clock: SimulatedClock, V_BE_E: np.ndarray, duration_s: float
) -> None:
    """Connect and move along a twist for a while, in whatever process."""
    with fr3_at(address, clock) as arm:
        stream(arm, V_BE_E, duration_s)


def stream(arm: FrankaArm, V_BE_E: np.ndarray, duration_s: float) -> None:
    end_s = arm.clock.now_s() + duration_s
    while arm.clock.now_s() < end_s:
        arm.command_twist(V_BE_E)
        arm.clock.sleep_until(arm.clock.now_s() + 1 / 60)


class RunningFranka:
    """A simulator in its process, and its time; ``with`` starts and ends it."""

    def __init__(self, address: str) -> None:
        time_s = SPAWN.Value("d", 0.0)
        self.address = address
        self.clock = SimulatedClock(time_s)
        self._process = EmulatorProcess(functools.partial(FrankaSimulator, address, time_s))
        self.call = self._process.call

    def __enter__(self) -> "RunningFranka":
        self._process.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.__exit__()

    def reset(self) -> None:
        self.wait_until(lambda: not self.call("has_client"))
        self.call("reset")
        self.wait(0.02)

    def wait(self, duration_s: float) -> None:
        self.clock.sleep_until(self.clock.now_s() + duration_s)

    def wait_until(self, condition, at_most_s: float = 10.0) -> None:
        end_s = self.clock.now_s() + at_most_s
        while not condition():
            assert self.clock.now_s() < end_s
            self.wait(0.01)

    def speed(self) -> float:
        return float(np.abs(self.call("joint_speeds")).max())

    def at_rest(self) -> bool:
        return self.speed() < AT_REST_RAD_S
