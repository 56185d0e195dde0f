"""``mt3-demos view``: one demonstration in the Rerun viewer."""

import argparse
import os
import sys
from functools import partial
from pathlib import Path

from rich.console import Console

from demos.cli.progress import tracked
from demos.cli.subcommand import Subcommand
from demos.library import DemoLibrary
from demos.rerun_view import open_view, save_view
from mt3.cli.outcome import ExitCode, Outcome
from mt3.errors import ConfigurationError


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id")
    parser.add_argument("--save", type=Path, metavar="FILE")


def _run(arguments: argparse.Namespace, console: Console) -> Outcome:
    library = DemoLibrary.open(arguments.library)
    if arguments.save is None:
        _require_display()
    recording, _ = library.read(arguments.id)
    track = partial(tracked, label="frames of the camera", console=console)
    if arguments.save is None:
        open_view(recording, arguments.id, track)
        return Outcome(ExitCode.SUCCESS, {"id": arguments.id, "file": None})
    save_view(recording, arguments.id, arguments.save, track)
    console.print(f"saved: {arguments.save}; open it with: rerun {arguments.save}", markup=False)
    return Outcome(ExitCode.SUCCESS, {"id": arguments.id, "file": str(arguments.save)})


def _require_display() -> None:
    """Refuse to open a window where nobody could see it.

    Raises:
        ConfigurationError: There is no display.
    """
    displays = (os.environ.get("DISPLAY"), os.environ.get("WAYLAND_DISPLAY"))
    if sys.platform.startswith("linux") and not any(displays):
        raise ConfigurationError(
            "view: there is no display here; --save FILE.rrd writes a file for a viewer elsewhere"
        )


SUBCOMMAND = Subcommand(
    name="view",
    help_lines="""\
  mt3-demos view ID                everything of one over time in the Rerun viewer
  mt3-demos view ID --save FILE    into a file for it (.rrd)""",
    add_arguments=_add_arguments,
    run=_run,
)
