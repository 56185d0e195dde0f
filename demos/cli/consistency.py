"""``mt3-demos check --consistency``: whether the demonstrations of a task agree."""

import argparse
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from demos.cli.progress import tracked
from demos.cli.reports import Document
from demos.consistency import ConsistencyRules, PairAgreement, TaskConsistency, check_consistency
from demos.consistency_picture import draw_consistency
from demos.library import DemoLibrary
from demos.picture_file import require_picture_name
from demos.recording import Recording
from mt3.alignment import Registrar
from mt3.cli.outcome import ExitCode, Outcome
from mt3.demonstration import Demonstration, DemoSummary
from mt3.errors import DemoFormatError, NoMatchError
from mt3.task import TaskDescription

_MAX_MM, _MAX_DEG = 20.0, 15.0


def run(arguments: argparse.Namespace, console: Console) -> Outcome:
    """Compare the demonstrations of each task, or of one.

    Raises:
        NoMatchError: No demonstration of the task that was asked for.
    """
    library = DemoLibrary.open(arguments.library)
    max_mm = _MAX_MM if arguments.max_mm is None else arguments.max_mm
    max_deg = _MAX_DEG if arguments.max_deg is None else arguments.max_deg
    rules = ConsistencyRules(max_mm / 1e3, float(np.deg2rad(max_deg)))
    if arguments.picture is not None:
        require_picture_name(arguments.picture)
    groups = _groups(library.summaries(), arguments.task)
    unreadable: list[Document] = []
    tasks = _compare_all(library, groups, rules, unreadable, console)
    document = _document(tasks, rules, unreadable)
    if not arguments.json:
        _print(console, tasks, unreadable)
    if arguments.picture is not None:
        draw_consistency(tasks, rules, arguments.picture)
        document["picture"] = str(arguments.picture)
        console.print(f"picture: {arguments.picture}", markup=False)
    if unreadable:
        return Outcome(ExitCode.BAD_INPUT, document)
    disagree = any(task.disagreeing for task in tasks.values())
    return Outcome(ExitCode.FAILED if disagree else ExitCode.SUCCESS, document)


def _groups(summaries: Sequence[DemoSummary], wanted: str | None) -> dict[str, list[str]]:
    """Ids of the demonstrations of each task, by its canonical words."""
    groups: dict[str, list[str]] = {}
    for summary in summaries:
        groups.setdefault(summary.task.as_words(), []).append(summary.demo_id)
    if wanted is None:
        return groups
    words = TaskDescription.parse(wanted).as_words()
    if words not in groups:
        known = tuple(sorted(groups))
        raise NoMatchError(
            f"task: no demonstration of {words!r}; there are {', '.join(known) or 'none'}", known
        )
    return {words: groups[words]}


def _compare_all(
    library: DemoLibrary,
    groups: Mapping[str, Sequence[str]],
    rules: ConsistencyRules,
    unreadable: list[Document],
    console: Console,
) -> dict[str, TaskConsistency]:
    """Every task in turn; what cannot be read is left out and noted."""
    tasks: dict[str, TaskConsistency] = {}
    for words, ids in groups.items():
        if len(ids) == 1:  # nothing to compare it with: not worth reading
            tasks[words] = TaskConsistency(tuple(ids), (), ())
            continue
        demos, table_height_m = _load(library, ids, unreadable)
        tasks[words] = check_consistency(
            demos,
            Registrar(support_z_m=table_height_m),
            rules,
            track=partial(tracked, label=f"{words}: registered", console=console),
        )
    return tasks


def _load(
    library: DemoLibrary, ids: Sequence[str], unreadable: list[Document]
) -> tuple[list[Demonstration], float]:
    """Demonstrations of one task, and the height of the table they were recorded on."""
    demos: list[Demonstration] = []
    heights_m: list[float] = []
    for demo_id in ids:
        try:
            recording, content_hash = library.read(demo_id)
        except DemoFormatError as error:
            unreadable.append({"id": demo_id, "reason": str(error)})
            continue
        demos.append(recording.as_demonstration(demo_id, content_hash))
        heights_m.append(_table_height_m(recording))
    return demos, heights_m[0] if heights_m else 0.0


