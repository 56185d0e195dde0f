"""``mt3-demos ls``: list what a library holds."""

import argparse

from rich.console import Console

from demos.cli.reports import describe_library, print_library
from demos.cli.subcommand import Subcommand
from demos.open_library import open_library
from mt3.cli.outcome import ExitCode, Outcome


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--task", default="", metavar="TEXT")


def _run(arguments: argparse.Namespace, console: Console) -> Outcome:
    library = open_library(arguments.library)
    document = describe_library(library, *library.listing(arguments.task))
    if not arguments.json:
        print_library(console, document)
    return Outcome(ExitCode.SUCCESS, document)


SUBCOMMAND = Subcommand(
    name="ls",
    help_lines="""\
  mt3-demos ls                     list all demonstrations, and what is damaged at first sight
  mt3-demos ls --task "red mug"    only those with these words in skill, objects or text""",
    add_arguments=_add_arguments,
    run=_run,
)
