"""A real workplace whose controller is emulated, and whose world is PyBullet.

The arm's driver talks to the emulated controller, as it would to a real one. In the simulated
world a robot follows the controller's joints, and its fingers tell the emulated gripper what stops
them. So the loop is closed, and the simulator's predicate says whether the task was done.
"""

from contextlib import ExitStack
from functools import partial

import numpy as np
from emulator_process import EmulatorProcess
from ufactory.controller import Controller
from universal_robots.emulator import UrEmulator

from hardware.arms.universal_robots import UniversalRobotsArm
from hardware.arms.xarm import UfactoryArm
from hardware.grippers.robotiq import RobotiqGripper
from hardware.grippers.xarm_gripper import UfactoryGripper
from hardware.real_scene import RealScene, build_real_scene
from mt3.control.monotonic_clock import MonotonicClock
from mt3.task import TaskDescription
from mt3.tool import ToolFrame
from sim import workplace
from sim.demonstrator import Demonstrator
from sim.following_robot import Posture
from sim.guiding_hand import GuidingHand
from sim.mounting import mount
from sim.real_time_world import RealTimeWorld
from sim.robots import robot_named
from sim.skills import skill_named
from sim.staging import Region, stage

_DH = {
    "dh_a": [0.0, -0.425, -0.3922, 0.0, 0.0, 0.0],
    "dh_d": [0.1625, 0.0, 0.0, 0.1333, 0.0997, 0.0996],
}  # of the UR5e, as Universal Robots publishes them


def tool_of(robot: str) -> ToolFrame:
    """What the simulated robot of a name carries."""
    robot = robot_named(robot)
    return ToolFrame(robot.T_flange_tool, robot.gripper, robot.hand_mass_kg, robot.p_com_flange)


def emulated_controller(robot: str, host: str) -> EmulatorProcess:
    """The controller of a robot that carries that tool, its arm at the observe posture."""
    tool = tool_of(robot)
    state = {
        "q": robot_named(robot).observe_joints.tolist(),
        "tcp_offset": [*tool.T_flange_tool.t.tolist(), 0.0, 0.0, 0.0],
        "payload_kg": tool.payload_kg,
        "payload_cog": tool.p_com_flange,
    }
    controller = UrEmulator if robot == "ur5e" else Controller
    return EmulatorProcess(partial(controller, host, **state))


def drivers(robot: str, host: str):
    """What makes the drivers of an arm and of its gripper."""
    if robot == "ur5e":
        return partial(UniversalRobotsArm, host, **_DH), partial(RobotiqGripper, host)
    return partial(UfactoryArm, host, robot), partial(UfactoryGripper, host)


class ClosedLoopScene(RealScene):
    """A ``RealScene``; ``with`` starts the controller and the world too.

    Attributes:
        simulated: The simulated scene, with its truth.
        controller: The emulated controller.
    """

    def __init__(self, real: RealScene, simulated, controller, world) -> None:
        super().__init__(real.robot, real.tool, real.control, real.cameras, real.T_WB)
        self.simulated, self.controller = simulated, controller
        self._world, self._running = world, ExitStack()

    def __enter__(self):
        with ExitStack() as stack:
            stack.enter_context(self.controller)
            stack.enter_context(self._world)
            super().__enter__()
            self._running = stack.pop_all()
        return self

    def __exit__(self, *exc) -> None:
        with self._running:
            super().__exit__(*exc)


def build_scene(
    robot,
    host,
    task,
    seed,
    camera,
    distractors,
    instance_seed,
    max_yaw_rad,
    model,
    limits,
    may_move,
) -> ClosedLoopScene:
    """Stage a task for a robot, and give it an emulated controller at a loopback address."""
    simulated = stage(
        TaskDescription.parse(task),
        seed,
        instance_seed=instance_seed,
        distractors=distractors,
        region=Region(yaw_rad=(-max_yaw_rad, max_yaw_rad)),
        robot=robot_named(robot),
    )
    controller = emulated_controller(robot, host)
    world = RealTimeWorld(
        simulated,
        lambda: Posture(np.array(controller.call("joints")), float(controller.call("opening"))),
        partial(controller.call, "set_obstacle"),
    )
    mount(simulated, camera, seed)
    arm, gripper = drivers(robot, host)
    real = build_real_scene(
        robot,
        simulated.tool,
        arm,
        gripper,
        {name: _as_it_is(eye) for name, eye in simulated.cameras.items()},
        simulated.T_WB,
        model,
        limits,
        may_move,
    )
    return ClosedLoopScene(real, simulated, controller, world)


def _as_it_is(camera):
    """A camera that the world connects; it knows its pose."""
    return lambda arm, T_WB: _Connected(camera)


class _Connected:
    """A camera of the simulated scene, which is connected with that scene and not again."""

    def __init__(self, camera) -> None:
        self.read = camera.read

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None: ...


def build_segmenter(scene, max_offset_px, boundary_noise_px, seed):
    """The simulator's stand-in for a learned segmenter."""
    return workplace.build_segmenter(scene.simulated, max_offset_px, boundary_noise_px, seed)


def build_judge(scene, task):
    """The simulator's predicate."""
    return workplace.build_judge(scene.simulated, task)


class HandGuidedDemonstration:
    """An ``Operator``: a scripted hand guides the arm in its free-drive, while ``with`` lasts."""

    def __init__(self, scene: ClosedLoopScene, arm, task: str, seed: int) -> None:
        self._scene, self._arm = scene, arm
        self._skill = skill_named(TaskDescription.parse(task).skill)
        self._rng = np.random.default_rng([seed, 4])
        call = scene.controller.call
        self._hand = GuidingHand(
            scene.simulated.sim_robot.kinematics,
            lambda: np.array(call("joints")),
            lambda joints: call("hand_moves", joints.tolist()),
            MonotonicClock(),
        )

    def __enter__(self):
        self._arm.begin_freedrive()
        self._hand.__enter__()
        return self

    def __exit__(self, *exc) -> None:
        self._hand.__exit__(*exc)
        self._arm.stop()

    def perform(self):
        """What a person does who sees where things are."""
        simulated, gripper = self._scene.simulated, self._scene.gripper
        yield from Demonstrator(simulated, self._hand, gripper, self._skill, self._rng).perform()


def build_operator(scene, arm, task, seed) -> HandGuidedDemonstration:
    """The scripted hand."""
    return HandGuidedDemonstration(scene, arm, task, seed)
