"""Time of one simulated trial, from sensing to verdict, and whether a repetition is identical.

Imports, staging and loading the robot are not counted: a real workplace is there already.

  python bench/trial.py --trials 20
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from hydra import compose, initialize_config_module
from hydra.core.utils import setup_globals
from omegaconf import DictConfig

from demos.cli.record import record_episode
from mt3.cli.assembly import build_workplace
from mt3.cli.run import run_trial
from mt3.execution.trial_record import TrialRecord
from mt3.task import TaskDescription

TASKS = ("pick up the mug", "pick up the box", "push the box", "put the can on the tray")


def configure(name: str, task: str, seed: int, library: str, *typed: str) -> DictConfig:
    """The configuration of one command, with the demonstrated instance."""
    setup_globals()
    places = [f"task={task}", f"seed={seed}", f"library={library}", "scene.instance_seed=0"]
    with initialize_config_module("mt3.configs", version_base=None):
        return compose(name, overrides=[*places, "scene.held_instance_seed=0", *typed])


def run_one(task: str, seed: int, library: str) -> tuple[TrialRecord, float]:
    """The record of a trial, and the time it took, seconds."""
    cfg = configure("run", task, seed, library)
    workplace = build_workplace(cfg)
    start_s = time.perf_counter()
    record = run_trial(workplace, TaskDescription.parse(task))
    return record, time.perf_counter() - start_s


def measure(trials: int, library: str) -> dict[str, Any]:
    """Times of completed trials over all tasks, stage by stage."""
    for task in TASKS:
        record_episode(configure("record", task, 0, library, "recorder=steady"))
    run_one(TASKS[0], 1, library)  # loads what is loaded once in a process
    done, repeated = [], (TASKS[0], 1)
    for k in range(trials):
        task, seed = TASKS[k % len(TASKS)], 1 + k // len(TASKS)
        record, time_s = run_one(task, seed, library)
        print(f"{task}, seed {seed}: {record.outcome}, {time_s:.2f} s", flush=True)
        if record.outcome == "completed":
            done.append((record, time_s))
            repeated = (task, seed)
    times_s = [time_s for _, time_s in done]
    first, again = (run_one(*repeated, library)[0].without_times() for _ in range(2))
    return {
        "trials": trials,
        "completed": len(done),
        "median_s": statistics.median(times_s) if times_s else None,
        "p95_s": float(np.percentile(times_s, 95)) if times_s else None,
        "median_of_stages_s": {
            stage: statistics.median(r.timings_s[stage] for r, _ in done)
            for stage in (done[0][0].timings_s if done else ())
        },
        "repetition_identical": first == again,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--json", type=Path, help="write the figures to this JSON file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(arguments.trials, str(Path(folder) / "library"))
    print(json.dumps(figures, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
