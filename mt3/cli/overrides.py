"""What a person types after a command, made safe for hydra's grammar."""

import re
from collections.abc import Sequence
from difflib import get_close_matches

from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException
from yaml import MarkedYAMLError, YAMLError

from mt3.errors import ConfigurationError

_VERBATIM_KEYS = ("task", "library")
_FLAGS_WITH_VALUE = ("--cfg", "-c", "--config-dir", "-cd")
_FLAGS = (*_FLAGS_WITH_VALUE, "--resolve")
_QUIET_HYDRA = (
    "hydra.run.dir=.",
    "hydra.output_subdir=null",
    "hydra.job.chdir=false",
    "hydra/job_logging=none",
    "hydra/hydra_logging=none",
)


def as_hydra_arguments(arguments: Sequence[str], example: str) -> list[str]:
    """Arguments for hydra that mean what was typed, and leave no folders behind.

    The values of ``task=`` and ``library=`` are taken letter by letter, whatever they hold.

    Args:
        arguments: As typed.
        example: A right use, for the error message.

    Raises:
        ConfigurationError: An argument is neither ``key=value`` nor a known option.
    """
    out: list[str] = []
    value_follows = False
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if value_follows or argument in _FLAGS:
            out.append(argument)
        elif not equals or argument.startswith("-"):
            if not argument.startswith("~"):
                raise ConfigurationError(
                    f"got {argument!r}, expected key=value, such as {example} (see --help)"
                )
            out.append(argument)
        else:
            out.append(f"{key}={quote(value)}" if key in _VERBATIM_KEYS else argument)
        value_follows = not value_follows and argument in _FLAGS_WITH_VALUE
    return [*out, *_QUIET_HYDRA]


def quote(text: str) -> str:
    """A string as a quoted value of hydra's grammar that reads back as the same string.

    Two grammars read it: hydra's, in which backslashes before a quote count, and OmegaConf's, in
    which ``${`` begins an interpolation unless an odd number of backslashes stands before it.
    """
    literal = re.sub(r"(\\*)\$\{", lambda match: match[1] * 2 + "\\${", text)
    escaped = re.sub(r"(\\*)'", lambda match: match[1] * 2 + "\\'", literal)
    trailing = len(escaped) - len(escaped.rstrip("\\"))
    return f"'{escaped}{trailing * chr(92)}'"


def describe_broken_yaml(error: YAMLError) -> str:
    """Where a configuration file cannot be read as YAML, and why, in one line."""
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return " ".join(str(error).split())
    mark = error.problem_mark
    return f"{mark.name}, line {mark.line + 1}: cannot be read: {error.problem}; correct this file"


def describe_unknown_key(error: BaseException | None) -> str | None:
    """What to type instead of a key that the configuration does not have.

    Args:
        error: What lies beneath hydra's error.

    Returns:
        One line; None where it is another error.
    """
    if not isinstance(error, OmegaConfBaseException) or error.full_key is None:
        return None
    parent = error.parent_node
    if not isinstance(parent, DictConfig) or error.key in parent:
        return None
    key, full_key = str(error.key), str(error.full_key)
    known = [str(name) for name in parent if str(name) != "_target_"]
    nearest = get_close_matches(key, known, n=1)
    if not nearest:
        return f"{full_key}: no such setting (--cfg job prints them all)"
    where = full_key.removesuffix(key)
    return f"{full_key}: no such setting, expected one such as {where}{nearest[0]}"
