"""The demonstrations that a bench builds on, recorded over its workers into one library."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console

from mt3.benchmark import Episode, PlannedDemonstration, Suite
from mt3.benchmark.ledger import Ledger
from mt3.cli.assembly import build
from mt3.cli.bench_jobs import pool_of, run_jobs
from mt3.cli.bench_worker import (
    DemonstrationJob,
    demonstration_crashed,
    run_demonstration,
)

DEMONSTRATIONS_NAME = "demonstrations.jsonl"
_SHARDS = "shards"


@dataclass(frozen=True, slots=True)
class Shown:
    """What became of one demonstration.

    Args:
        demo_id: Its id in the bench's library; empty where there is none.
        draw: Which of its scenes it was recorded in.
        episode: That scene.
        wall_s: How long it took.
        missing: Why there is none.
    """

    demo_id: str
    draw: int
    episode: Episode
    wall_s: float
    missing: str


def record_all(cfg: DictConfig, suite: Suite, out: Path, console: Console) -> Mapping[str, Shown]:
    """Record what is not recorded yet, and gather it; what became of each, by its key.

    Each is recorded into a library of its own, and these are gathered in the suite's order: so the
    ids do not depend on which worker was done first.
    """
    planned = suite.demonstrations()
    jobs = [
        DemonstrationJob(one, str(out / _SHARDS / f"{number:04d}"))
        for number, one in enumerate(planned)
    ]
    pool = pool_of(cfg, run_demonstration, demonstration_crashed)
    with Ledger(out / DEMONSTRATIONS_NAME) as ledger:
        run_jobs(pool, jobs, ledger, "demonstrations", console)
        _gather(cfg, jobs, ledger, console)
        shutil.rmtree(out / _SHARDS, ignore_errors=True)
        return _shown(planned, ledger)


def _gather(
    cfg: DictConfig, jobs: Sequence[DemonstrationJob], ledger: Ledger, console: Console
) -> None:
    """Copy all recordings into the bench's library, in order, and note their ids there."""
    gather = build(cfg.gather)
    with console.status("gathering the demonstrations"):
        for index, job in enumerate(jobs):
            row = ledger.rows[index]
            if row["recorded"] and "demo_id" not in row:
                demo_id = gather(job.library, row["shard_id"], cfg.library)
                ledger.add(index, {**row, "demo_id": demo_id})


def _shown(planned: Sequence[PlannedDemonstration], ledger: Ledger) -> dict[str, Shown]:
    shown = {}
    for one, row in zip(planned, ledger.in_order(), strict=True):
        last = row["reasons"][-1] if row["reasons"] else ""
        missing = "" if row["recorded"] else f"not demonstrated: {last}"
        draw = min(row["draw"], len(one.draws) - 1)
        shown[one.key] = Shown(
            row.get("demo_id", ""), row["draw"], one.draws[draw], row["wall_s"], missing
        )
    return shown
