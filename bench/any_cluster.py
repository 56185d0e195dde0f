"""Nobody says which thing is meant: how often is the right one taken, a wrong one, or none?

Each scene holds the demonstrated object, newly placed, among distractors. Truth is used only to
judge what was taken.

  python bench/any_cluster.py --count 20 --tasks "pick up the mug" "pick up the bowl"
"""

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_module
from hydra.core.utils import setup_globals
from omegaconf import DictConfig

from demos.cli.record import record_episode
from mt3.cli.assembly import build_workplace
from mt3.cli.run import run_trial
from mt3.execution.trial_record import TrialRecord
from mt3.task import TaskDescription
from sim.scene_view import instance_id

FIRST_SEED = 100


def configure(name: str, task: str, seed: int, library: str, *typed: str) -> DictConfig:
    """The configuration of one command, with the demonstrated instance."""
    setup_globals()
    overrides = [f"task={task}", f"seed={seed}", f"library={library}", *typed]
    with initialize_config_module("mt3.configs", version_base=None):
        return compose(name, overrides=[*overrides, "scene.instance_seed=0"])


def run_one(task: str, seed: int, library: str) -> tuple[str, TrialRecord]:
    """What became of one trial: right, wrong, several (or none) trusted, or not in view."""
    workplace = build_workplace(configure("run", task, seed, library, "segmenter=any"))
    scene = workplace.scene
    record = run_trial(workplace, TaskDescription.parse(task))
    things = workplace.executor.evidence.things
    if not things:
        return "nothing in view", record
    target = instance_id(scene.world.objects[scene.roles.target].body, -1)
    (camera,) = scene.cameras.values()
    shows = camera.instance_ids(things[0].rgbd.t_s) == target
    on_target = [float(shows[view.mask].mean()) > 0.5 for view in things]
    trusted = [found.number - 1 for found in record.clusters if found.trusted]
    if len(things) == 1 and record.registration is not None and record.registration.trusted:
        trusted = [0]
    if len(trusted) != 1:
        return ("several trusted" if trusted else "none trusted"), record
    return ("right" if on_target[trusted[0]] else "wrong"), record


def measure(count: int, tasks: Sequence[str] = ("pick up the mug",)) -> dict[str, Any]:
    """Outcomes of so many scenes of each task, and which seeds had them."""
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        library = str(Path(folder) / "library")
        for task in tasks:
            record_episode(configure("record", task, 0, library))
        for task in tasks:
            outcomes, done, seeds = Counter[str](), 0, {}
            for seed in range(FIRST_SEED, FIRST_SEED + count):
                outcome, record = run_one(task, seed, library)
                outcomes[outcome] += 1
                done += bool(record.outcome == "completed" and record.success)
                seeds[seed] = outcome
                print(f"{task}, seed {seed}: {outcome}; {record.outcome}", flush=True)
            figures[task] = {"scenes": count, **outcomes, "task done": done, "seeds": seeds}
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--tasks", nargs="+", default=["pick up the mug"])
    parser.add_argument("--json", type=Path, help="write the figures to this JSON file")
    arguments = parser.parse_args()
    figures = measure(arguments.count, arguments.tasks)
    print(json.dumps(figures, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
