"""All figures of the README: runs every measurement, writes one JSON file, prints the table.

python bench/first_light.py                             everything, about 40 minutes on two cores
python bench/first_light.py --placements 2 --pairs 5    a quick look, not for the README
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from machine import describe_machine
from suite_run import run

from mt3.benchmark import Share
from mt3.cli.software import software_versions

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "first-light.json"
THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run_script(name: str, typed: Iterable[str], folder: Path) -> dict[str, Any]:
    """Figures of one of the scripts beside this one, with the threads it has by default."""
    path = folder / f"{name}.json"
    print(f"== {name}", flush=True)
    environment = {key: value for key, value in os.environ.items() if key not in THREAD_LIMITS}
    command = [sys.executable, str(HERE / f"{name}.py"), *typed, "--json", str(path)]
    subprocess.run(command, check=True, env=environment)
    figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return figures


def table_rows(figures: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What, measured, must reach."""
    rows = [
        (
            f"{group['skill']}, {group.get('category', 'all')}, {group['instances']} instance",
            f"{_share(group['success'])}; trusted only {_share(group['success_among_trusted'])}; "
            f"redrawn {group['redrawn']['share'] or 0:.0%}",
            _goal(group),
        )
        for key in ("by_skill", "by_category")
        for group in figures["trials"][key]
    ]
    registration, trial, frame = figures["registration"], figures["trial"], figures["frame"]
    clean = registration["conditions"]["clean"]
    rows += [
        (f"registration, {name}", _share(row), "90 %") for name, row in clean["by_bin"].items()
    ]
    rows += [
        ("wrong among trusted registrations", _share(clean["wrong_among_trusted"]), ""),
        (
            "one registration, median",
            f"{registration['time']['two cores']['median_ms']:.0f} ms",
            "300 ms",
        ),
        ("one trial, median", _seconds(trial["median_s"]), "3 s"),
        ("ray-cast frame, median", f"{frame['raycast_ms']:.0f} ms", "60 ms"),
        ("PyBullet's renderer to that", f"{frame['ratio']:.1f} times", "2 times"),
        ("same trial twice", "identical" if trial["repetition_identical"] else "DIFFERS", "same"),
    ]
    return rows


def _goal(group: Mapping[str, Any]) -> str:
    if group["instances"] == "new":
        return "75 %" if "category" not in group else ""
    return "75 %" if "category" in group else "90 %"


def _seconds(value: float | None) -> str:
    return "no trial completed" if value is None else f"{value:.2f} s"


def _share(counts: Mapping[str, Any]) -> str:
    return str(Share(counts["successes"], counts["trials"]))


def parse_arguments() -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--placements", type=int, help="trials of each task")
    parser.add_argument("--pairs", type=int, default=100, help="registrations in each bin")
    parser.add_argument("--trials", type=int, default=20, help="trials that are timed")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args()


def main() -> None:
    """Measure, write, print."""
    arguments = parse_arguments()
    suite = [f"workers={arguments.workers}"]
    if arguments.placements:
        suite.append(f"placements={arguments.placements}")
    figures: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "software": software_versions(),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pairs = [f"--pairs={arguments.pairs}", f"--workers={arguments.workers}"]
        figures["frame"] = run_script("frame", [], folder)
        figures["trial"] = run_script("trial", [f"--trials={arguments.trials}"], folder)
        figures["registration"] = run_script("registration", pairs, folder)
        print("== trials", flush=True)
        figures["trials"] = run(suite, folder / "trials")
    del figures["trials"]["out"]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    for what, measured, goal in table_rows(figures):
        print(f"| {what} | {measured} | {goal} |")
    print(f"written to {arguments.out}")


if __name__ == "__main__":
    main()
