"""``mt3-demos check``: verify a library, and mend what a crash left."""

import argparse
from pathlib import Path

from rich.console import Console

from demos.cli.progress import tracked
from demos.cli.reports import (
    Document,
    describe_library,
    describe_recovery,
    print_set_aside,
    print_troubles,
)
from demos.cli.subcommand import Subcommand
from demos.library import DemoLibrary, SetAside, set_aside
from demos.open_library import AnyLibrary, open_library
from demos.recovery import recover
from mt3.cli.outcome import ExitCode, Outcome
from mt3.demo_summary import DemoSummary
from mt3.errors import ConfigurationError, DemoFormatError, DemoNotFoundError


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--recover", action="store_true")
    parser.add_argument("--consistency", action="store_true")
    parser.add_argument("--task")
    parser.add_argument("--picture", type=Path, metavar="FILE")
    parser.add_argument("--max-mm", type=float)
    parser.add_argument("--max-deg", type=float)


def _run(arguments: argparse.Namespace, console: Console) -> Outcome:
    if arguments.consistency:
        from demos.cli import consistency  # registration and drawing are slow to import

        return consistency.run(arguments, console)
    for name in ("task", "picture", "max_mm", "max_deg"):
        if getattr(arguments, name) is not None:
            option = name.replace("_", "-")
            raise ConfigurationError(f"check: got --{option}, which needs --consistency")
    recovered = recover(DemoLibrary.open(arguments.library)) if arguments.recover else []
    library = open_library(arguments.library)
    document: Document = {"recovered": [describe_recovery(item) for item in recovered]}
    for item in recovered:
        reason = f" ({item.reason})" if item.reason else ""
        console.print(f"{item.demo_id}: {item.outcome}{reason}", markup=False)
    listed, damaged, broken = _verify_all(library, console)
    document |= describe_library(library, listed, damaged)
    document["broken"] = [{"id": item.demo_id, "reason": item.reason} for item in broken]
    ok = not broken and not damaged
    if not arguments.json:
        print_set_aside(console, "break the record's rules", document["broken"])
        print_troubles(console, document)
        style = "green" if ok else "yellow"
        sound = len(listed) - len(broken)
        console.print(f"{sound} sound, {len(broken) + len(damaged)} not", style=style)
    return Outcome(ExitCode.SUCCESS if ok else ExitCode.BAD_INPUT, document)


def _verify_all(
    library: AnyLibrary, console: Console
) -> tuple[list[DemoSummary], list[SetAside], list[SetAside]]:
    """What is as written; what is damaged; and of the former what breaks the record's rules."""
    listed: list[DemoSummary] = []
    damaged: list[SetAside] = []
    broken: list[SetAside] = []
    for name in tracked(library.demo_names(), "verified", console):
        try:
            listed.append(library.verify(name))
        except DemoFormatError as error:
            damaged.append(set_aside(name, str(error)))
            continue
        except DemoNotFoundError:
            continue  # removed meanwhile
        try:
            library.load_verified(listed[-1])
        except DemoFormatError as error:
            broken.append(set_aside(name, str(error)))
        except DemoNotFoundError:
            listed.pop()
    return listed, damaged, broken


SUBCOMMAND = Subcommand(
    name="check",
    help_lines="""\
  mt3-demos check                  verify every stored byte and every rule of the record
  mt3-demos check --recover        also finish, or put into quarantine, what a crash left
  mt3-demos check --consistency    register the demonstrations of each task on each other, and
                                   compare where the interaction begins; exit code 1 if some
                                   disagree: a mistake in one, or another way of grasping
    --task TEXT                    of one task only
    --picture FILE                 heat maps of the pairs (.png, .pdf or .svg)
    --max-mm 20, --max-deg 15      from where on two disagree""",
    add_arguments=_add_arguments,
    run=_run,
)
