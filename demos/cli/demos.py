"""``mt3-demos``: look into a library of demonstrations, check it, delete from it."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from demos.cli.reports import (
    Document,
    describe_library,
    describe_recording,
    describe_recovery,
    print_library,
    print_recording,
    print_set_aside,
    print_troubles,
)
from demos.library import DemoLibrary
from demos.picture import draw_demonstration
from demos.recovery import recover
from mt3.cli.entry import print_help, run_guarded
from mt3.cli.outcome import ExitCode, Outcome
from mt3.errors import ConfigurationError, DemoFormatError

HELP = """
mt3-demos: look into a library of demonstrations, check it, delete from it.

  mt3-demos ls                     list all demonstrations, and what is damaged
  mt3-demos show ID                details of one
  mt3-demos show ID --picture FILE and a picture: view, tool path, gripper (.png, .pdf or .svg)
  mt3-demos check                  verify every stored byte and every rule of the record
  mt3-demos check --recover        also finish, or put into quarantine, what a crash left
  mt3-demos rm ID [ID ...]         delete demonstrations, after asking
  mt3-demos rm ID --yes            without asking

Options of every subcommand:
  --library FOLDER   the library; default $MT3_LIBRARY, else ./library
  --json             print one JSON document instead of tables

A library is made by mt3-record, for example: mt3-record task="pick up the mug"

Exit codes: 0 success, 2 no such demonstration, 3 bad input or something damaged, 130 interrupted.
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors and help are ours."""

    def error(self, message: str) -> NoReturn:
        raise ConfigurationError(f"{message} (see mt3-demos --help)")


def main() -> int:
    """Entry point of the console script."""
    return run(sys.argv[1:])


def run(typed: Sequence[str]) -> int:
    """Run what was typed after the command's name, and return the exit code."""
    if not typed or "--help" in typed or "-h" in typed:
        print_help(HELP)
        return ExitCode.SUCCESS
    return run_guarded(
        "mt3-demos", lambda console: _dispatch(typed, console), as_json="--json" in typed
    )


def _dispatch(typed: Sequence[str], console: Console) -> Outcome:
    arguments = _parser().parse_args(typed)
    library = DemoLibrary.open(arguments.library)
    subcommand: Callable[[DemoLibrary, argparse.Namespace, Console], Outcome]
    subcommand = arguments.subcommand
    return subcommand(library, arguments, console)


def _parser() -> _Parser:
    common = _Parser(add_help=False)
    default = os.environ.get("MT3_LIBRARY") or "./library"
    common.add_argument("--library", type=Path, default=Path(default))
    common.add_argument("--json", action="store_true")
    parser = _Parser(prog="mt3-demos", add_help=False)
    subcommands = parser.add_subparsers(required=True, metavar="ls, show, check or rm")

    def add(name: str, run: Callable[..., Outcome]) -> argparse.ArgumentParser:
        subparser = subcommands.add_parser(name, parents=[common], add_help=False)
        subparser.set_defaults(subcommand=run)
        return subparser

    add("ls", _ls)
    show = add("show", _show)
    show.add_argument("id")
    show.add_argument("--picture", type=Path, metavar="FILE")
    add("check", _check).add_argument("--recover", action="store_true")
    rm = add("rm", _rm)
    rm.add_argument("id", nargs="+")
    rm.add_argument("--yes", action="store_true")
    return parser


def _ls(library: DemoLibrary, arguments: argparse.Namespace, console: Console) -> Outcome:
    document = describe_library(library)
    if not arguments.json:
        print_library(console, document)
    return Outcome(ExitCode.SUCCESS, document)


def _show(library: DemoLibrary, arguments: argparse.Namespace, console: Console) -> Outcome:
    recording, content_hash = library.read(arguments.id)
    document = describe_recording(library, arguments.id, recording, content_hash)
    if not arguments.json:
        print_recording(console, document)
    if arguments.picture is not None:
        draw_demonstration(library.load(arguments.id), arguments.picture)
        document["picture"] = str(arguments.picture)
        console.print(f"picture: {arguments.picture}", markup=False)
    return Outcome(ExitCode.SUCCESS, document)


def _check(library: DemoLibrary, arguments: argparse.Namespace, console: Console) -> Outcome:
    recovered = recover(library) if arguments.recover else []
    document: Document = {"recovered": [describe_recovery(item) for item in recovered]}
    for item in recovered:
        reason = f" ({item.reason})" if item.reason else ""
        console.print(f"{item.demo_id}: {item.outcome}{reason}", markup=False)
    document |= describe_library(library)
    broken = _broken(library, [row["id"] for row in document["demonstrations"]])
    document["broken"] = broken
    sound = len(document["demonstrations"]) - len(broken)
    ok = not broken and not document["damaged"]
    if not arguments.json:
        print_set_aside(console, "break the record's rules", broken)
        print_troubles(console, document)
        style = "green" if ok else "yellow"
        console.print(f"{sound} sound, {len(broken) + len(document['damaged'])} not", style=style)
    return Outcome(ExitCode.SUCCESS if ok else ExitCode.BAD_INPUT, document)


def _broken(library: DemoLibrary, demo_ids: Sequence[str]) -> list[Document]:
    """Demonstrations whose bytes are as written and yet break the record's rules."""
    broken: list[Document] = []
    for demo_id in demo_ids:
        try:
            library.load(demo_id)
        except DemoFormatError as error:
            broken.append({"id": demo_id, "reason": str(error)})
    return broken


def _rm(library: DemoLibrary, arguments: argparse.Namespace, console: Console) -> Outcome:
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
