"""How a task becomes a scene: which objects, where, and what is in the hand."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mt3.errors import ConfigurationError, PlacementError
from mt3.geometry import SE3
from mt3.retrieval.object_name import ObjectName
from mt3.task import TaskDescription
from mt3.types import FloatArray
from sim.objects import CATEGORIES, CLUTTER, ObjectModel, instance
from sim.robots import PANDA, RobotDescription
from sim.scene import PyBulletScene, Roles
from sim.skills import Cast, Skill, skill_named

_DISTRACTOR_GAP_M = 0.01
_BASE_RADIUS_M = 0.22
_DRAWS = 60
_ON_TABLE_M = 0.05
_INSTANCE_SEEDS = 10_000
_SETTLE_STEPS = 480
_CLOSE_STEPS = 240
_FALL_ASLEEP_STEPS = 2


@dataclass(frozen=True, slots=True)
class Region:
    """Where the target may be put: ranges of x and y of W in metres, and of its yaw."""

    x_m: tuple[float, float] = (0.38, 0.65)
    y_m: tuple[float, float] = (-0.28, 0.28)
    yaw_rad: tuple[float, float] = (-np.pi, np.pi)

    def draw(self, rng: np.random.Generator) -> SE3:
        """A pose on the table, uniformly."""
        low, high = zip(self.x_m, self.y_m, self.yaw_rad, strict=True)
        x, y, yaw = rng.uniform(low, high)
        return SE3.from_yaw(float(yaw), (x, y, 0.0))


_DISTRACTOR_REGION = Region((0.32, 0.72), (-0.46, 0.46))


def stage(
    task: TaskDescription,
    seed: int,
    *,
    instance_seed: int | None = None,
    held_instance_seed: int | None = None,
    distractors: int = 3,
    clutter: Sequence[str] = CLUTTER,
    region: Region | None = None,
    robot: RobotDescription = PANDA,
    T_WB: SE3 | None = None,
) -> PyBulletScene:
    """Build the scene in which a task begins; the same arguments give the same scene.

    Args:
        task: What is to be done; its objects name categories.
        seed: Draws placement, distractors and, where not given, the instances.
        instance_seed: Which shape of the target's category.
        held_instance_seed: Which shape of the category of the second object, which is in the hand
            or under the target.
        distractors: How many objects of other categories stand around.
        clutter: Categories that these are drawn from.
        region: Where the target may stand.
        robot: What stands at the table.
        T_WB: Pose of its base; where that robot usually stands, if not given.

    Raises:
        ConfigurationError: No category for a word, or one that has no part in the skill.
        PlacementError: No room for the distractors, or the task does not start as it must.
    """
    skill = skill_named(task.skill)
    rng = np.random.default_rng([seed, 1])
    cast = _cast(task, skill)
    drawn = [int(number) for number in rng.integers(_INSTANCE_SEEDS, size=2)]
    given = (instance_seed, held_instance_seed)
    target_seed, other_seed = (b if a is None else a for a, b in zip(given, drawn, strict=True))
    scene = PyBulletScene(robot.T_WB if T_WB is None else T_WB, robot)
    _set_up(scene, cast, skill, (target_seed, other_seed), (region or Region()).draw(rng))
    others = [name for name in clutter if name not in cast.categories()]
    chosen = _scatter(scene, rng.permutation(others).tolist(), distractors, skill.clearance_m, rng)
    skill.arrange(scene, cast, rng)
    _bring_to_rest(scene, chosen)
    poses, T_WE = scene.world.poses(), scene.tool_pose()
    scene.assign(Roles(cast.target, cast.held, poses, cast.support, T_WE))
    scene.remember(skill.watch(scene))
    if not skill.start_condition(scene):
        raise PlacementError(f"stage: {task.text!r} with seed {seed} does not start as it must")
    return scene


def _cast(task: TaskDescription, skill: Skill) -> Cast:
    """Who plays which part.

    Raises:
        ConfigurationError: A category that has no part in the skill, or the same one twice.
    """
    target = category_of(task.target_object)
    if target not in skill.partners:
        raise ConfigurationError(
            f"target_object: got {target!r}, expected one of {', '.join(sorted(skill.partners))} "
            f"for {skill.name}"
        )
    if skill.implied is not None:
        return Cast(target, skill.implied, None)
    if not (skill.starts_holding or skill.has_surrounding):
        return Cast(target, None, None)
    partners = ", ".join(sorted(skill.partners[target]))
    if task.other_object is None:
        raise ConfigurationError(
            f"other_object: got none, expected one of {partners} for {skill.name}"
        )
    other = category_of(task.other_object)
    if other == target:
        raise ConfigurationError(f"other_object: got {other!r} twice, expected two categories")
    if other not in skill.partners[target]:
        raise ConfigurationError(
            f"other_object: got {other!r}, expected one of {partners} for {skill.name} {target}"
        )
    return Cast(target, None, other) if skill.has_surrounding else Cast(target, other, None)


def _set_up(
    scene: PyBulletScene, cast: Cast, skill: Skill, seeds: tuple[int, int], T_W: SE3
) -> None:
    """Put the target, or what it stands on, at a pose, and into the hand what begins there."""
    target = instance(cast.target, seeds[0])
    if cast.support is not None:
        support = instance(cast.support, seeds[1])
        scene.world.add(cast.support, support, T_W)
        T_W = T_W @ skill.start_pose(target, support)
    scene.world.add(cast.target, target, T_W)
    if cast.held is not None:
        _put_in_hand(scene, cast.held, instance(cast.held, seeds[1]))


def _bring_to_rest(scene: PyBulletScene, distractors: Sequence[str]) -> None:
    """Wait until everything rests, then let the distractors sleep."""
    scene.world.settle(_SETTLE_STEPS)
    for name in distractors:
        scene.world.put_to_sleep(name)
    for _ in range(_FALL_ASLEEP_STEPS):
        scene.world.step()


def category_of(words: str) -> str:
    """The category that an object's words name, in singular or plural or by another word for it.

    Raises:
        ConfigurationError: None.
    """
    category = ObjectName.parse(words).head
    if category in CATEGORIES:
        return category
    raise ConfigurationError(f"object: got {words!r}, expected one of {', '.join(CATEGORIES)}")


@dataclass(frozen=True, slots=True, eq=False)
class Circle:
    """A circle on the table that holds an object."""

    p_W: FloatArray
    radius_m: float

    @classmethod
    def around(cls, model: ObjectModel, T_WO: SE3) -> "Circle":
        """The circle about the middle of an object's outline."""
        p_O = model.mesh.vertices * np.array([1.0, 1.0, 0.0])
        centre_O = (p_O.min(axis=0) + p_O.max(axis=0)) / 2
        radius = float(np.linalg.norm(p_O - centre_O, axis=1).max())
        return cls((T_WO @ centre_O)[:2], radius)

    def gap_m(self, other: "Circle") -> float:
        """Free space to another circle; negative when they overlap."""
        return float(np.linalg.norm(self.p_W - other.p_W)) - self.radius_m - other.radius_m


