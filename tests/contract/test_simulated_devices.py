"""The simulator's devices keep the contracts; PyBullet's own state is the back door."""

from types import SimpleNamespace

import numpy as np
import pybullet
import pytest
from device_contracts import CameraContract, GripperContract, ObservedArmContract

from mt3.geometry import SE3
from mt3.perception import Intrinsics
from sim.depth_noise import DepthNoise
from sim.mounting import CameraSpec, look_at, mount
from sim.robots import robot_named
from sim.scene import PyBulletScene

T_WB = SE3.from_yaw(0.4, (0.05, -0.1, 0.02))
NUMBERS = {  # PyBullet's, in the order of each description
    "panda": SimpleNamespace(arm=range(7), fingers=(9, 10), tool=11, full_width_m=0.08),
    "ur5e": SimpleNamespace(arm=range(1, 7), fingers=(11, 12), tool=13, full_width_m=0.085),
    "xarm6": SimpleNamespace(arm=range(1, 7), fingers=(9, 10), tool=11, full_width_m=0.085),
}
CAMERA = CameraSpec(
    "front",
    Intrinsics(615.0, 615.0, 319.5, 239.5, 640, 480),
    look_at((1.05, 0.0, 0.75), (0.42, 0.0, 0.05)),
    DepthNoise(),
)


@pytest.fixture(scope="module", params=NUMBERS)
def robot(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def world_and_start(robot):
    scene = PyBulletScene(T_WB, robot_named(robot))
    return scene, scene.save()


@pytest.fixture
def scene(world_and_start) -> PyBulletScene:
    scene, start = world_and_start
    scene.restore(start)
    return scene


@pytest.fixture
def clock(scene):
    return scene.clock


class BackDoor:
    @pytest.fixture(autouse=True)
    def open_back_door(self, scene, robot) -> None:
        self.numbers = NUMBERS[robot]
        self.ids = {"physicsClientId": scene.world.bullet.client_id}
        self.body = scene.sim_robot.body

    def positions(self, joints):
        return np.array([s[0] for s in pybullet.getJointStates(self.body, joints, **self.ids)])


class TestSimArm(BackDoor, ObservedArmContract):
    """It has no connection to keep: ``ConnectionContract`` is for what is behind a network."""

    @pytest.fixture
    def arm(self, scene, monkeypatch):
        drive, self.told = pybullet.setJointMotorControlArray, []

        def listen(body, joints, *args, **values) -> None:
            if body == self.body and list(joints) == list(self.numbers.arm):
                self.told.append((values["targetPositions"], values["targetVelocities"]))
            drive(body, joints, *args, **values)

        monkeypatch.setattr(pybullet, "setJointMotorControlArray", listen)
        return scene.arm

    def first_velocity(self):
        return self.told[0][1]

    def first_joint_step(self, measured):
        return self.told[0][0] - measured

    def true_joints(self):
        return self.positions(self.numbers.arm)

    def true_T_BE(self):
        tool = self.numbers.tool
        state = pybullet.getLinkState(self.body, tool, computeForwardKinematics=1, **self.ids)
        return T_WB.inverse() @ SE3.from_quat_xyzw(state[5], state[4])


class TestSimGripper(BackDoor, GripperContract):
    @property
    def full_width_m(self):
        return self.numbers.full_width_m

    @pytest.fixture
    def gripper(self, scene):
        return scene.gripper

    def true_width_m(self):
        return self.positions(self.numbers.fingers).sum()


class TestRaycastCamera(BackDoor, CameraContract):
    @pytest.fixture
    def camera(self, scene):
        return mount(scene, CAMERA, seed=0)

    def true_T_WC(self):
        return CAMERA.T_WC

    def true_depth_m(self, u, v):
        ray_C = CAMERA.intrinsics.deproject(np.array(u), np.array(v), np.array(3.0))
        hit = pybullet.rayTest(CAMERA.T_WC.t, CAMERA.T_WC @ ray_C, **self.ids)[0]
        return hit[2] * 3.0
