"""``mt3-calibrate``: where the cameras and the tool are."""

import importlib
import sys
from collections.abc import Sequence

from mt3.cli.guarded import print_help, run_guarded
from mt3.cli.outcome import ExitCode, Outcome
from mt3.errors import ConfigurationError

# Verb and its module, in the order of the help; only the module of the verb typed is imported.
VERBS = {
    "board": "hardware.cli.calibrate_board",
    "hand-eye": "hardware.cli.calibrate_hand_eye",
    "reference": "hardware.cli.calibrate_reference",
    "check": "hardware.cli.calibrate_check",
    "tool": "hardware.cli.calibrate_tool",
}

_HELP = """
mt3-calibrate: where the cameras and the tool are.

  mt3-calibrate board                          a page to print, with the board at its real size
  mt3-calibrate tool scene=NAME                the tool centre point, by touching a point
  mt3-calibrate hand-eye scene=NAME mounting=stand
                                               the pose of a camera; mounting=wrist for one on
                                               the arm
  mt3-calibrate reference scene=NAME           remember the board that stays on the table
  mt3-calibrate check scene=NAME               is the camera still where it was?

In this order for a new robot. mt3-calibrate VERB --help says more.

Exit codes: 0 success, 1 a calibration was refused, or a camera was moved, or a device failed,
3 bad input, 130 interrupted.
"""


def main() -> int:
    """Entry point of the console script."""
    return run(sys.argv[1:])


def run(typed: Sequence[str]) -> int:
    """Run what was typed after the command's name, and return the exit code."""
    if not typed or typed[0] in ("--help", "-h"):
        print_help(_HELP)
        return ExitCode.SUCCESS
    verb, *settings = typed
    if verb not in VERBS:
        return run_guarded("mt3-calibrate", lambda _: _refuse(verb), "output=json" in settings)
    from mt3.cli.entry import run_hydra_command  # hydra is slow to import

    return run_hydra_command(importlib.import_module(VERBS[verb]).COMMAND, settings)


def _refuse(verb: str) -> Outcome:
    *first, last = VERBS
    raise ConfigurationError(
        f"got {verb!r}, expected {', '.join(first)} or {last} (see mt3-calibrate --help)"
    )
