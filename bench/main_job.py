"""The whole main job over vendors' own clients against emulated controllers.

  python bench/main_job.py              10 seeds for each of a UR5e and an xArm6
  python bench/main_job.py --seeds 2

For each seed a hand guides the arm through one demonstration (``mt3-record``) with a box of its
own; then the task is done at another placement, at any yaw and beside other distractors
(``mt3-run``). Each command is a process of its own, and finds controller and world as new. The
simulator's predicate decides. How well the method knows objects that look alike from two sides is
measured elsewhere: see first_light.py.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from arguments import at_least

SEEDS = 10
ROBOTS = ("ur5e", "xarm6")
TASK = "pick up the box"
_EMULATORS = Path(__file__).resolve().parents[1] / "tests" / "emulators"
_HOST = f"127.0.{3 + os.getpid() // 250 % 250}.{1 + os.getpid() % 250}"  # nobody else's
_ELSEWHERE = 100  # this far apart are the seeds of a demonstration and of its trial
_LONGEST_S = 300.0
_RECORD = "from demos.cli.record import main; raise SystemExit(main())"
_RUN = "from mt3.cli.run import main; raise SystemExit(main())"


def measure(seeds: int = SEEDS, robots: Sequence[str] = ROBOTS) -> dict[str, Any]:
    """Record and run for every seed.

    Args:
        seeds: So many for each robot, from 0 on.
        robots: Their names.
    """
    return {robot: _of_robot(robot, seeds) for robot in robots}


def _of_robot(robot: str, seeds: int) -> dict[str, Any]:
    jobs = [do_job(robot, seed) for seed in range(seeds)]
    return {
        "done": sum(job["done"] for job in jobs),
        "seeds": seeds,
        "failures": {str(job["seed"]): job["reason"] for job in jobs if not job["done"]},
        "median_record_s": statistics.median(job["record_s"] for job in jobs),
        "median_run_s": statistics.median(
            [job["run_s"] for job in jobs if "run_s" in job] or [0.0]
        ),
        "jobs": jobs,
    }


def do_job(robot: str, seed: int) -> dict[str, Any]:
    """One demonstration, and one trial elsewhere with the same object."""
    with tempfile.TemporaryDirectory() as folder:
        common = [
            f"scene.robot={robot}",
            f"scene.instance_seed={seed}",
            f"library={folder}/library",
        ]
        job: dict[str, Any] = {"seed": seed, "done": False, "reason": ""}
        recorded, job["record_s"] = _command(
            _RECORD, [*common, f"seed={seed}", "recorder=steady"], Path(folder)
        )
        if recorded["exit_code"] != 0:
            return job | {"reason": f"record: {_said(recorded)}"}
        told, job["run_s"] = _command(
            _RUN,
            [
                *common,
                f"seed={_ELSEWHERE + seed}",
                f"trials={folder}/trials",
                "execute=true",
                "dead_man=false",
            ],
            Path(folder),
        )
    trial = told.get("trial", {})
    job["done"] = trial.get("success") is True and trial["outcome"] == "completed"
    job["stage"] = trial.get("failure_stage")
    if interaction := trial.get("interaction"):
        job["punctuality"] = interaction["punctuality"]
        job["max_error_m"] = interaction["max_error_m"]
    return job if job["done"] else job | {"reason": f"run: {_said(told)}"}


def _command(code: str, typed: Sequence[str], folder: Path) -> tuple[dict[str, Any], float]:
    """Its JSON document, and how many seconds it took."""
    begin_s = time.monotonic()
    fixed = ["--config-dir", str(_EMULATORS / "configs"), "scene=emulated", f"scene.host={_HOST}"]
    fixed += [f"task={TASK}", "output=json"]
    done = subprocess.run(
        [sys.executable, "-c", code, *fixed, *typed],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(_EMULATORS)},
        timeout=_LONGEST_S,
    )
    took_s = round(time.monotonic() - begin_s, 1)
    try:
        return json.loads(done.stdout), took_s
    except json.JSONDecodeError:
        return {"exit_code": done.returncode, "error": {"message": done.stderr[-2000:]}}, took_s


def _said(document: dict[str, Any]) -> str:
    """Why a command did not do what it was asked to."""
    trial = document.get("trial")
    if trial is not None:
        judged = "the simulator says that the task is not done"
        return f"{trial['failure_stage']}: {trial['reason']}" if trial["reason"] else judged
    refused = [one["reason"] for one in document.get("refused", [])]
    return "; ".join(refused) or str(document.get("error", {}).get("message", document))


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=at_least(1), default=SEEDS)
    parser.add_argument("--robots", nargs="+", choices=ROBOTS, default=ROBOTS)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.seeds, arguments.robots), indent=1))


if __name__ == "__main__":
    main()
