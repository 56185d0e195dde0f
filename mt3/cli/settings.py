"""Reading what a person typed from a composed configuration."""

import math

from omegaconf import DictConfig, OmegaConf

from mt3.errors import ConfigurationError
from mt3.task import TaskDescription
from mt3.types import require_bool


def task_of(cfg: DictConfig, command: str) -> TaskDescription:
    """The task in words.

    Args:
        cfg: The configuration.
        command: Name of the command, for the example in the message.

    Raises:
        ConfigurationError: None was given.
        TaskError: No skill can be read from it.
    """
    if OmegaConf.is_missing(cfg, "task"):
        raise ConfigurationError(f'task: missing, for example {command} task="pick up the mug"')
    return TaskDescription.parse(str(cfg.task))


def positive_number(cfg: DictConfig, name: str) -> float:
    """A finite number above 0.

    Args:
        cfg: The configuration.
        name: Of the value; dots lead into groups.

    Raises:
        ConfigurationError: It is something else.
    """
    value = OmegaConf.select(cfg, name)
    sound = isinstance(value, int | float) and not isinstance(value, bool)
    if not sound or not 0.0 < value < math.inf:
        raise ConfigurationError(f"{name}: got {value!r}, expected a number above 0")
    return float(value)


def yes_or_no(cfg: DictConfig, name: str) -> bool:
    """True or false, as YAML writes them; dots in the name lead into groups.

    Raises:
        ConfigurationError: It is something else.
    """
    value = OmegaConf.select(cfg, name)
    require_bool(name, value)
    return bool(value)


def require_choices(cfg: DictConfig) -> None:
    """Check what says whether a real robot may move, and how its cameras' poses are known.

    Commands of simulation alone lack some of it.

    Raises:
        ConfigurationError: Neither true nor false, or cameras whose poses nobody knows.
    """
    for name in ("execute", "may_move", "may_grip"):
        if name in cfg:
            yes_or_no(cfg, name)
    if cfg.get("calibrations", "checked") not in ("checked", "unchecked"):
        raise ConfigurationError(
            f"calibrations: got {cfg.calibrations!r}, expected checked or unchecked; without one "
            "nobody knows where a camera is: mt3-calibrate hand-eye finds out"
        )


def whole_number(cfg: DictConfig, name: str, least: int) -> int:
    """A whole number of at least ``least``.

    Raises:
        ConfigurationError: It is something else.
    """
    value = cfg[name]
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigurationError(f"{name}: got {value!r}, expected a whole number from {least}")
    return value
