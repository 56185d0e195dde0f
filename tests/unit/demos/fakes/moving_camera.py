"""Cameras whose every frame is another, and devices that fail in the middle."""

import time
from typing import Self

import numpy as np

from mt3.errors import StaleDataError
from mt3.geometry import SE3
from mt3.interfaces import ArmState, GripperState
from mt3.perception import RGBD, Intrinsics

SIZE = (48, 64)
INTRINSICS = Intrinsics(80.0, 80.0, 31.5, 23.5, 64, 48)
T_WC = SE3(np.diag([1.0, -1.0, -1.0, 1.0]))


def picture(k: int) -> tuple[np.ndarray, np.ndarray]:
    """Colour and depth in millimetres of frame k: smooth, so that JPEG changes little."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    color = np.stack([x * 3, y * 4, np.full(SIZE, (7 * k) % 256)], axis=-1).astype(np.uint8)
    depth_mm = (500 + 13 * k + x + y).astype(np.uint16)
    depth_mm[0, 0] = 0
    return color, depth_mm


def frame(k: int, t_s: float, name: str = "front") -> RGBD:
    color, depth_mm = picture(k)
    depth_m = depth_mm / np.float32(1000.0)
    return RGBD(color, depth_m, INTRINSICS, T_WC, t_s, name)


class CountingCamera:
    """Gives frame 0, 1, 2, … at the moment it is read, unless it is unplugged."""

    def __init__(self, clock, unplug_after: int | None = None) -> None:
        self.clock, self._unplug_after = clock, unplug_after
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, max_age_s: float) -> RGBD:
        if self.count == self._unplug_after:
            raise StaleDataError(f"camera front: no frame for {max_age_s} s, is it plugged in?")
        self.count += 1
        return frame(self.count - 1, self.clock.now_s())


class FreeRunningCamera(CountingCamera):
    """Gives a frame every period of its own, some time after it was taken."""

    def __init__(self, clock, rate_hz: float, delay_s: float) -> None:
        super().__init__(clock)
        self._rate_hz, self._delay_s = rate_hz, delay_s

    def read(self, max_age_s: float) -> RGBD:
        self.count += 1
        k = int((self.clock.now_s() - self._delay_s) * self._rate_hz)
        return frame(k % 100, k / self._rate_hz)


class RealClock:
    """The computer's, as a real scene has it; ``jump_s`` sets it wrong."""

    def __init__(self) -> None:
        self.jump_s = 0.0
        self._origin_s = time.monotonic()

    def now_s(self) -> float:
        return time.monotonic() - self._origin_s + self.jump_s + 100.0

    def sleep_until(self, t_s: float) -> None:
        time.sleep(max(0.0, t_s - self.now_s()))


class RealArm:
    """Turns and sinks slowly by the clock, whoever asks."""

    def __init__(self, clock: RealClock) -> None:
        self._clock = clock
        self.V_BE_E = np.array([0.0, 0.0, 0.05, 0.0, 0.0, 0.0])

    def state(self) -> ArmState:
        t_s = self._clock.now_s()
        T_BE = SE3.from_translation((0.4, 0.0, 0.05 * (t_s - self._clock.jump_s - 100.0)))
        return ArmState(t_s, np.zeros(7), T_BE, self.V_BE_E)


class RealGripper:
    """Opening follows the time it is stamped with."""

    def __init__(self, clock: RealClock) -> None:
        self._clock = clock

    def state(self) -> GripperState:
        t_s = self._clock.now_s()
        return GripperState(t_s, 0.5 + 0.1 * np.sin(t_s), 1.0)
