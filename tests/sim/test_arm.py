"""The simulated arm and hand beyond their contracts: contact, limits, interrupts, time."""

import numpy as np
import pytest

from mt3.errors import DeviceError, GeometryError
from mt3.geometry import SE3
from mt3.interfaces import JointTrajectory
from sim.objects import instance
from sim.robots import PANDA
from sim.scene import PyBulletScene

DOWN = np.array([0.0, 0.0, 0.2, 0.0, 0.0, 0.0])


@pytest.fixture(scope="module")
def world_and_start():
    scene = PyBulletScene(SE3.identity())
    return scene, scene.save()


@pytest.fixture
def scene(world_and_start) -> PyBulletScene:
    scene, start = world_and_start
    scene.restore(start)
    return scene


def stream(scene, V_BE_E, duration_s: float) -> None:
    for _ in range(round(duration_s * 60)):
        scene.arm.command_twist(V_BE_E)
        scene.clock.sleep_until(scene.clock.now_s() + 1 / 60)


def test_it_starts_over_the_table_pointing_down(scene) -> None:
    expected = SE3.from_rotation_translation(np.diag([1.0, -1.0, -1.0]), (0.30, 0.0, 0.32))
    assert scene.tool_pose().is_close(expected, 1e-4, 1e-4)


def test_the_tool_lags_less_than_a_millimetre_at_full_speed(scene) -> None:
    with scene:
        start = scene.tool_pose()
        stream(scene, DOWN, 1.0)
        assert (start @ SE3.from_twist(DOWN)).translation_to_m(scene.tool_pose()) < 1e-3


def test_the_clock_counts_physics_steps(scene) -> None:
    assert scene.world.steps == 0
    scene.clock.sleep_until(0.1)
    assert scene.clock.now_s() == 24 / 240
    scene.clock.sleep_until(0.05)
    assert scene.world.steps == 24
    scene.clock.sleep_until(0.1 + 1e-3)
    assert scene.world.steps == 25


def test_pressing_on_the_table_neither_winds_up_nor_passes_through(scene) -> None:
    with scene:
        stream(scene, DOWN, 2.5)
        assert scene.tool_pose().t[2] > 0.0
        pressed = scene.tool_pose()
        stream(scene, -DOWN, 0.5)
        assert scene.tool_pose().t[2] > pressed.t[2] + 0.04


def test_a_twist_out_of_the_joint_range_stops_the_arm(scene) -> None:
    with scene:
        stream(scene, np.array([0.0, 0.0, 0.0, 0.0, 0.0, 1.0]), 5.0)
        joints = scene.arm.state().joints
        assert (joints <= scene.sim_robot.kinematics.upper + 1e-3).all()
        before = scene.tool_pose()
        stream(scene, np.array([0.0, 0.0, 0.0, 0.0, 0.0, 1.0]), 0.5)
        assert scene.tool_pose().is_close(before, 1e-3, 5e-3)


def test_follow_says_when_something_is_in_the_way(scene) -> None:
    into_the_table = PANDA.observe_joints + np.array([0.0, 1.4, 0.0, 0.3, 0.0, 1.0, 0.0])
    with scene:
        trajectory = JointTrajectory([0.0, 3.0], np.stack([PANDA.observe_joints, into_the_table]))
        with pytest.raises(DeviceError, match="follow: "):
            scene.arm.follow(trajectory)
        resting = scene.tool_pose()
        scene.clock.sleep_until(scene.clock.now_s() + 0.3)
        assert scene.tool_pose().is_close(resting, 0.01, 0.05)


def test_follow_names_a_wrong_number_of_joints(scene) -> None:
    with scene, pytest.raises(GeometryError, match="got 6 joints, expected 7"):
        scene.arm.follow(JointTrajectory([0.0, 1.0], np.zeros((2, 6))))


class Impatience:
    """Somebody who presses Ctrl-C at a step of the world."""

    def __init__(self, world, step) -> None:
        self.world, self.step = world, step
        world.call_before_step(self.tick)

    def tick(self) -> None:
        if self.world.steps == self.step:
            raise KeyboardInterrupt


def test_ctrl_c_while_following_leaves_a_resting_arm(scene) -> None:
    impatience = Impatience(scene.world, 120)
    goal = PANDA.observe_joints + 0.4
    with scene:
        with pytest.raises(KeyboardInterrupt):
            scene.arm.follow(JointTrajectory([0.0, 2.0], np.stack([PANDA.observe_joints, goal])))
        impatience.step = None
        scene.clock.sleep_until(scene.clock.now_s() + 0.1)
        resting = scene.tool_pose()
        scene.clock.sleep_until(scene.clock.now_s() + 0.5)
        assert scene.tool_pose().is_close(resting, 1e-4, 1e-4)


def test_the_fingers_stop_at_what_they_hold_and_keep_it() -> None:
    scene = PyBulletScene(SE3.identity())
    can = instance("can", 1)
    T_WO = scene.tool_pose() @ SE3.from_rotation_translation(
        np.diag([1.0, -1.0, -1.0]), (0.0, 0.0, can.dimensions["height"] - 0.03)
    )
    item = scene.world.add("can", can, T_WO)
    with scene:
        scene.gripper.command(0.0)
        while not scene.holds("can"):
            scene.world.place("can", T_WO)
            scene.world.step()
        scene.clock.sleep_until(scene.clock.now_s() + 0.2)
        scene.gripper.stop()
        scene.clock.sleep_until(scene.clock.now_s() + 1.0)
        opening = scene.gripper.state().opening
        assert opening == pytest.approx(2 * can.dimensions["radius"] / 0.08, abs=0.03)
        assert scene.holds(item.name)
        assert scene.world.pose("can").translation_to_m(T_WO) < 0.005
