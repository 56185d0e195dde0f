"""A small workplace for recorders that are killed or whose disk or devices fail."""

import time
from typing import Any, Self

import numpy as np

from demos.recorder import RecorderSettings
from demos.recording import SpeedLimits, StoredView
from mt3.geometry import SE3
from mt3.interfaces import ArmState, GripperState
from mt3.perception import RGBD, Intrinsics
from mt3.task import TaskDescription
from mt3.tool import ToolFrame

BACKENDS = ("sim", "real")
ROBOT = "small"
SIZE = (48, 64)
INTRINSICS = Intrinsics(80.0, 80.0, 31.5, 23.5, SIZE[1], SIZE[0])
T_WC = SE3(np.diag([1.0, -1.0, -1.0, 1.0]))
TASK = TaskDescription.parse("pick up the mug")
SETTINGS = RecorderSettings(
    rate_hz=60.0,
    speed_limits=SpeedLimits(0.5, 2.0),
    max_view_age_s=1.0,
    software={},
    resolved_config={},
    camera_hz=30.0,
    allow_drops=True,  # a killed or starved child is not what is measured
)
_FIRST_DEPTH_MM = 500
_SPEED_MPS = 0.05


class SteppedClock:
    """Advances when slept on, as a simulator's does, but not faster than a real one by much."""

    def __init__(self) -> None:
        self.t_s = 5.0

    def now_s(self) -> float:
        """Simulated time."""
        return self.t_s

    def sleep_until(self, t_s: float) -> None:
        """Advance."""
        time.sleep(0.002)
        self.t_s = t_s


class WallClock:
    """The computer's monotonic clock; ``jump_s`` sets it wrong."""

    def __init__(self) -> None:
        self.jump_s = 0.0

    def now_s(self) -> float:
        """Seconds since an arbitrary origin."""
        return time.monotonic() + self.jump_s

    def sleep_until(self, t_s: float) -> None:
        """Return when ``now_s() >= t_s``."""
        time.sleep(max(0.0, t_s - self.now_s()))


class KillScene:
    """What the recorder asks of a scene.

    Args:
        backend: ``sim`` steps, ``real`` runs by itself.
    """

    robot = ROBOT
    tool = ToolFrame(SE3.identity(), "jaw", 0.5, (0.0, 0.0, 0.05))
    T_WB = SE3.identity()

    def __init__(self, backend: str) -> None:
        self.backend = backend
        self.clock: Any = SteppedClock() if backend == "sim" else WallClock()
        self.arm, self.gripper = SlowArm(self.clock), OpenGripper(self.clock)
        self.cameras = {"front": NumberedCamera(self.clock)}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing to disconnect."""


class SlowArm:
    """Rises steadily by the clock."""

    def __init__(self, clock: Any) -> None:  # noqa: ANN401  # either clock
        self._clock, self._start_s = clock, clock.now_s()

    def state(self) -> ArmState:
        """The state of this moment."""
        t_s = self._clock.now_s()
        T_BE = SE3.from_translation((0.4, 0.0, 0.1 + _SPEED_MPS * (t_s - self._start_s)))
        return ArmState(t_s, np.zeros(7), T_BE, np.array([0.0, 0.0, _SPEED_MPS, 0.0, 0.0, 0.0]))


class OpenGripper:
    """Stands open."""

    def __init__(self, clock: Any) -> None:  # noqa: ANN401  # either clock
        self._clock = clock

    def state(self) -> GripperState:
        """The state of this moment."""
        return GripperState(self._clock.now_s(), 1.0, 1.0)


class NumberedCamera:
    """Gives frame 0, 1, 2, … as it is read; colour and depth both tell the number."""

    def __init__(self, clock: Any) -> None:  # noqa: ANN401  # either clock
        self._clock, self.count = clock, 0

    def read(self, max_age_s: float) -> RGBD:
        """The next frame."""
        color, depth_mm = numbered_frame(self.count)
        self.count += 1
        depth_m = depth_mm / np.float32(1000.0)
        return RGBD(color, depth_m, INTRINSICS, T_WC, self._clock.now_s(), "front")


def numbered_frame(k: int) -> tuple[np.ndarray, np.ndarray]:
    """Colour and depth in millimetres of frame k."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    color = np.stack([3 * x, 4 * y, np.full(SIZE, 8 * (k % 30))], axis=-1).astype(np.uint8)
    return color, (_FIRST_DEPTH_MM + k + x + y).astype(np.uint16)


def is_true_frame(color: np.ndarray, depth_mm: np.ndarray) -> bool:
    """Whether colour and depth are those of one and the same number."""
    k = int(depth_mm[0, 0]) - _FIRST_DEPTH_MM
    true_color, true_depth_mm = numbered_frame(k)
    worst = np.abs(color.astype(int) - true_color).max()
    return bool(k >= 0 and worst < 16 and np.array_equal(depth_mm, true_depth_mm))


def view() -> StoredView:
    """The object before contact."""
    color, depth_mm = numbered_frame(0)
    mask = np.zeros(SIZE, bool)
    mask[20:32, 24:40] = True
    return StoredView(color, depth_mm, mask, INTRINSICS, T_WC, SE3.identity(), 0.0, "front", "box")
