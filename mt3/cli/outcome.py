"""How a command ends: an exit code, and one JSON document for machines."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from mt3.errors import (
    CalibrationError,
    DemoNotFoundError,
    DeviceError,
    Mt3Error,
    NoMatchError,
    PlanningError,
    RegistrationError,
    SegmentationError,
)


class ExitCode(IntEnum):
    """What the shell sees; the same for every command."""

    SUCCESS = 0
    FAILED = 1
    NO_MATCH = 2
    BAD_INPUT = 3
    INTERRUPTED = 130


_NO_MATCH = (NoMatchError, DemoNotFoundError)
_FAILED = (CalibrationError, DeviceError, PlanningError, RegistrationError, SegmentationError)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a command.

    Args:
        exit_code: For the shell.
        document: What ``output=json`` or ``--json`` prints.
    """

    exit_code: ExitCode
    document: Mapping[str, Any]


def exit_code_of(error: Mt3Error) -> ExitCode:
    """Exit code for an error raised on purpose: what was typed is to blame unless it tells."""
    if isinstance(error, _NO_MATCH):
        return ExitCode.NO_MATCH
    return ExitCode.FAILED if isinstance(error, _FAILED) else ExitCode.BAD_INPUT


def outcome_of_error(code: ExitCode, kind: str, message: str) -> Outcome:
    """The document of a command that ended with an error."""
    error = {"type": kind, "message": message}
    return Outcome(code, {"error": error, "exit_code": int(code)})


def outcome_of_own_error(error: Mt3Error) -> Outcome:
    """The document of a command that ended with an error raised on purpose.

    Where nothing matched, ``nearest`` lists the nearest known tasks, best first.
    """
    code = exit_code_of(error)
    document = outcome_of_error(code, type(error).__name__, str(error)).document
    if isinstance(error, NoMatchError):
        document = {**document, "error": {**document["error"], "nearest": list(error.nearest)}}
    return Outcome(code, document)
