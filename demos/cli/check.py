"""``mt3-demos check``: verify a library, and mend what a crash left."""

import argparse
from collections.abc import Sequence

from rich.console import Console

from demos.cli import consistency
from demos.cli.reports import (
    Document,
    describe_library,
    describe_recovery,
    print_set_aside,
    print_troubles,
)
from demos.cli.subcommand import Subcommand
from demos.library import DemoLibrary
from demos.recovery import recover
from mt3.cli.outcome import ExitCode, Outcome
from mt3.errors import DemoFormatError


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--recover", action="store_true")
    consistency.add_arguments(parser)


def _run(arguments: argparse.Namespace, console: Console) -> Outcome:
    consistency.require_fitting(arguments)
    if arguments.consistency:
        return consistency.run(arguments, console)
    library = DemoLibrary.open(arguments.library)
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


SUBCOMMAND = Subcommand(
    name="check",
    help_lines=f"""\
  mt3-demos check                  verify every stored byte and every rule of the record
  mt3-demos check --recover        also finish, or put into quarantine, what a crash left
{consistency.HELP_LINES}""",
    add_arguments=_add_arguments,
    run=_run,
)
