"""Build the parts of a trial from a composed configuration: the one place where they meet."""

from dataclasses import dataclass
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from mt3.cli.entry import config_for_record
from mt3.cli.interrupt import raise_if_interrupted
from mt3.cli.settings import require_choices
from mt3.cli.software import software_versions
from mt3.control.control import Control
from mt3.execution.executor import Executor
from mt3.execution.observer import Observer
from mt3.execution.trial_record import Until
from mt3.interfaces import DemoSource, Judge, Scene
from mt3.motion.planner import MotionPlanner
from mt3.motion.robot_model import RobotModel
from mt3.motion.timing import TimingLimits
from mt3.retrieval import DemoIndex
from mt3.safety import SafetyLimits
from mt3.task import TaskDescription


@dataclass(frozen=True, slots=True, eq=False)
class Workplace:
    """A scene with everything that acts in it.

    Args:
        scene: The robot in its workplace; ``with`` connects it.
        control: What all commands to its arm go through.
        executor: Runs trials in it.
        judge: Says whether a task was done.
        moves_real_arm: Whether the arm is real and may move.
    """

    scene: Scene
    control: Control
    executor: Executor
    judge: Judge
    moves_real_arm: bool


def build(node: object) -> Any:  # noqa: ANN401  # whatever the YAML names
    """What a node of the configuration describes, with plain values inside.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed, also where an import swallowed it.
    """
    if OmegaConf.is_config(node):  # hydra would resolve what a node refers to in place
        node = OmegaConf.create(OmegaConf.to_container(node, resolve=True))
    built = instantiate(node, _convert_="all")
    raise_if_interrupted()
    return built


def build_planner(
    rules: DictConfig, limits: SafetyLimits, model: RobotModel, scene: Scene
) -> MotionPlanner:
    """The planner of a workplace, by the ``planning`` and ``timing`` of a node with both."""
    share = rules.timing.limits_share
    timing = TimingLimits(
        share * limits.joint_velocity_fraction,
        rules.timing.acceleration_rad_s2,
        limits.tool.scaled(share),
    )
    return MotionPlanner(model, scene.T_WB, timing, build(rules.planning))


def build_index(cfg: DictConfig, source: DemoSource) -> DemoIndex:
    """The index of a source's demonstrations, those of the configured task read.

    Raises:
        NoMatchError: No demonstration fits the task, or none that does can be read.
    """
    index = DemoIndex(source, build(cfg.encoder), build(cfg.language))
    index.prepare(TaskDescription.parse(str(cfg.task)))
    return index


def build_executor(
    cfg: DictConfig, scene: Scene, control: Control, source: DemoSource, index: DemoIndex
) -> Executor:
    """What runs trials of the configured task in a scene, with demonstrations from a source.

    Raises:
        ConfigurationError: A value of the configuration is refused; the message names it.
    """
    model: RobotModel = build(cfg.model)
    limits: SafetyLimits = build(cfg.limits)
    planner = build_planner(cfg, limits, model, scene)
    observer = Observer(
        scene,
        control.arm,
        model,
        planner,
        build(cfg.segmenter)(scene=scene),
        build(cfg.obstacles),
        build(cfg.observation),
    )
    return Executor(
        scene=scene,
        control=control,
        model=model,
        limits=limits,
        observer=observer,
        source=source,
        index=index,
        registrar=build(cfg.registrar),
        planner=planner,
        tracking=build(cfg.tracking),
        grip=build(cfg.grip),
        rules=build(cfg.execution),
        config=config_for_record(cfg),
        software=software_versions(),
    )


def build_control(cfg: DictConfig, scene: Scene) -> Control:
    """What all commands of a scene go through: safety gate and control loop."""
    control: Control = build(cfg.control)(scene=scene)
    return control


def build_workplace(cfg: DictConfig) -> Workplace:
    """Everything that one trial of the configured task needs; nothing is connected yet.

    On a real arm a trial ends with its plan, unless ``execute`` is set.

    Raises:
        NoMatchError: No demonstration fits the task, or none that does can be read.
        LibraryNotFoundError: There are no demonstrations at ``library``.
        ConfigurationError: A value of the configuration is refused; the message names it.
    """
    require_choices(cfg)
    source: DemoSource = build(cfg.library_source)
    index = build_index(cfg, source)
    scene: Scene = build(cfg.scene)
    real = scene.backend == "real"
    if real and not cfg.execute:
        cfg.until = Until.PLAN.value
    control = build_control(cfg, scene)
    executor = build_executor(cfg, scene, control, source, index)
    judge: Judge = build(cfg.judge)(scene=scene)
    return Workplace(scene, control, executor, judge, real and bool(cfg.execute))
