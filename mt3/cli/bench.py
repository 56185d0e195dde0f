"""``mt3-bench``: many simulated trials over worker processes, and what they say together."""

import json
import statistics
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from rich.console import Console
from rich.table import Table

from mt3.benchmark import PlannedTrial, Share, Suite
from mt3.benchmark.ledger import Ledger
from mt3.benchmark.page import PICTURES
from mt3.benchmark.report import summarise
from mt3.cli.assembly import build
from mt3.cli.bench_demonstrations import Shown, record_all
from mt3.cli.bench_folder import open_folder
from mt3.cli.bench_jobs import pool_of, run_jobs
from mt3.cli.bench_report import SUMMARY_NAME, TRIALS_NAME, run_report
from mt3.cli.bench_worker import TrialJob, crashed, run_job
from mt3.cli.entry import HydraCommand, run_hydra_command
from mt3.cli.outcome import ExitCode, Outcome
from mt3.cli.settings import whole_number
from mt3.cli.software import software_versions
from mt3.errors import ConfigurationError

_MOST_ROWS = 80  # of one kind of group in the terminal

HELP = """
mt3-bench: how often does it work? Many simulated trials, with honest intervals.

  mt3-bench suite=smoke                    a few trials of each skill, in two minutes
  mt3-bench                                the whole suite first_light: 580 trials
  mt3-bench placements=5 workers=4         five of each task, over four processes
  mt3-bench suite=thousand out=thousand    1,000 tasks, shown once and tried twice: hours
  mt3-bench report thousand                one page about it: tables, plots, every failure

Each task of the suite is demonstrated once, through the real recorder; one that its demonstrator
cannot do is an error in every trial that builds on it. Then each trial stages a
new scene, in which the true motion of the object is known. A scene in which the demonstration,
moved by that motion, has no collision-free path is drawn again; how often is shown. Everything
else counts: a refusal, an error or a worker that dies is a failure. The same seed gives the same
trials, whatever the number of workers.

Settings, as key=value:
  suite=NAME     which trials: first_light (default), smoke, each_skill, thousand, or
                 ablations: some of the thousand, with one part of the method changed at a time
  placements=N   trials of each task, instead of the suite's own numbers
  seed=N         draws all scenes (default 0)
  workers=N      processes (default 2); each needs a core and about 0.9 GB
  out=PATH       folder for results (default outputs/bench/<date and time>):
                 trials.jsonl, one line per trial as it ends; summary.json; library/.
                 A bench that was stopped or killed goes on when the same command names it again
  launcher=ray   over a Ray cluster (the extra ray); ray_address=auto joins a running one
  output=json    one JSON document on standard output (default human)
Every other value can be set too; --cfg job prints them all.

Exit codes: 0 all trials ran (whatever came of them), 1 a trial ended in an error, 3 bad input,
130 interrupted: what was done by then is in out=.
"""


def main() -> int:
    """Entry point of the console script."""
    if sys.argv[1:2] == ["report"] and not {"-h", "--help"} & set(sys.argv):
        return run_report(sys.argv[2:])
    return run_hydra_command(COMMAND)


def _bench(cfg: DictConfig, console: Console) -> Outcome:
    _require_simulation(cfg)
    whole_number(cfg, "workers", 1)
    whole_number(cfg, "seed", 0)
    if cfg.placements is not None:
        whole_number(cfg, "placements", 1)
    cfg.out = str(cfg.out)  # with the time of the start in its name
    out = open_folder(Path(cfg.out), cfg)
    suite: Suite = build(cfg.suite)
    start_s = time.perf_counter()
    demos = record_all(cfg, suite, out, console)
    shown_s = time.perf_counter()
    jobs = [
        _job(trial, demos[trial.demonstration], out / PICTURES / f"{index:05d}.jpg")
        for index, trial in enumerate(suite.trials())
    ]
    pool = pool_of(cfg, run_job, crashed)
    with Ledger(out / TRIALS_NAME) as ledger:
        before = len(ledger.rows)
        try:
            run_jobs(pool, jobs, ledger, "trials", console)
        finally:
            took = {
                "demonstrations_s": shown_s - start_s,
                "trials_s": time.perf_counter() - shown_s,
                "trials": len(ledger.rows) - before,
            }
            document = {"took": took, **_document(cfg, ledger, len(jobs), demos)}
            text = json.dumps(document, indent=1) + "\n"
            (out / SUMMARY_NAME).write_text(text, encoding="utf-8")
            _print_summary(document, console)
            console.print(f"results in {out}", markup=False)
    code = ExitCode.FAILED if document["total"]["errors"] else ExitCode.SUCCESS
    return Outcome(code, {"exit_code": int(code), "out": str(out), **document})


def _job(trial: PlannedTrial, shown: Shown, picture: Path) -> TrialJob:
    return TrialJob(trial, shown.demo_id, shown.episode, shown.missing, str(picture))


def _require_simulation(cfg: DictConfig) -> None:
    """Refuse a scene in which nobody demonstrates unattended, as every real one is."""
    if "operator" not in cfg:
        scene = HydraConfig.get().runtime.choices["scene"]
        raise ConfigurationError(
            f"scene: got {scene}, expected sim: benches run in simulation only; leave scene= out, "
            "or try a real arm with mt3-run"
        )


def _document(
    cfg: DictConfig, ledger: Ledger, planned: int, demos: Mapping[str, Shown]
) -> dict[str, Any]:
    first = sum(one.draw == 0 and not one.missing for one in demos.values())
    recorded = sum(not one.missing for one in demos.values())
    return {
        "seed": cfg.seed,
        "trials": planned,
        "finished": len(ledger.rows),
        "demonstrations": {
            "planned": len(demos),
            "recorded": Share(recorded, len(demos)).as_json(),
            "in_the_first_scene": first,
            "median_wall_s": statistics.median(one.wall_s for one in demos.values()),
        },
        "software": software_versions(),
        **summarise(ledger.in_order()),
    }


def _print_summary(document: Mapping[str, Any], console: Console) -> None:
    table = Table(
        title="success, with 95 % interval after Wilson", title_justify="left", show_edge=False
    )
    table.add_column("", no_wrap=True)
    for name in ("success", "of trusted", "drawn again"):
        table.add_column(name, justify="right")
    table.add_column("failures", overflow="fold")
    for key in ("by_variant", "by_category", "by_skill", "by_family", "by_objects"):
        groups = document.get(key, ())
        if len(groups) > _MOST_ROWS:
            console.print(f"{len(groups)} groups {key}: see mt3-bench report")
            continue
        for group in groups:
            labels = ("variant", "family", "skill", "category")
            words = [group[label] for label in labels if label in group] or ["all"]
            _add_row(table, group, f"{' '.join(words)}, {group['instances']}")
        table.add_section()
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


COMMAND = HydraCommand(
    name="mt3-bench",
    config_name="bench",
    help_text=HELP,
    example="suite=smoke",
    run=_bench,
)
