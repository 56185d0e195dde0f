"""``mt3-demos``: look into a library of demonstrations, check it, delete from it."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from demos.cli import check, ls, rm, show
from demos.cli.subcommand import Parser
from mt3.cli.entry import print_help, run_guarded
from mt3.cli.outcome import ExitCode, Outcome

SUBCOMMANDS = (ls.SUBCOMMAND, show.SUBCOMMAND, check.SUBCOMMAND, rm.SUBCOMMAND)

_HELP = """
mt3-demos: look into a library of demonstrations, check it, delete from it.

{verbs}

Options of every subcommand:
  --library FOLDER   the library; default $MT3_LIBRARY, else ./library
  --json             print one JSON document instead of tables

A library is made by mt3-record, for example: mt3-record task="pick up the mug"

Exit codes: 0 success, 1 demonstrations disagree, 2 no such demonstration,
3 bad input or something damaged, 130 interrupted.
"""


def main() -> int:
    """Entry point of the console script."""
    return run(sys.argv[1:])


def run(typed: Sequence[str]) -> int:
    """Run what was typed after the command's name, and return the exit code."""
    if not typed or "--help" in typed or "-h" in typed:
        print_help(_HELP.format(verbs="\n".join(verb.help_lines for verb in SUBCOMMANDS)))
        return ExitCode.SUCCESS
    return run_guarded(
        "mt3-demos", lambda console: _dispatch(typed, console), as_json="--json" in typed
    )


def _dispatch(typed: Sequence[str], console: Console) -> Outcome:
    arguments = _parser().parse_args(typed)
    subcommand = next(verb for verb in SUBCOMMANDS if verb.name == arguments.verb)
    return subcommand.run(arguments, console)


def _parser() -> Parser:
    common = Parser(add_help=False)
    default = os.environ.get("MT3_LIBRARY") or "./library"
    common.add_argument("--library", type=Path, default=Path(default))
    common.add_argument("--json", action="store_true")
    parser = Parser(prog="mt3-demos", add_help=False)
    *first, last = (verb.name for verb in SUBCOMMANDS)
    verbs = parser.add_subparsers(
        required=True, dest="verb", metavar=f"{', '.join(first)} or {last}"
    )
    for verb in SUBCOMMANDS:
        verb.add_arguments(verbs.add_parser(verb.name, parents=[common], add_help=False))
    return parser
