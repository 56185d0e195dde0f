"""``mt3-bench``: many simulated trials over worker processes, and what they say together."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
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
from rich.table import Table
from rich.text import Text

from mt3.benchmark import Episode, Share, Suite
from mt3.benchmark.pool import WorkerPool
from mt3.benchmark.report import summarise
from mt3.cli.assembly import build
from mt3.cli.bench_worker import TrialJob, configuration_of, crashed, run_job, set_up_worker
from mt3.cli.entry import HydraCommand, run_hydra_command
from mt3.cli.outcome import ExitCode, Outcome
from mt3.cli.settings import whole_number
from mt3.cli.software import software_versions
from mt3.errors import ConfigurationError, Mt3Error

HELP = """
mt3-bench: how often does it work? Many simulated trials, with honest intervals.

  mt3-bench suite=smoke                    a few trials of each skill, in two minutes
  mt3-bench                                the whole suite first_light: 580 trials
  mt3-bench placements=5 workers=4         five of each task, over four processes

Each task of the suite is demonstrated once, through the real recorder. Then each trial stages a
new scene, in which the true motion of the object is known. A scene in which the demonstration,
moved by that motion, has no collision-free path is drawn again; how often is shown. Everything
else counts: a refusal, an error or a worker that dies is a failure. The same seed gives the same
trials, whatever the number of workers.

Settings, as key=value:
  suite=NAME     which trials: first_light (default) or smoke
  placements=N   trials of each task, instead of the suite's own numbers
  seed=N         draws all scenes (default 0)
  workers=N      processes (default 2); each needs a core and about 0.9 GB
  out=PATH       new folder for results (default outputs/bench/<date and time>):
                 trials.jsonl, one line per trial as it ends; summary.json; library/
  output=json    one JSON document on standard output (default human)
Every other value can be set too; --cfg job prints them all.

Exit codes: 0 all trials ran (whatever came of them), 1 a trial ended in an error, 3 bad input,
130 interrupted: what was done by then is in out=.
"""
TRIALS_NAME, SUMMARY_NAME = "trials.jsonl", "summary.json"


def main() -> int:
    """Entry point of the console script."""
    return run_hydra_command(COMMAND)


def _bench(cfg: DictConfig, console: Console) -> Outcome:
    _require_simulation(cfg)
    workers = whole_number(cfg, "workers", 1)
    whole_number(cfg, "seed", 0)
    if cfg.placements is not None:
        whole_number(cfg, "placements", 1)
    cfg.out = str(cfg.out)  # with the time of the start in its name
    out = _new_folder(Path(cfg.out))
    suite: Suite = build(cfg.suite)
    demos = _demonstrate(cfg, suite, console)
    jobs = [TrialJob(trial, *demos[trial.task.text]) for trial in suite.trials()]
    pool = WorkerPool(run_job, crashed, workers, set_up_worker, OmegaConf.to_yaml(cfg))
    rows: dict[int, dict[str, Any]] = {}
    try:
        _run_all(pool, jobs, rows, out / TRIALS_NAME, console)
    finally:
        document = _document(cfg, rows, len(jobs))
        (out / SUMMARY_NAME).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        _print_summary(document, console)
        console.print(f"results in {out}", markup=False)
    code = ExitCode.FAILED if document["total"]["errors"] else ExitCode.SUCCESS
    return Outcome(code, {"exit_code": int(code), "out": str(out), **document})


def _require_simulation(cfg: DictConfig) -> None:
    """Refuse a scene in which nobody demonstrates unattended, as every real one is."""
    if "operator" not in cfg:
        scene = HydraConfig.get().runtime.choices["scene"]
        raise ConfigurationError(
            f"scene: got {scene}, expected sim: benches run in simulation only; leave scene= out, "
            "or try a real arm with mt3-run"
        )


def _demonstrate(
    cfg: DictConfig, suite: Suite, console: Console
) -> Mapping[str, tuple[str, Episode]]:
    """Demonstration id and scene of each task, recorded now."""
    demonstrate = build(cfg.demonstrate)
    found: dict[str, tuple[str, Episode]] = {}
    for task, episodes in suite.demonstrations().items():
        with console.status(Text(f"demonstrating: {task}")):
            found[task] = _demonstrate_one(cfg, demonstrate, task, episodes, console)
        console.print(f"demonstrated: {task} ({found[task][0]})", markup=False)
    return found


def _demonstrate_one(
    cfg: DictConfig,
    demonstrate: Any,  # noqa: ANN401  # whatever the YAML names
    task: str,
    episodes: Sequence[Episode],
    console: Console,
) -> tuple[str, Episode]:
    for episode in episodes:
        try:
            recorded = demonstrate(configuration_of(episode, cfg))
        except Mt3Error as error:
            console.print(f"  another scene for {task}: {error}", style="yellow", markup=False)
        else:
            return str(recorded["id"]), episode
    raise ConfigurationError(f"{task}: could not be demonstrated in {len(episodes)} scenes")


def _run_all(
    pool: WorkerPool[TrialJob, dict[str, Any]],
    jobs: Sequence[TrialJob],
    rows: dict[int, dict[str, Any]],
    path: Path,
    console: Console,
) -> None:
    """Fill rows by index of their job, and write each as one line as it comes."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress, path.open("w", encoding="utf-8") as file:
        bar = progress.add_task("trials", total=len(jobs))
        for index, row in pool.run(jobs):
            rows[index] = row
            file.write(json.dumps({"index": index, **row}) + "\n")
            file.flush()
            done = sum(row["success"] for row in rows.values())
            progress.update(bar, advance=1, description=f"trials, {done / len(rows):.0%} done")


def _document(cfg: DictConfig, rows: Mapping[int, dict[str, Any]], planned: int) -> dict[str, Any]:
    ordered = [rows[index] for index in sorted(rows)]
    return {
        "seed": cfg.seed,
        "trials": planned,
        "finished": len(rows),
        "software": software_versions(),
        **summarise(ordered),
    }


def _print_summary(document: Mapping[str, Any], console: Console) -> None:
    table = Table(
        title="success, with 95 % interval after Wilson", title_justify="left", show_edge=False
    )
    table.add_column("task", no_wrap=True)
    for name in ("success", "of trusted", "drawn again"):
        table.add_column(name, justify="right")
    table.add_column("failures", overflow="fold")
    for group in document["by_category"]:
        _add_row(table, group, f"{group['skill']} {group['category']}, {group['instances']}")
    table.add_section()
    for group in document["by_skill"]:
        _add_row(table, group, f"{group['skill']}, {group['instances']}")
    console.print(table)


def _add_row(table: Table, group: Mapping[str, Any], name: str) -> None:
    failures = ", ".join(f"{stage} {count}" for stage, count in group["failures"].items())
    redrawn = group["redrawn"]["share"]
    table.add_row(
        name,
        _share(group["success"]),
        _share(group["success_among_trusted"]),
        "-" if redrawn is None else f"{redrawn:.0%}",
        failures,
    )


def _share(counts: Mapping[str, Any]) -> str:
    return str(Share(counts["successes"], counts["trials"]))


def _new_folder(out: Path) -> Path:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigurationError(f"out: {out} holds something, expected a new or empty folder")
    out.mkdir(parents=True, exist_ok=True)
    return out


COMMAND = HydraCommand(
    name="mt3-bench",
    config_name="bench",
    help_text=HELP,
    example="suite=smoke",
    run=_bench,
)
