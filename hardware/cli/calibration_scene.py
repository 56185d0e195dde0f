"""The scene of a calibration: devices built from the configuration, and connected."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from omegaconf import DictConfig
from rich.console import Console

from hardware.calibration.guided_loop import CalibrationRig
from mt3.cli.assembly import build, build_control
from mt3.cli.keys import TerminalKeys
from mt3.cli.settings import yes_or_no
from mt3.errors import ConfigurationError
from mt3.interfaces import Camera, Scene


def has_scene(cfg: DictConfig) -> bool:
    """Whether a scene was named."""
    return cfg.get("scene") is not None


def build_scene(cfg: DictConfig) -> Scene:
    """The configured scene, not connected.

    Raises:
        ConfigurationError: None was named, or a value is refused.
    """
    if not has_scene(cfg):
        raise ConfigurationError("scene: missing, expected the name of one, such as scene=ur5e")
    for name in ("may_move", "may_grip"):
        yes_or_no(cfg, name)
    scene: Scene = build(cfg.scene)
    return scene


def camera_of(cfg: DictConfig, scene: Scene) -> Camera:
    """The configured camera of a scene.

    Raises:
        ConfigurationError: It has none of that name.
    """
    name = str(cfg.camera)
    if name not in scene.cameras:
        raise ConfigurationError(
            f"camera: got {name}, expected one of the scene's: {', '.join(scene.cameras)}"
        )
    return scene.cameras[name]


@contextmanager
def connected_rig(cfg: DictConfig, scene: Scene, console: Console) -> Iterator[CalibrationRig]:
    """Connect a scene, and what an operator moves its arm with, until the block is left.

    Raises:
        ConfigurationError: There is no terminal.
    """
    if not console.is_terminal:
        raise ConfigurationError(
            "scene: collecting needs a terminal to show its keys, and standard output is none "
            "(without scene= what was recorded before is evaluated)"
        )
    arm = build_control(cfg, scene).arm
    teleop = build(cfg.teleop)(scene=scene, arm=arm) if cfg.get("teleop") is not None else None
    with ExitStack() as stack:
        keys = stack.enter_context(TerminalKeys())
        stack.enter_context(scene)
        if teleop is not None:
            stack.enter_context(teleop)
        real_time = yes_or_no(cfg, "real_time") and scene.backend == "sim"
        yield CalibrationRig(arm, scene.clock, keys, teleop, real_time=real_time)
