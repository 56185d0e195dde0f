"""How good registration has to be: errors added to its answer, against success of the task.

The same simulated scenes are tried again and again, each time with a larger error: a shift on the
level in a random direction, or a turn about the vertical through the middle of the object. Only the
error changes. Sideways and turned is how registration errs: in height the table leaves little room.

  python bench/tolerance.py                    all skills, 20 scenes each: about 15 minutes
  python bench/tolerance.py --scenes 4         a quick look, which writes nothing

With all scenes it writes bench/results/tolerance.json and docs/images/tolerance.png.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import matplotlib as mpl
import numpy as np
from arguments import at_least
from machine import describe_machine
from matplotlib.axes import Axes
from rich.progress import track
from trial import configure

from demos.cli.record import record_episode
from mt3.alignment import Registrar, Registration
from mt3.alignment.registrar import Views
from mt3.benchmark import Share
from mt3.benchmark.pool import WorkerPool
from mt3.cli.assembly import build_workplace
from mt3.cli.run import run_trial
from mt3.geometry import SE3
from mt3.perception import ObjectView
from mt3.task import TaskDescription

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results" / "tolerance.json"
PICTURE = ROOT / "docs" / "images" / "tolerance.png"

TASKS = {
    "pick_up": ("mug", "bottle", "box", "hammer"),
    "push": ("box",),
    "place_on": ("can",),
}
WORDS = {"pick_up": "pick up the {}", "push": "push the {}", "place_on": "put the {} on the tray"}
LEVELS: Mapping[str, tuple[float, ...]] = {
    "shift_mm": (0, 1, 2, 3, 5, 7, 10, 15, 20, 30),
    "turn_deg": (1, 2, 3, 5, 7, 10, 15, 20, 30),
}
NAMES = {"shift_mm": "shift on the level [mm]", "turn_deg": "turn about the vertical [deg]"}

SCENES = 20

Kind: TypeAlias = Literal["shift_mm", "turn_deg"]


class DisplacedRegistrar(Registrar):
    """A registrar whose answers are wrong by a known error.

    Args:
        support_z_m: Height in W of the surface that the object stands on.
        shift_m: Added error (x, y), metres in W.
        turn_rad: Added error of yaw, about the vertical through the middle of the object.
    """

    def __init__(self, support_z_m: float, shift_m: Sequence[float], turn_rad: float) -> None:
        super().__init__(support_z_m)
        self._shift = SE3.from_translation((*shift_m, 0.0))
        self._turn_rad = turn_rad

    def register(self, demo: Views, live: Views) -> Registration:
        """The registration with the error added to its motion and all that equal it."""
        found = super().register(demo, live)
        first = demo if isinstance(demo, ObjectView) else demo[0]
        middle = SE3.from_translation(found.D_W @ first.points_W().mean(axis=0))
        error = self._shift @ middle @ SE3.from_yaw(self._turn_rad) @ middle.inverse()
        equivalent = tuple(error @ D_W for D_W in found.equivalent_motions)
        return replace(found, D_W=equivalent[0], equivalent_motions=equivalent)


@dataclass(frozen=True, slots=True)
class Job:
    """One trial.

    Args:
        skill: Whose tolerance is measured.
        task: Words of the task.
        scene: Number of the scene, which draws the direction of the error too.
        kind: What error is added.
        level: How much.
        library: Folder of the demonstrations.
    """

    skill: str
    task: str
    scene: int
    kind: Kind
    level: float
    library: str

    def registrar(self) -> dict[str, Any]:
        """Settings of the registrar: this error in this scene's direction."""
        rng = np.random.default_rng([self.scene])
        direction_rad, sign = rng.uniform(-np.pi, np.pi), rng.choice([-1.0, 1.0])
        shift_m = 1e-3 * self.level if self.kind == "shift_mm" else 0.0
        turn_rad = np.deg2rad(self.level) if self.kind == "turn_deg" else 0.0
        return {
            "_target_": "tolerance.DisplacedRegistrar",
            "support_z_m": "${limits.table_height_m}",
            "shift_m": [float(shift_m * f(direction_rad)) for f in (np.cos, np.sin)],
            "turn_rad": float(sign * turn_rad),
        }


