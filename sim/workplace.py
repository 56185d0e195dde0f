"""The simulated workplace as the commands' configuration builds it: plain values in, parts out."""

from collections.abc import Sequence

import numpy as np

from mt3.errors import ConfigurationError
from mt3.geometry import SE3
from mt3.interfaces import Arm
from mt3.motion.robot_model import RobotModel
from mt3.perception import Intrinsics
from mt3.task import TaskDescription
from sim.camera import RaycastCamera
from sim.demonstrator import Demonstrator
from sim.depth_noise import DepthNoise
from sim.mounting import CameraSpec, look_at, mount
from sim.robots import robot_named
from sim.scene import PyBulletScene
from sim.scene_view import instance_ids
from sim.scripted_teleop import ScriptedTeleop
from sim.segmenter import SimSegmenter
from sim.skills import Skill, skill_named
from sim.staging import Region, stage

_DEMONSTRATOR_STREAM = 4  # of random numbers, beside those of staging, camera and segmenter


class SimJudge:
    """Judges by the skill's success predicate, measured from the simulator's state."""

    name = "simulator"

    def __init__(self, scene: PyBulletScene, skill: Skill) -> None:
        self._scene, self._skill = scene, skill

    def success(self) -> bool:
        """Whether the task is done now."""
        with self._scene.world.lock:
            return bool(self._skill.success(self._scene))


def build_camera(
    name: str,
    eye_W: Sequence[float],
    target_W: Sequence[float],
    intrinsics: Intrinsics,
    noise: DepthNoise | None,
) -> CameraSpec:
    """A camera at a point of W that looks at another, its image upright, metres."""
    eye, target = np.array(eye_W, dtype=np.float64), np.array(target_W, dtype=np.float64)
    return CameraSpec(name, intrinsics, look_at(eye, target), noise)


def build_scene(
    task: str,
    seed: int,
    robot: str,
    camera: CameraSpec,
    distractors: int,
    clutter: Sequence[str],
    instance_seed: int | None,
    held_instance_seed: int | None,
    x_m: Sequence[float],
    y_m: Sequence[float],
    max_yaw_rad: float,
    base_xyz_yaw: Sequence[float] | None,
) -> PyBulletScene:
    """Stage a task and mount the camera; see ``stage``.

    Args:
        task: Words of the task.
        seed: Draws placement, distractors, noise and, where not given, the instances.
        robot: Name of the robot; see ``sim.robots``.
        camera: What looks at the scene.
        distractors: How many other objects stand around.
        clutter: Categories that these are drawn from.
        instance_seed: Which shape of the target's category.
        held_instance_seed: Which shape of the second object.
        x_m: Where the target may be put, from and to along x of W, metres.
        y_m: Likewise along y of W.
        max_yaw_rad: How far the target may be turned to either side from showing its +x side,
            such as a handle, to a camera opposite the robot; pi places it at every yaw.
        base_xyz_yaw: Pose of the robot's base in W, metres and radians; where that robot usually
            stands, if not given.

    Raises:
        ConfigurationError: A number is none that can be counted with, or see ``stage``.
    """
    _require_whole("scene.distractors", distractors)
    for name, given in (
        ("scene.instance_seed", instance_seed),
        ("scene.held_instance_seed", held_instance_seed),
    ):
        if given is not None:
            _require_whole(name, given)
    if not isinstance(max_yaw_rad, int | float) or not 0.0 <= max_yaw_rad <= np.pi:
        raise ConfigurationError(f"scene.max_yaw_rad: got {max_yaw_rad!r}, expected 0 to pi")
    scene = stage(
        TaskDescription.parse(task),
        seed,
        instance_seed=instance_seed,
        held_instance_seed=held_instance_seed,
        distractors=distractors,
        clutter=clutter,
        region=Region(_range("x_m", x_m), _range("y_m", y_m), (-max_yaw_rad, max_yaw_rad)),
        robot=robot_named(robot),
        T_WB=None if base_xyz_yaw is None else SE3.from_yaw(base_xyz_yaw[3], base_xyz_yaw[:3]),
    )
    mount(scene, camera, seed)
    return scene


def _range(name: str, value: Sequence[float]) -> tuple[float, float]:
    """Two numbers, the lower one first."""
    if len(value) != 2 or value[0] > value[1]:
        raise ConfigurationError(f"scene.{name}: got {list(value)}, expected from and to, metres")
    return float(value[0]), float(value[1])


def _require_whole(name: str, value: object) -> None:
    """Refuse what was typed where a count or a seed is due; YAML hands over any type."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ConfigurationError(f"{name}: got {value!r}, expected a whole number from 0")


def build_model(robot: str) -> RobotModel:
    """Kinematics and shape of a simulated robot with its hand.

    Raises:
        ConfigurationError: No such robot, or its description is not installed.
    """
    description = robot_named(robot)
    return RobotModel(
        urdf=description.urdf(),
        joint_names=description.arm_joints,
        base_link=description.base_link,
        flange_link=description.flange_link,
        T_flange_tool=description.T_flange_tool,
        reference_joints=description.observe_joints,
    )


def observe_joints(robot: str) -> list[float]:
    """Where a simulated robot leaves its workplace visible, (n,), rad.

    Raises:
        ConfigurationError: No such robot.
    """
    return [float(angle) for angle in robot_named(robot).observe_joints]


def build_segmenter(
    scene: PyBulletScene, max_offset_px: float, boundary_noise_px: float, seed: int
) -> SimSegmenter:
    """The stand-in for a learned segmenter, for a scene's cameras; see ``SimSegmenter``."""
    cameras = {
        name: camera for name, camera in scene.cameras.items() if isinstance(camera, RaycastCamera)
    }
    categories = {
        number: item.model.category
        for item in scene.world.objects.values()
        for number in instance_ids(item)
    }
    rng = np.random.default_rng([seed, 3])
    return SimSegmenter(cameras, categories, max_offset_px, boundary_noise_px, rng)


def build_demonstrator(scene: PyBulletScene, arm: Arm, task: str, seed: int) -> Demonstrator:
    """A scripted person who does the task; small variations come from the seed."""
    skill = skill_named(TaskDescription.parse(task).skill)
    rng = np.random.default_rng([seed, _DEMONSTRATOR_STREAM])
    return Demonstrator(scene, arm, scene.gripper, skill, rng)


def build_demonstrator_teleop(
    scene: PyBulletScene, arm: Arm, task: str, seed: int
) -> ScriptedTeleop:
    """The scripted person as a device: asks for each motion instead of commanding it."""
    return ScriptedTeleop(lambda: build_demonstrator(scene, arm, task, seed), scene.clock)


def build_judge(scene: PyBulletScene, task: str) -> SimJudge:
    """The judge of a task."""
    return SimJudge(scene, skill_named(TaskDescription.parse(task).skill))
