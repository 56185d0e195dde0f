"""``mt3-demos rm``: delete demonstrations."""

import argparse
import sys
from collections.abc import Sequence

from rich.console import Console

from demos.cli.subcommand import Subcommand
from demos.library import DemoLibrary
from mt3.cli.outcome import ExitCode, Outcome
from mt3.errors import ConfigurationError


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", nargs="+")
    parser.add_argument("--yes", action="store_true")


def _run(arguments: argparse.Namespace, console: Console) -> Outcome:
    library = DemoLibrary.open(arguments.library)
    demo_ids = list(dict.fromkeys(arguments.id))
    for demo_id in demo_ids:
        library.folder(demo_id)
    if not arguments.yes and not _confirmed(console, demo_ids, arguments.json):
        console.print("nothing deleted")
        return Outcome(ExitCode.SUCCESS, {"removed": []})
    for demo_id in demo_ids:
        library.remove(demo_id)
        console.print(f"deleted {demo_id}", markup=False)
    return Outcome(ExitCode.SUCCESS, {"removed": demo_ids})


def _confirmed(console: Console, demo_ids: Sequence[str], as_json: bool) -> bool:
    if as_json or not sys.stdin.isatty():
        raise ConfigurationError("rm: nobody to ask, add --yes to delete without asking")
    console.print(f"delete {', '.join(demo_ids)} for good? [y/N] ", end="", markup=False)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


SUBCOMMAND = Subcommand(
    name="rm",
    help_lines="""\
  mt3-demos rm ID [ID ...]         delete demonstrations, after asking
  mt3-demos rm ID --yes            without asking""",
    add_arguments=_add_arguments,
    run=_run,
)