def run_job(job: Job) -> bool:
    """Whether the task was done."""
    cfg = configure("run", job.task, 1 + job.scene, job.library)
    cfg.registrar = job.registrar()
    return bool(run_trial(build_workplace(cfg), TaskDescription.parse(job.task)).success)


def _crashed(job: Job) -> bool:
    raise RuntimeError(f"{job}: the process died")


def _set_up(configuration: str) -> None:
    del configuration  # each job brings its own


def jobs_of(scenes: int, library: str) -> Iterator[Job]:
    """Every scene of every skill at every level."""
    for skill, objects in TASKS.items():
        for kind, levels in LEVELS.items():
            for level in levels:
                for scene in range(scenes):
                    task = WORDS[skill].format(objects[scene % len(objects)])
                    yield Job(skill, task, scene, kind, level, library)


def measure(jobs: Sequence[Job], workers: int) -> dict[str, Any]:
    """Successes by skill, kind of error and level."""
    counts: dict[tuple[str, str, float], list[bool]] = {}
    pool = WorkerPool(run_job, _crashed, workers, _set_up, "")
    for index, done in track(pool.run(jobs), "trying", total=len(jobs)):
        job = jobs[index]
        counts.setdefault((job.skill, job.kind, job.level), []).append(done)
    return {
        skill: {
            kind: {
                f"{level:g}": Share(
                    sum(counts[skill, kind, level]), len(counts[skill, kind, level])
                ).as_json()
                for level in levels
            }
            for kind, levels in LEVELS.items()
        }
        for skill in TASKS
    }


def draw_tolerance(figures: Mapping[str, Any], axes: Sequence[Axes]) -> None:
    """Success over error, one plot for each kind of error, with 95 % intervals.

    Args:
        figures: ``skills`` of the results.
        axes: One for each kind.
    """
    for axis, kind in zip(axes, LEVELS, strict=True):
        for k, (skill, kinds) in enumerate(figures.items()):
            rows = kinds[kind]
            levels = [float(level) for level in rows]
            share = np.array([row["share"] for row in rows.values()])
            bounds = np.array([row["interval_95"] for row in rows.values()])
            size = 10 - 3 * k  # curves may lie on each other
            axis.plot(levels, share, "o-", color=f"C{k}", markersize=size, label=skill)
            axis.fill_between(levels, bounds[:, 0], bounds[:, 1], color=f"C{k}", alpha=0.12)
        axis.set(xlabel=NAMES[kind], ylabel="task done", ylim=(-0.03, 1.03))
    axes[0].legend()


def print_table(figures: Mapping[str, Any]) -> None:
    """The same as rows of numbers."""
    for kind, levels in LEVELS.items():
        print(f"{NAMES[kind]:32}" + "".join(f"{level:>7g}" for level in levels))
        for skill, kinds in figures.items():
            rows = kinds[kind].values()
            print(f"{skill:32}" + "".join(f"{r['successes']:>4}/{r['trials']:<2}" for r in rows))


def main() -> None:
    """Record, try, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes", type=at_least(1), default=SCENES, help="of each skill")
    parser.add_argument("--workers", type=at_least(1), default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        library = str(Path(folder) / "library")
        jobs = list(jobs_of(arguments.scenes, library))
        for task in dict.fromkeys(job.task for job in jobs):
            record_episode(configure("record", task, 0, library, "recorder=steady"))
        figures = measure(jobs, arguments.workers)
    print_table(figures)
    if arguments.scenes < SCENES:
        return
    document = {"machine": describe_machine(), "scenes": arguments.scenes, "skills": figures}
    RESULTS.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9.0, 3.6), layout="constrained")
    draw_tolerance(figures, axes)
    figure.savefig(PICTURE, dpi=110)


if __name__ == "__main__":
    main()
