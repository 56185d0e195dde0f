"""``mt3-demos show``: the details of one demonstration, and a picture."""

import argparse
from pathlib import Path

from rich.console import Console

from demos.cli.reports import describe_recording, print_recording
from demos.cli.subcommand import Subcommand
from demos.open_library import open_library
from demos.picture import draw_recording
from mt3.cli.outcome import ExitCode, Outcome


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id")
    parser.add_argument("--picture", type=Path, metavar="FILE")


def _run(arguments: argparse.Namespace, console: Console) -> Outcome:
    library = open_library(arguments.library)
    recording, content_hash = library.read(arguments.id)
    document = describe_recording(library, arguments.id, recording, content_hash)
    if not arguments.json:
        print_recording(console, document)
    if arguments.picture is not None:
        draw_recording(recording, arguments.id, arguments.picture)
        document["picture"] = str(arguments.picture)
        console.print(f"picture: {arguments.picture}", markup=False)
    return Outcome(ExitCode.SUCCESS, document)


SUBCOMMAND = Subcommand(
    name="show",
    help_lines="""\
  mt3-demos show ID                details of one
  mt3-demos show ID --picture FILE and a picture: view, tool path, bottleneck, gripper, twists
                                   (.png, .pdf or .svg)""",
    add_arguments=_add_arguments,
    run=_run,
)