def _scatter(
    scene: PyBulletScene,
    categories: Sequence[str],
    count: int,
    clearance_m: float,
    rng: np.random.Generator,
) -> list[str]:
    """Put distractors, the first categories that fit, clear of all objects on the table."""
    standing = [
        (Circle.around(item.model, scene.world.pose(name)), clearance_m)
        for name, item in scene.world.objects.items()
        if scene.world.pose(name).t[2] < _ON_TABLE_M
    ]
    keep_out = [(Circle(scene.T_WB.t[:2], _BASE_RADIUS_M), 0.0), *standing]
    placed: list[str] = []
    for category in categories:
        if len(placed) == count:
            break
        model = instance(category, int(rng.integers(_INSTANCE_SEEDS)))
        for _ in range(_DRAWS):
            T_WO = _DISTRACTOR_REGION.draw(rng)
            circle = Circle.around(model, T_WO)
            if all(circle.gap_m(other) >= gap_m for other, gap_m in keep_out):
                scene.world.add(category, model, T_WO)
                keep_out.append((circle, _DISTRACTOR_GAP_M))
                placed.append(category)
                break
    if len(placed) < count:
        raise PlacementError(f"distractors: got room for {len(placed)}, expected {count}")
    return placed


def _put_in_hand(scene: PyBulletScene, name: str, model: ObjectModel) -> None:
    """Close the fingers on an object that floats in its grasp until they hold it."""
    T_WO = scene.tool_pose() @ model.grasps_O[0].inverse()
    scene.world.add(name, model, T_WO)
    with scene.arm, scene.gripper as gripper:
        gripper.command(0.0)
        for _ in range(_CLOSE_STEPS):
            if not scene.holds(name):
                scene.world.place(name, T_WO)
            scene.world.step()
        scene.world.settle(_CLOSE_STEPS)
