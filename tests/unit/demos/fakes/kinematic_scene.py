"""A workplace without physics: an arm that moves exactly as told, and a camera with one picture."""

from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import numpy as np

from mt3.errors import SegmentationError
from mt3.geometry import SE3, exp_se3
from mt3.interfaces import ArmState, GripperState, JointTrajectory, OperatorEvent
from mt3.perception import RGBD, Intrinsics
from mt3.tool import ToolFrame
from mt3.types import BoolArray, FloatArray

RATE_HZ = 60.0


class FakeDevice:
    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        pass


class KinematicClock:
    def __init__(self, arm: "KinematicArm", gripper: "KinematicGripper") -> None:
        self._arm, self._gripper = arm, gripper

    def now_s(self) -> float:
        return self._arm.t_s

    def sleep_until(self, t_s: float) -> None:
        self._gripper.advance(t_s - self._arm.t_s)
        self._arm.advance_to(t_s)


class KinematicArm(FakeDevice):
    def __init__(self) -> None:
        self.t_s = 5.0
        self.T_BE = SE3(np.diag([1.0, -1.0, -1.0, 1.0])).matrix + _at(0.4, 0.0, 0.3)
        self.V_BE_E = np.zeros(6)
        self.stopped = 0

    def state(self) -> ArmState:
        return ArmState(self.t_s, np.zeros(7), SE3(self.T_BE), self.V_BE_E)

    def command_twist(self, V_BE_E: FloatArray) -> None:
        self.V_BE_E = np.array(V_BE_E, dtype=float)

    def follow(self, trajectory: JointTrajectory) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        self.stopped += 1
        self.V_BE_E = np.zeros(6)

    def advance_to(self, t_s: float) -> None:
        self.T_BE = self.T_BE @ exp_se3(self.V_BE_E * (t_s - self.t_s))
        self.t_s = t_s


class KinematicGripper(FakeDevice):
    def __init__(self) -> None:
        self.opening, self._command = 1.0, 1.0

    def state(self) -> GripperState:
        return GripperState(0.0, self.opening, self._command)

    def command(self, opening: float) -> None:
        self._command = opening

    def advance(self, dt_s: float) -> None:
        gap = max(self._command, 0.4) - self.opening
        self.opening += float(np.clip(gap, -2.0 * dt_s, 2.0 * dt_s))


class StillCamera(FakeDevice):
    def __init__(self, arm: KinematicArm) -> None:
        self._arm = arm

    def read(self, max_age_s: float) -> RGBD:
        intrinsics = Intrinsics(80.0, 80.0, 31.5, 23.5, 64, 48)
        depth_m = np.full((48, 64), 0.8, dtype=np.float32)
        depth_m[20:32, 24:40] = 0.75
        color = np.full((48, 64, 3), 90, dtype=np.uint8)
        color[20:32, 24:40] = (200, 60, 60)
        T_WC = SE3(np.diag([1.0, -1.0, -1.0, 1.0]) + _at(0.5, 0.0, 0.8))
        return RGBD(color, depth_m, intrinsics, T_WC, self._arm.t_s - 0.005, "front")


class KinematicScene(FakeDevice):
    robot = "kinematic"

    def __init__(self, backend: str = "sim") -> None:
        self.backend = backend
        self.tool = ToolFrame(SE3.from_translation((0.0, 0.0, 0.1)), "jaw", 0.5, (0.0, 0.0, 0.05))
        self.T_WB = SE3.from_yaw(0.3, (0.1, 0.2, 0.0))
        self.arm = KinematicArm()
        self.gripper = KinematicGripper()
        self.cameras = {"front": StillCamera(self.arm)}
        self.clock = KinematicClock(self.arm, self.gripper)
        self._devices = ExitStack()

    def __exit__(self, *error: object) -> None:
        self.arm.stop()


class ScriptedOperator:
    """Goes down while turning, closes the fingers, and lifts; may be told to misbehave."""

    def __init__(
        self,
        scene: KinematicScene,
        arm: KinematicArm,
        interrupt_at: int | None = None,
        speed_mps: float = 0.1,
        marks: int = 1,
    ) -> None:
        self._scene, self._arm = scene, arm
        self._interrupt_at, self._speed_mps, self._marks = interrupt_at, speed_mps, marks

    def perform(self) -> Iterator[OperatorEvent]:
        down = np.array([0.0, 0.0, self._speed_mps, 0.0, 0.0, 0.3])
        for k in range(60):
            if k == self._interrupt_at:
                raise KeyboardInterrupt
            if k == 30:
                self._scene.gripper.command(0.0)
            self._arm.command_twist(down if k < 30 else -down)
            self._scene.clock.sleep_until(self._scene.clock.now_s() + 1.0 / RATE_HZ)
            if k == 59:
                yield OperatorEvent.END
            elif 15 <= k < 15 + self._marks:
                yield OperatorEvent.BOTTLENECK
            else:
                yield OperatorEvent.TICK


class RedSegmenter:
    name = "red pixels"

    def segment(self, rgbd: RGBD, object_name: str) -> BoolArray:
        if object_name == "unicorn":
            raise SegmentationError("object: got unicorn, expected something in the image")
        return rgbd.color[..., 0] > 150


class FixedJudge:
    name = "fixed judge"

    def __init__(self, success: bool | None = True) -> None:
        self._success = success

    def success(self) -> bool | None:
        return self._success


def _at(x: float, y: float, z: float) -> FloatArray:
    out = np.zeros((4, 4))
    out[:3, 3] = (x, y, z)
    return out
