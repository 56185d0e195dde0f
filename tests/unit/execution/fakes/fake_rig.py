"""An arm that moves exactly as told, fingers that stop at an object, and a demonstration."""

import numpy as np

from mt3.demonstration import Demonstration
from mt3.geometry import SE3, exp_se3
from mt3.interfaces import ArmState, GripperState
from mt3.perception import RGBD, Intrinsics, ObjectView
from mt3.task import TaskDescription
from mt3.tool import ToolFrame

RATE_HZ = 60.0
POINTING_DOWN = SE3.from_rotation_translation(np.diag([1.0, -1.0, -1.0]), (0.5, 0.1, 0.3))
BOTTLENECK, GRASP = 10, 60  # samples of the demonstration


class FakeRig:
    """Arm, gripper and clock in one; ``at`` maps a tick to what happens there."""

    def __init__(self, T_WE: SE3, T_WB: SE3, width: float = 0.4, speed: float = 2.0) -> None:
        self.T_WB = T_WB
        self.T_BE = (T_WB.inverse() @ T_WE).matrix
        self.V_BE_E = np.zeros(6)
        self.width, self.speed = width, speed
        self.latency_s = 0.0
        self.obey = 1.0
        self.opening, self.target, self.commanded_s = 1.0, 1.0, -np.inf
        self.commands = []
        self.twists = []
        self.t_s, self.stops, self.tick = 3.0, 0, 0
        self.at = {}

    def now_s(self) -> float:
        return self.t_s

    def sleep_until(self, t_s: float) -> None:
        dt_s, self.t_s = t_s - self.t_s, t_s
        self.T_BE = self.T_BE @ exp_se3(self.obey * self.V_BE_E * dt_s)
        if t_s - self.commanded_s > self.latency_s:
            goal = max(self.target, self.width) if self.target < 0.5 else self.target
            step = self.speed * dt_s
            self.opening += float(np.clip(goal - self.opening, -step, step))
        self.tick += 1
        if self.tick in self.at:
            self.at[self.tick](self)

    @property
    def arm(self):
        return FakeArm(self)

    @property
    def gripper(self):
        return FakeGripper(self)


class FakeArm:
    def __init__(self, rig: FakeRig) -> None:
        self._rig = rig

    def state(self) -> ArmState:
        return ArmState(self._rig.t_s, np.zeros(7), SE3(self._rig.T_BE), self._rig.V_BE_E)

    def command_twist(self, V_BE_E) -> None:
        self._rig.V_BE_E = np.array(V_BE_E)
        self._rig.twists.append(self._rig.V_BE_E)

    def stop(self) -> None:
        self._rig.stops += 1
        self._rig.V_BE_E = np.zeros(6)


class FakeGripper:
    def __init__(self, rig: FakeRig) -> None:
        self._rig = rig

    def state(self) -> GripperState:
        return GripperState(self._rig.t_s, self._rig.opening, self._rig.target)

    def command(self, opening: float) -> None:
        self._rig.target, self._rig.commanded_s = opening, self._rig.t_s
        self._rig.commands.append((self._rig.tick, opening))

    def stop(self) -> None:
        """Keeps closing on what stands between the fingers, and stops fingers under way."""
        closing = self._rig.target < 0.5
        if not (closing and self._rig.opening <= self._rig.width):
            self._rig.target = self._rig.opening


def demonstrate(width: float = 0.4, noise_m: float = 0.0) -> Demonstration:
    """Goes down while turning, closes the fingers on an object, and lifts."""
    count = 140
    speeds = np.zeros((count, 6))
    speeds[:GRASP, 2] = 0.12 * np.sin(np.linspace(0.0, np.pi, GRASP))
    speeds[:GRASP, 5] = 0.4 * np.sin(np.linspace(0.0, np.pi, GRASP))
    speeds[GRASP + 40 :, 2] = -0.1 * np.sin(np.linspace(0.0, np.pi, count - GRASP - 40))
    T_WE = [POINTING_DOWN.matrix]
    for V in speeds[:-1]:
        T_WE.append(T_WE[-1] @ exp_se3(V / RATE_HZ))
    T_WE = np.array(T_WE)
    T_WE[:, :3, 3] += np.random.default_rng(0).normal(0.0, noise_m, (count, 3))
    closing = np.clip(1.0 - np.arange(count - GRASP) * 2.0 / RATE_HZ, width, 1.0)
    return Demonstration(
        demo_id="pick_up-mug-1",
        content_hash="0",
        task=TaskDescription.parse("pick up the mug"),
        views=(view(),),
        t_s=np.arange(count) / RATE_HZ,
        T_WE=T_WE,
        opening=np.concatenate([np.ones(GRASP), closing]),
        command=np.concatenate([np.ones(GRASP), np.zeros(count - GRASP)]),
        bottleneck_index=BOTTLENECK,
        robot="panda",
        tool=ToolFrame(SE3.identity(), "hand", 0.7, (0.0, 0.0, 0.0)),
        backend="sim",
    )


def view() -> ObjectView:
    """A block on a table, seen from above."""
    depth_m = np.full((48, 64), 0.8, dtype=np.float32)
    depth_m[20:32, 24:40] = 0.75
    color = np.full((48, 64, 3), 120, dtype=np.uint8)
    T_WC = SE3.from_rotation_translation(np.diag([1.0, -1.0, -1.0]), (0.5, 0.0, 0.8))
    intrinsics = Intrinsics(80.0, 80.0, 31.5, 23.5, 64, 48)
    rgbd = RGBD(color, depth_m, intrinsics, T_WC, t_s=0.0, camera="front")
    return ObjectView(rgbd, depth_m < 0.78)
