"""``mt3-demos ls``: list what a library holds."""

import argparse

from rich.console import Console

from demos.cli.reports import describe_library, print_library
from demos.cli.subcommand import Subcommand
from demos.library import DemoLibrary
from mt3.cli.outcome import ExitCode, Outcome


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    """None of its own."""


def _run(arguments: argparse.Namespace, console: Console) -> Outcome:
    document = describe_library(DemoLibrary.open(arguments.library))
    if not arguments.json:
        print_library(console, document)
    return Outcome(ExitCode.SUCCESS, document)


SUBCOMMAND = Subcommand(
    name="ls",
    help_lines="""\
  mt3-demos ls                     list all demonstrations, and what is damaged""",
    add_arguments=_add_arguments,
    run=_run,
)
