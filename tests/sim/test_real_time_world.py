"""A simulated robot that follows a controller, step by step and in real time."""

import time

import numpy as np
import pytest

from mt3.errors import ConfigurationError, DeviceError, NotConnectedError
from mt3.interfaces import GripperState
from mt3.perception import Intrinsics
from mt3.task import TaskDescription
from sim.demonstrator import Demonstrator
from sim.following_robot import FollowingRobot, Posture
from sim.guiding_hand import GuidingHand
from sim.mounting import CameraSpec, look_at, mount
from sim.real_time_world import RealTimeWorld
from sim.robots import UR5E, XARM6
from sim.skills import skill_named
from sim.staging import stage
from sim.workplace import SimJudge, build_segmenter
from sim.world import STEP_S

CAMERA = CameraSpec(
    "front",
    Intrinsics(307.5, 307.5, 159.5, 119.5, 320, 240),
    look_at((1.05, 0.0, 0.75), (0.42, 0.0, 0.05)),
    None,
)


class Controller:
    """Stands in for an emulated one: joints that a hand places, fingers that take their time.

    Its time is that of its user, and the fingers stop at what it is told is between them.
    """

    speed_s = 1.2  # full openings

    def __init__(self, joints, opening: float) -> None:
        self.joints, self.opening, self.target = np.array(joints), opening, opening
        self.obstacle, self.told = None, []

    def advance(self, dt_s: float) -> Posture:
        gap = np.clip(self.target - self.opening, -self.speed_s * dt_s, self.speed_s * dt_s)
        blocked = self.obstacle is not None and gap < 0
        self.opening = max(self.opening + gap, self.obstacle) if blocked else self.opening + gap
        return Posture(self.joints, self.opening)

    def tell(self, obstacle) -> None:
        self.obstacle = obstacle
        self.told.append(obstacle)

    def guide(self, joints, speeds, t_s) -> None:
        del speeds, t_s
        self.place(joints)

    def place(self, joints) -> None:
        self.joints = np.array(joints)


class LiveController(Controller):
    """The same on the monotonic clock, with a gripper's driver at its front door.

    Its fingers do not run ahead where the world is late: they would pass what is between them.
    """

    def __init__(self, joints, opening: float) -> None:
        super().__init__(joints, opening)
        self.t_s = time.monotonic()

    def posture(self) -> Posture:
        before_s, self.t_s = self.t_s, time.monotonic()
        return self.advance(min(self.t_s - before_s, 0.05))

    def command(self, opening: float) -> None:
        self.target = opening

    def state(self) -> GripperState:
        return GripperState(self.t_s, self.opening, self.target)


def staged(text: str, seed: int, robot=UR5E, **rest):
    task = TaskDescription.parse(text)
    return stage(task, seed, robot=robot, distractors=0, **rest), skill_named(task.skill)


def wait_for_error(world) -> None:
    for _ in range(500):
        time.sleep(0.01)
        world.check()


# Step by step


def test_the_tool_stays_within_a_step_of_the_controllers():
    """At 0.4 rad/s in every joint at once, about 0.5 m/s at the tool."""
    scene, _ = staged("pick up the can", 0)
    controller = Controller(UR5E.observe_joints, 1.0)
    off_m, speed_m_s = [], []
    with scene:
        robot = FollowingRobot(scene, lambda: controller.advance(STEP_S), controller.tell)
        for step in range(480):
            before = scene.tool_pose()
            shape = 1.0 - np.cos(2.0 * np.pi * step * STEP_S)
            controller.place(UR5E.observe_joints - 0.064 * shape)
            robot.step(1)
            expected = scene.T_WB @ scene.sim_robot.kinematics.forward(controller.joints)
            off_m.append(expected.translation_to_m(scene.tool_pose()))
            speed_m_s.append(before.translation_to_m(scene.tool_pose()) / STEP_S)
    assert max(speed_m_s) > 0.3
    assert max(off_m) < 1e-3


