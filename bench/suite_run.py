"""One suite of ``mt3-bench``, whole: its results kept, its plot drawn, its memory measured."""

import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

from mt3.benchmark import Share
from mt3.benchmark.ledger import Ledger
from mt3.benchmark.page import OBJECTS, PAPER
from mt3.cli.bench_report import SUMMARY_NAME, TRIALS_NAME

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results"
IMAGES = ROOT / "docs" / "images"
COLOURS = {"same": "#5b8db8", "new": "#d98c4a"}


def measure(suite: str, every: int) -> dict[str, Any]:
    """Run a suite, or go on with it, in ``outputs``.

    Args:
        suite: Its name.
        every: Each so many-th trial or task only; 1 keeps results and plot.

    Returns:
        The summary's totals, and what it took.
    """
    out = ROOT / "outputs" / f"{suite}-{every}"
    share = "suite.every" if suite == "thousand" else "suite.suite.every"
    document = run([f"suite={suite}", f"{share}={every}"], out)
    if every == 1:
        (RESULTS / suite).mkdir(exist_ok=True)
        for name in (TRIALS_NAME, SUMMARY_NAME):
            shutil.copy(out / name, RESULTS / suite / name)
        draw(out / TRIALS_NAME, IMAGES / f"{suite}.png")
    largest_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    kept = ("trials", "finished", "demonstrations", "took", "total")
    return {**{name: document[name] for name in kept}, "largest_process_gib": largest_kib / 2**20}


def run(typed: Iterable[str], out: Path) -> dict[str, Any]:
    """The document of ``mt3-bench``; its progress goes to standard error."""
    start = "from mt3.cli.bench import main; raise SystemExit(main())"
    command = [sys.executable, "-c", start, f"out={out}", "output=json", *typed]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    document: dict[str, Any] = json.loads(done.stdout)
    if "error" in document:
        raise SystemExit(document["error"]["message"])
    return document


def draw(trials: Path, picture: Path) -> None:
    """Success by skill, or by variant, on seen and unseen objects, with intervals."""
    rows = Ledger(trials).in_order()
    key = "variant" if "variant" in rows[0] else "skill"
    names = list(dict.fromkeys(row[key] for row in rows))[::-1]
    mpl.use("Agg")
    figure, axes = plt.subplots(figsize=(8.0, 0.32 * len(names) + 1.2), layout="constrained")
    for offset, instances in ((0.2, "same"), (-0.2, "new")):
        shares = [_share(rows, key, name, instances) for name in names]
        middle = [share.value or 0.0 for share in shares]
        spread = [[m - s.interval[0] for m, s in zip(middle, shares, strict=True)]]
        spread += [[s.interval[1] - m for m, s in zip(middle, shares, strict=True)]]
        places = [k + offset for k in range(len(names))]
        style: dict[str, Any] = {"color": COLOURS[instances], "label": OBJECTS[instances]}
        axes.barh(places, middle, height=0.38, xerr=spread, ecolor="#444", **style)
        axes.axvline(PAPER[instances], color=COLOURS[instances], linestyle=":")
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_xlim(0.0, 1.0)
    axes.set_xlabel("success; dotted: the paper's, on a real robot, as secondary sources report it")
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, fontsize=8)
    figure.savefig(picture, dpi=110)


def _share(rows: Sequence[dict[str, Any]], key: str, name: str, instances: str) -> Share:
    chosen = [row for row in rows if row[key] == name and row["instances"] == instances]
    return Share(sum(row["success"] for row in chosen), len(chosen))
