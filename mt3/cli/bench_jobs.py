"""Jobs of a bench over its workers, with a bar that tells how long it will take."""

from collections.abc import Sequence
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from mt3.benchmark.ledger import Ledger
from mt3.benchmark.pool import WorkerPool

Job = TypeVar("Job")


def run_jobs(
    pool: WorkerPool[Job, dict[str, Any]],
    jobs: Sequence[Job],
    ledger: Ledger,
    name: str,
    console: Console,
) -> None:
    """Do what the ledger has no row of yet, and write each row as it comes."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    waiting = [index for index in range(len(jobs)) if index not in ledger.rows]
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(name, total=len(jobs), completed=len(jobs) - len(waiting))
        for number, row in pool.run([jobs[index] for index in waiting]):
            ledger.add(waiting[number], row)
            done = [one.get("success", one.get("recorded")) for one in ledger.rows.values()]
            share = sum(map(bool, done)) / len(done)
            progress.update(bar, advance=1, description=f"{name}, {share:.0%} done")