def _table_height_m(recording: Recording) -> float:
    """What the configuration that recorded it says, else 0."""
    limits = recording.header.resolved_config.get("limits")
    height_m = limits.get("table_height_m") if isinstance(limits, Mapping) else None
    return float(height_m) if isinstance(height_m, int | float) else 0.0


def _document(
    tasks: Mapping[str, TaskConsistency], rules: ConsistencyRules, unreadable: list[Document]
) -> Document:
    return {
        "max_mm": round(1e3 * rules.max_position_m, 6),
        "max_deg": round(float(np.rad2deg(rules.max_angle_rad)), 6),
        "tasks": [_describe_task(words, task) for words, task in tasks.items()],
        "unreadable": unreadable,
    }


def _describe_task(words: str, task: TaskConsistency) -> Document:
    return {
        "task": words,
        "verdict": task.verdict(),
        "culprits": list(task.culprits),
        "demonstrations": [
            {
                "id": row.demo_id,
                "trusted_pairs": row.pairs,
                "disagreeing": row.disagreeing,
                "median_mm": _figure(1e3 * row.position_m, row.pairs > 0),
                "median_deg": _figure(np.rad2deg(row.angle_rad), row.pairs > 0),
            }
            for row in task.medians()
        ],
        "pairs": [_describe_pair(pair) for pair in task.pairs],
    }


def _describe_pair(pair: PairAgreement) -> Document:
    return {
        "transferred": pair.demo_id,
        "recorded": pair.other_id,
        "trusted": pair.trusted,
        "reason": pair.reason,
        "mm": _figure(1e3 * pair.position_m, pair.trusted),
        "deg": _figure(np.rad2deg(pair.angle_rad), pair.trusted),
        "agrees": pair.agrees if pair.trusted else None,
    }


def _figure(value: float, known: bool) -> float | None:
    return round(float(value), 2) if known else None


def _print(
    console: Console, tasks: Mapping[str, TaskConsistency], unreadable: Sequence[Document]
) -> None:
    for words, task in tasks.items():
        if len(task.demo_ids) > 1:
            _print_task(console, words, task)
    for row in unreadable:
        console.print(f"left out: {row['reason']}", style="yellow", markup=False)
    single = [words for words, task in tasks.items() if len(task.demo_ids) == 1]
    if not tasks and not unreadable:
        console.print("no demonstrations: nothing to compare")
    if len(single) == 1:
        console.print(f"{single[0]}: one demonstration, nothing to compare", markup=False)
    elif single:
        console.print(f"{len(single)} tasks have one demonstration each: nothing to compare")
    if any(task.disagreeing for task in tasks.values()):
        console.print(
            "Who disagrees has a stale camera pose, a wrong bottleneck or tool, or grasps "
            "differently: look with mt3-demos show ID --picture FILE",
            style="yellow",
            markup=False,
        )


def _print_task(console: Console, words: str, task: TaskConsistency) -> None:
    headers = ("trusted pairs", "disagree", "median [mm]", "median [deg]", "")
    columns = [Column(escape(header), justify="right") for header in headers]
    title = f"{words}: {task.verdict()}"
    table = Table(
        Column("demonstration", no_wrap=True),
        *columns,
        title=escape(title),
        title_justify="left",
        title_style="yellow" if task.disagreeing else "green",
    )
    for row in task.medians():
        known = row.pairs > 0
        table.add_row(
            escape(row.demo_id),
            f"{row.pairs} of {2 * (len(task.demo_ids) - 1)}",
            str(row.disagreeing),
            f"{1e3 * row.position_m:.1f}" if known else "-",
            f"{np.rad2deg(row.angle_rad):.1f}" if known else "-",
            "likely culprit" if row.demo_id in task.culprits else "",
        )
    console.print(table)
    for pair in task.untrusted:
        console.print(
            f"  {pair.demo_id} on {pair.other_id}: not counted, {pair.reason}",
            style="dim",
            markup=False,
        )
