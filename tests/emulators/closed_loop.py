"""A real workplace whose controller is emulated, and whose world is PyBullet.

The arm's driver talks to the emulated controller, as it would to a real one. In the simulated
world a robot follows the controller's joints, and its fingers tell the emulated gripper what stops
them. So the loop is closed, and the simulator's predicate says whether the task was done.
"""

from contextlib import ExitStack
from functools import partial

from emulated_workplace import EmulatedWorkplace
from emulator_process import EmulatorProcess
from ufactory.controller import Controller
from universal_robots.emulator import UrEmulator

from hardware.arms.universal_robots import UniversalRobotsArm
from hardware.arms.xarm import UfactoryArm
from hardware.grippers.robotiq import RobotiqGripper
from hardware.grippers.xarm_gripper import UfactoryGripper
from hardware.real_scene import RealScene, build_real_scene
from mt3.interfaces import OperatorEvent
from mt3.tool import ToolFrame
from sim.demonstrator import RATE_HZ
from sim.robots import robot_named

_DH = {
    "dh_a": [0.0, -0.425, -0.3922, 0.0, 0.0, 0.0],
    "dh_d": [0.1625, 0.0, 0.0, 0.1333, 0.0997, 0.0996],
}  # of the UR5e, as Universal Robots publishes them
_STATE_HZ = 125.0  # twice as often as anything here looks, on a computer that emulates it all


def tool_of(robot: str) -> ToolFrame:
    """What the simulated robot of a name carries."""
    robot = robot_named(robot)
    return ToolFrame(robot.T_flange_tool, robot.gripper, robot.hand_mass_kg, robot.p_com_flange)


def emulated_controller(robot: str, host: str, real_time: bool = True) -> EmulatorProcess:
    """The controller of a robot that carries that tool, its arm at the observe posture."""
    tool = tool_of(robot)
    state = {
        "q": robot_named(robot).observe_joints.tolist(),
        "tcp_offset": [*tool.T_flange_tool.t.tolist(), 0.0, 0.0, 0.0],
        "payload_kg": tool.payload_kg,
        "payload_cog": tool.p_com_flange,
    }
    controller = UrEmulator if robot == "ur5e" else Controller
    return EmulatorProcess(partial(controller, host, **state), real_time)


def drivers(robot: str, host: str):
    """What makes the drivers of an arm and of its gripper."""
    if robot == "ur5e":
        arm = partial(UniversalRobotsArm, host, **_DH, state_hz=_STATE_HZ)
        return arm, partial(RobotiqGripper, host)
    return partial(UfactoryArm, host, robot), partial(UfactoryGripper, host)


class ClosedLoopScene(RealScene):
    """A ``RealScene``; ``with`` starts the controller and the world too.

    Attributes:
        controller: The emulated controller.
        world: The ``EmulatedWorkplace``.
    """

    def __init__(self, real: RealScene, controller: EmulatorProcess, stage) -> None:
        super().__init__(real.robot, real.tool, real.control, real.cameras, real.T_WB)
        self.controller, self._stage = controller, stage
        self._running = ExitStack()

    def __enter__(self):
        with ExitStack() as stack:
            stack.enter_context(self.controller)
            build = partial(self._stage, self.controller.other_door)
            self.world = stack.enter_context(EmulatorProcess(build, real_time=False))
            for camera in self.cameras.values():
                camera.world = self.world
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
    """A task to be staged for a robot with an emulated controller at a loopback address."""
    arm, gripper = drivers(robot, host)
    real = build_real_scene(
        robot,
        tool_of(robot),
        arm,
        gripper,
        {camera.name: lambda arm, T_WB: _Camera(camera.name)},
        robot_named(robot).T_WB,
        model,
        limits,
        may_move,
    )
    stage = partial(
        EmulatedWorkplace,
        robot=robot,
        task=task,
        seed=seed,
        instance_seed=instance_seed,
        distractors=distractors,
        max_yaw_rad=max_yaw_rad,
        camera=camera,
    )
    return ClosedLoopScene(real, emulated_controller(robot, host), stage)


class _Camera:
    """A camera of the world, which is connected with that and not again."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.world: EmulatorProcess | None = None

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None: ...

    def read(self, max_age_s: float):
        return self.world.call("read", self._name, max_age_s)


class _Segmenter:
    """The simulator's stand-in for a learned segmenter."""

    name = "simulator-ground-truth"

    def __init__(self, scene: ClosedLoopScene, *settings) -> None:
        self._scene, self._settings = scene, settings

    def segment(self, rgbd, object_name: str):
        return self._scene.world.call("segment", rgbd, object_name, *self._settings)


def build_segmenter(scene, max_offset_px, boundary_noise_px, seed) -> _Segmenter:
    """See ``sim.workplace.build_segmenter``."""
    return _Segmenter(scene, max_offset_px, boundary_noise_px, seed)


class _Judge:
    """The simulator's predicate."""

    name = "simulator"

    def __init__(self, scene: ClosedLoopScene) -> None:
        self._scene = scene

    def success(self) -> bool:
        return self._scene.world.call("success")


def build_judge(scene) -> _Judge:
    """The simulator's predicate."""
    return _Judge(scene)


class HandGuidedDemonstration:
    """An ``Operator``: a scripted hand guides the arm in its free-drive, while ``with`` lasts."""

    def __init__(self, scene: ClosedLoopScene, arm, seed: int) -> None:
        self._scene, self._arm, self._seed = scene, arm, seed

    def __enter__(self):
        self._arm.begin_freedrive()
        self._scene.world.call("take_hold", self._seed)
        return self

    def __exit__(self, *exc) -> None:
        self._scene.world.call("let_go")
        self._arm.stop()

    def perform(self):
        """What a person does who sees where things are; the fingers move by a key of theirs."""
        clock, event = self._scene.clock, OperatorEvent.TICK
        while event is not OperatorEvent.END:
            intent = self._scene.world.call("guide")
            if intent.opening is not None:
                self._scene.gripper.command(intent.opening)
            clock.sleep_until(clock.now_s() + 1.0 / RATE_HZ)
            event = intent.event
            yield event


def build_operator(scene, arm, seed) -> HandGuidedDemonstration:
    """The scripted hand."""
    return HandGuidedDemonstration(scene, arm, seed)