def test_time_made_up_for_is_spread_over_its_steps():
    """One late look at a controller that moved on: no step may jump."""
    scene, _ = staged("pick up the can", 0)
    controller = Controller(UR5E.observe_joints, 1.0)
    with scene:
        robot = FollowingRobot(scene, lambda: controller.advance(STEP_S), controller.tell)
        controller.place(UR5E.observe_joints + 0.02)
        robot.step(24)
        state = scene.arm.state()
    np.testing.assert_allclose(state.joints, controller.joints, atol=1e-4)
    assert np.linalg.norm(state.V_BE_E[:3]) < 0.4  # of 0.2 rad/s in every joint


def test_what_is_in_the_hand_stays_held_until_the_controller_opens():
    scene, _ = staged("put the can on the tray", 2, held_instance_seed=0)
    controller = Controller(UR5E.observe_joints, scene.measured_opening() - 0.03)
    with scene:
        robot = FollowingRobot(scene, lambda: controller.advance(STEP_S), controller.tell)
        for _ in range(240):
            robot.step(1)
        assert scene.holds("can")
        assert controller.told[-1] == pytest.approx(scene.measured_opening(), abs=0.02)
        controller.target = 1.0
        for _ in range(240):
            robot.step(1)
        assert controller.told[-1] is None
        assert not scene.touches_robot("can")
        assert scene.measured_opening() == pytest.approx(1.0, abs=0.01)


def test_a_controller_elsewhere_is_refused():
    scene, _ = staged("pick up the can", 0)
    controller = Controller(UR5E.observe_joints + 0.1, 1.0)
    world = RealTimeWorld(scene, lambda: controller.advance(STEP_S), controller.tell)
    with pytest.raises(ConfigurationError, match=r"controller's joints: got .*move the controller"):
        world.__enter__()
    with pytest.raises(NotConnectedError):
        scene.arm.state()


# In real time


def test_the_physics_keep_pace_with_the_clock_while_a_camera_looks_on():
    scene, _ = staged("pick up the can", 0)
    controller = LiveController(UR5E.observe_joints, 1.0)
    world = RealTimeWorld(scene, controller.posture, controller.tell)
    camera = mount(scene, CAMERA, 0)
    segmenter = build_segmenter(scene, 0.0, 0.0, 0)
    with world:
        start_s, steps = time.monotonic(), scene.world.steps
        rgbd = camera.read(0.1)
        assert start_s <= rgbd.t_s <= time.monotonic()
        assert segmenter.segment(rgbd, "can").any()
        time.sleep(1.0)
        world.check()
        passed_s = time.monotonic() - start_s - world.unsimulated_s
        assert (scene.world.steps - steps) * STEP_S == pytest.approx(passed_s, abs=0.3)
    stopped = scene.world.steps
    time.sleep(0.05)
    assert scene.world.steps == stopped


def test_a_source_that_fails_stops_the_world_and_says_so():
    scene, _ = staged("pick up the can", 0)
    posture = Posture(UR5E.observe_joints, 1.0)
    answers = iter([posture] * 5)
    world = RealTimeWorld(scene, lambda: next(answers), lambda _: None)
    with pytest.raises(DeviceError, match="stands still"), world:
        wait_for_error(world)


@pytest.mark.parametrize("robot", [UR5E, XARM6], ids=["ur5e", "xarm6"])
def test_an_arm_guided_by_hand_picks_something_up(robot):
    scene, skill = staged("pick up the box", 0, robot, instance_seed=0)
    controller = LiveController(robot.observe_joints, 1.0)
    world = RealTimeWorld(scene, controller.posture, controller.tell)
    kinematics = scene.sim_robot.kinematics
    hand = GuidingHand(kinematics, lambda: controller.joints, controller.guide, scene.clock)
    with world, hand:
        rng = np.random.default_rng(0)
        for _ in Demonstrator(scene, hand, controller, skill, rng).perform():
            world.check()
        assert SimJudge(scene, skill).success()
        assert controller.opening == pytest.approx(scene.measured_opening(), abs=0.05)
        assert 0.1 < controller.opening < 0.9
