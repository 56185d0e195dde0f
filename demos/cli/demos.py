"""``mt3-demos``: look into a library of demonstrations, check it, delete from it."""

import importlib
import os
import sys
from collections.abc import Sequence

from rich.console import Console

from demos.cli.subcommand import Parser, Subcommand
from mt3.cli.guarded import print_help, run_guarded
from mt3.cli.outcome import ExitCode, Outcome

# Verb and its module, in the order of the help; only the module of the verb typed is imported.
VERBS = {
    "ls": "demos.cli.ls",
    "show": "demos.cli.show",
    "view": "demos.cli.view",
    "check": "demos.cli.check",
    "import": "demos.cli.import_demos",
    "export": "demos.cli.export_demos",
    "merge": "demos.cli.merge",
    "stats": "demos.cli.stats",
    "push": "demos.cli.push",
    "rm": "demos.cli.rm",
}

_HELP = """
mt3-demos: look into a library of demonstrations, check it, delete from it.

{verbs}

Options of every subcommand:
  --library FOLDER   the library; default $MT3_LIBRARY, else ./library. ls, show, check and stats
                     also read s3://BUCKET/PREFIX
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
        print_help(_HELP.format(verbs="\n".join(_load(verb).help_lines for verb in VERBS)))
        return ExitCode.SUCCESS
    return run_guarded(
        "mt3-demos", lambda console: _dispatch(typed, console), as_json="--json" in typed
    )


def _dispatch(typed: Sequence[str], console: Console) -> Outcome:
    arguments = _parser(typed[0]).parse_args(typed)
    return _load(arguments.verb).run(arguments, console)


def _load(verb: str) -> Subcommand:
    subcommand: Subcommand = importlib.import_module(VERBS[verb]).SUBCOMMAND
    return subcommand


def _parser(first_word: str) -> Parser:
    common = Parser(add_help=False)
    default = os.environ.get("MT3_LIBRARY") or "./library"
    common.add_argument("--library", default=default)
    common.add_argument("--json", action="store_true")
    parser = Parser(prog="mt3-demos", add_help=False)
    *first, last = VERBS
    verbs = parser.add_subparsers(
        required=True, dest="verb", metavar=f"{', '.join(first)} or {last}"
    )
    for verb in VERBS:
        own = verbs.add_parser(verb, parents=[common], add_help=False)
        if verb == first_word:
            _load(verb).add_arguments(own)
    return parser
