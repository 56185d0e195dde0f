"""``mt3-demos merge``: copy the demonstrations of another library into this one."""

import argparse
from collections import Counter
from dataclasses import asdict

from rich.console import Console

from demos.cli.progress import tracked
from demos.cli.reports import print_set_aside
from demos.cli.subcommand import Subcommand
from demos.library import DemoLibrary
from demos.merging import Merged, Merger
from mt3.cli.outcome import ExitCode, Outcome


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("other", metavar="OTHER")
    parser.add_argument("--dry-run", action="store_true")


def _run(arguments: argparse.Namespace, console: Console) -> Outcome:
    merger = Merger(DemoLibrary.open(arguments.library), DemoLibrary.open(arguments.other))
    results: list[Merged] = []
    for name in tracked(merger.names(), "merged", console):
        results.append(merger.merge(name, arguments.dry_run))
        _print_result(console, results[-1])
    counts = Counter(result.outcome for result in results)
    damaged = [asdict(result) for result in results if result.outcome == "damaged"]
    if not arguments.json:
        rows = [{"id": row["demo_id"], "reason": row["reason"]} for row in damaged]
        print_set_aside(console, "damaged, not copied", rows)
    done = "would be copied" if arguments.dry_run else "copied"
    console.print(
        f"{counts['copied']} {done}, {counts['present']} already here, {counts['damaged']} damaged"
    )
    code = ExitCode.BAD_INPUT if damaged else ExitCode.SUCCESS
    return Outcome(code, {"dry_run": arguments.dry_run, "merged": [asdict(r) for r in results]})


def _print_result(console: Console, result: Merged) -> None:
    if result.outcome == "copied" and result.here != result.demo_id:
        new_id = result.here or "the next free number of its task"
        console.print(f"{result.demo_id}: another one has this id here, so {new_id}", markup=False)


SUBCOMMAND = Subcommand(
    name="merge",
    help_lines="""\
  mt3-demos merge OTHER            copy what the library in folder OTHER holds and this one not;
                                   with --dry-run only say what would be copied""",
    add_arguments=_add_arguments,
    run=_run,
)
