"""Jobs of a bench over its workers, with a bar that tells how long it will take."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from omegaconf import DictConfig, OmegaConf
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
from mt3.benchmark.pool import Pool, WorkerPool
from mt3.benchmark.ray_pool import RayPool
from mt3.cli.bench_worker import set_up_worker
from mt3.errors import ConfigurationError

Job = TypeVar("Job")


def pool_of(
    cfg: DictConfig,
    work: Callable[[Job], dict[str, Any]],
    crashed: Callable[[Job], dict[str, Any]],
) -> Pool[Job, dict[str, Any]]:
    """Processes of this computer, or actors of a Ray cluster, as configured.

    Raises:
        ConfigurationError: Another launcher, or Ray is not installed.
    """
    text = OmegaConf.to_yaml(cfg)
    if cfg.launcher == "local":
        return WorkerPool(work, crashed, cfg.workers, set_up_worker, text)
    if cfg.launcher == "ray":
        return RayPool(work, crashed, cfg.workers, set_up_worker, text, cfg.ray_address)
    raise ConfigurationError(f"launcher: got {cfg.launcher!r}, expected local or ray")


def run_jobs(
    pool: Pool[Job, dict[str, Any]],
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
