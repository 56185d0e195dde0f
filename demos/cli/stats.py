"""``mt3-demos stats``: how much a library holds, by skill and objects."""

import argparse
from dataclasses import asdict

from rich.console import Console
from rich.table import Column, Table

from demos.cli.progress import tracked
from demos.cli.reports import Document, as_cell, print_set_aside
from demos.cli.subcommand import Subcommand
from demos.open_library import open_library
from demos.statistics import Amount, Statistics, measure_demonstration
from mt3.cli.outcome import ExitCode, Outcome
from mt3.errors import DemoFormatError, DemoNotFoundError
from mt3.skill_grammar import SKILLS

_NUMBERS = ("count", "min", "samples", "MB", "streams", "of MB")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    """None of its own."""


def _run(arguments: argparse.Namespace, console: Console) -> Outcome:
    library = open_library(arguments.library)
    statistics, skipped = Statistics(), list[Document]()
    for summary in tracked(library.summaries(), "counted", console):
        try:
            statistics.count(summary, measure_demonstration(library, summary))
        except DemoFormatError as error:
            skipped.append({"id": summary.demo_id, "reason": str(error)})
        except DemoNotFoundError:
            continue  # removed meanwhile
    if not arguments.json:
        _print(console, statistics)
        print_set_aside(console, "damaged, not counted", skipped)
    return Outcome(
        ExitCode.BAD_INPUT if skipped else ExitCode.SUCCESS, _describe(statistics, skipped)
    )


def _describe(statistics: Statistics, skipped: list[Document]) -> Document:
    tasks = [
        {"skill": skill, "target_object": target, "other_object": other or None, **asdict(amount)}
        for (skill, target, other), amount in sorted(statistics.tasks.items())
    ]
    return {"tasks": tasks, "total": asdict(statistics.total), "damaged": skipped}


def _print(console: Console, statistics: Statistics) -> None:
    table = Table(Column("task", overflow="fold"))
    for name in _NUMBERS:
        table.add_column(name, justify="right")
    for (skill, target, other), amount in sorted(statistics.tasks.items()):
        words = SKILLS[skill].say(target, other or None)
        table.add_row(as_cell(words), *_numbers(amount))
    table.add_section()
    table.add_row(f"{len(statistics.tasks)} tasks", *_numbers(statistics.total))
    console.print(table)


def _numbers(amount: Amount) -> tuple[str, ...]:
    share = amount.stream_bytes / amount.stored_bytes if amount.stored_bytes else 0.0
    return (
        str(amount.demonstrations),
        f"{amount.duration_s / 60.0:.1f}",
        str(amount.samples),
        f"{amount.stored_bytes / 1e6:.1f}",
        str(amount.with_stream),
        f"{share:.0%}",
    )


SUBCOMMAND = Subcommand(
    name="stats",
    help_lines="""\
  mt3-demos stats                  count per skill and objects, minutes, samples, megabytes, and
                                   how much of these is camera stream""",
    add_arguments=_add_arguments,
    run=_run,
)
