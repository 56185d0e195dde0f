"""Accuracy and time of registration: one object, two views of it, turned by a known yaw.

Table, robot, three distractors, depth noise and imperfect masks are on. Pairs are drawn evenly
over four bins of yaw difference and over all categories; each pair follows from its number alone.

  python bench/registration.py --pairs 10                quick: 10 pairs a bin
  python bench/registration.py --failures failed.json    keep what failed, with its numbers
  python bench/registration.py --only 137 --pairs 100    one pair again
"""

import argparse
import json
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import open3d as o3d
from hydra import compose, initialize_config_module
from hydra.utils import instantiate

from mt3.alignment import Registrar, Registration
from mt3.benchmark.wilson import Share
from mt3.errors import Mt3Error
from mt3.geometry import SE3, wrap_angle, yaw_of
from mt3.perception import ObjectView
from sim.objects import CATEGORIES, ObjectModel, instance
from sim.snapshots import SnapshotStudio, scatter_around
from sim.staging import Region

BINS_DEG = ((0, 45), (45, 90), (90, 135), (135, 180))
DISTRACTORS = 3
MAX_YAW_DEG, MAX_POSITION_MM, MAX_SURFACE_MM = 5.0, 10.0, 5.0
TIMED_PAIRS = 40
SINGLE_THREADED = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two views of one object, and the truth."""

    number: int
    model: ObjectModel
    yaw_difference_deg: float
    T_WO_demo: SE3
    T_WO_live: SE3
    demo_view: ObjectView
    live_view: ObjectView


@dataclass(frozen=True, slots=True)
class Result:
    """How one pair went; lengths in mm, angles in deg, ``None`` where there was no answer."""

    number: int
    bin: int
    category: str
    instance_seed: int
    symmetry: str
    yaw_difference_deg: float
    accurate: bool = False
    trusted: bool = False
    yaw_error_deg: float | None = None
    position_error_mm: float | None = None
    surface_error_mm: float | None = None
    time_ms: float | None = None
    reason: str = ""
    figures: str = ""
    modes: tuple[tuple[float, float], ...] = ()
    true_yaw_deg: float | None = None

    def __str__(self) -> str:
        errors = ""
        if self.yaw_error_deg is not None:
            errors = (
                f"yaw off {self.yaw_error_deg:.1f} deg, position {self.position_error_mm:.1f} mm, "
                f"surface {self.surface_error_mm:.1f} mm; "
            )
        modes = " ".join(f"{yaw:+.0f}:{score:.3f}" for yaw, score in self.modes)
        return (
            f"#{self.number} {self.category}/{self.instance_seed} ({self.symmetry}) turned "
            f"{self.yaw_difference_deg:+.0f} deg: {errors}"
            f"{'TRUSTED' if self.trusted else 'refused'} {self.reason}; {self.figures}; "
            f"modes {modes}; true yaw {self.true_yaw_deg}"
        )


def build_parts() -> tuple[SnapshotStudio, Registrar]:
    """Camera, segmenter and registrar as the commands configure them."""
    with initialize_config_module("mt3.configs", version_base=None):
        cfg = compose("run", overrides=["task=pick up the mug"])
    spec = instantiate(cfg.scene.camera, _convert_="all")
    masks = cfg.segmenter
    studio = SnapshotStudio(spec, masks.max_offset_px, masks.boundary_noise_px)
    return studio, instantiate(cfg.registrar, _convert_="all")


def draw_pair(studio: SnapshotStudio, number: int, pairs_per_bin: int) -> Pair | Result:
    """The pair of a number; a result at once where the object cannot be seen."""
    which_bin, k = divmod(number, pairs_per_bin)
    rng = np.random.default_rng([2, which_bin, k])
    category = CATEGORIES[(k + 2 * which_bin) % len(CATEGORIES)]
    model = instance(category, int(rng.integers(10_000)))
    difference_deg = float(rng.uniform(*BINS_DEG[which_bin]) * rng.choice([-1.0, 1.0]))
    demo_yaw = float(rng.uniform(-np.pi, np.pi))
    poses, views = [], []
    for yaw in (demo_yaw, demo_yaw + np.deg2rad(difference_deg)):
        T_WO = Region(yaw_rad=(yaw, yaw)).draw(rng)
        poses.append(T_WO)
        try:
            views.append(studio.take(scatter_around(model, T_WO, DISTRACTORS, rng), rng))
        except Mt3Error as error:
            return Result(
                number,
                which_bin,
                category,
                model.seed,
                model.symmetry,
                difference_deg,
                reason=f"{type(error).__name__}: {error}",
            )
    return Pair(number, model, difference_deg, *poses, *views)


def surface_error_m(model: ObjectModel, T_OO: SE3) -> float:
    """Mean distance of the vertices, misplaced by a motion in O, to the true surface."""
    surface = o3d.t.geometry.RaycastingScene()
    surface.add_triangles(
        o3d.core.Tensor.from_numpy(np.array(model.mesh.vertices, dtype=np.float32)),
        o3d.core.Tensor.from_numpy(np.array(model.mesh.faces, dtype=np.uint32)),
    )
    moved = np.asarray(T_OO @ model.mesh.vertices, dtype=np.float32)
    return float(surface.compute_distance(o3d.core.Tensor.from_numpy(moved)).numpy().mean())


def judge(pair: Pair, registration: Registration, pairs_per_bin: int, time_ms: float) -> Result:
    """The registration against the truth."""
    model, D_W = pair.model, registration.D_W
    truth = pair.T_WO_live @ pair.T_WO_demo.inverse()
    lower, upper = model.mesh.vertices.min(axis=0), model.mesh.vertices.max(axis=0)
    centre_demo_W = pair.T_WO_demo @ ((lower + upper) / 2)
    position_mm = 1e3 * float(np.linalg.norm(D_W @ centre_demo_W - truth @ centre_demo_W))
    yaw_deg = abs(float(np.rad2deg(wrap_angle(yaw_of(D_W) - yaw_of(truth)))))
    T_OO = pair.T_WO_live.inverse() @ D_W @ pair.T_WO_demo
    surface_mm = 1e3 * surface_error_m(model, T_OO)
    if model.symmetry == "none":
        accurate = yaw_deg < MAX_YAW_DEG and position_mm < MAX_POSITION_MM
    else:
        accurate = surface_mm < MAX_SURFACE_MM
    return Result(
        pair.number,
        pair.number // pairs_per_bin,
        model.category,
        model.seed,
        model.symmetry,
        pair.yaw_difference_deg,
        accurate,
        registration.trusted,
        yaw_deg,
        position_mm,
        surface_mm,
        time_ms,
        registration.reason,
        registration.describe(),
        tuple((float(np.rad2deg(m.yaw_rad)), m.score) for m in registration.modes),
        float(np.rad2deg(yaw_of(truth))),
    )


def run_pair(
    studio: SnapshotStudio, registrar: Registrar, number: int, pairs_per_bin: int
) -> Result:
    """One pair, drawn, registered, judged."""
    pair = draw_pair(studio, number, pairs_per_bin)
    if isinstance(pair, Result):
        return pair
    start_s = time.perf_counter()
    try:
        registration = registrar.register(pair.demo_view, pair.live_view)
    except Mt3Error as error:
        return Result(
            number,
            number // pairs_per_bin,
            pair.model.category,
            pair.model.seed,
            pair.model.symmetry,
            pair.yaw_difference_deg,
            reason=f"{type(error).__name__}: {error}",
        )
    return judge(pair, registration, pairs_per_bin, 1e3 * (time.perf_counter() - start_s))


_parts: tuple[SnapshotStudio, Registrar] | None = None


def _start_worker() -> None:
    global _parts
    _parts = build_parts()


def _work(job: tuple[int, int]) -> Result:
    if _parts is None:
        raise RuntimeError("worker: not started")
    return run_pair(*_parts, *job)


def run_all(numbers: Sequence[int], pairs_per_bin: int, workers: int) -> list[Result]:
    """All pairs, over single-threaded worker processes, in order."""
    saved = dict(os.environ)
    os.environ.update(SINGLE_THREADED)
    context = multiprocessing.get_context("spawn")
    jobs = [(number, pairs_per_bin) for number in numbers]
    with context.Pool(workers, _start_worker) as pool:
        os.environ.clear()
        os.environ.update(saved)
        results = []
        for result in pool.imap(_work, jobs, chunksize=4):
            results.append(result)
            if not result.accurate:
                print(result, flush=True)
    return results


def measure_times(pairs_per_bin: int, count: int) -> dict[str, float]:
    """Times of single registrations in this process, with the threads it has by default."""
    parts = build_parts()
    total = len(BINS_DEG) * pairs_per_bin
    numbers = np.linspace(0, total - 1, min(count, total)).astype(int).tolist()
    results = [run_pair(*parts, number, pairs_per_bin) for number in [numbers[0], *numbers]]
    times_ms = [r.time_ms for r in results[1:] if r.time_ms is not None]
    return {
        "count": len(times_ms),
        "median_ms": statistics.median(times_ms),
        "p95_ms": float(np.percentile(times_ms, 95)),
    }


def summarise(results: Sequence[Result]) -> dict[str, Any]:
    """Shares of accurate answers, by bin and category, and what trust is worth."""
    by_bin = {
        f"{low} to {high} deg": share(results, lambda r, k=k: r.bin == k)
        for k, (low, high) in enumerate(BINS_DEG)
    }
    by_category = {
        name: share(results, lambda r, name=name: r.category == name) for name in CATEGORIES
    }
    trusted = [r for r in results if r.trusted]
    return {
        "accurate": Share(sum(r.accurate for r in results), len(results)).as_json(),
        "by_bin": by_bin,
        "by_category": by_category,
        "trusted": Share(len(trusted), len(results)).as_json(),
        "wrong_among_trusted": Share(sum(not r.accurate for r in trusted), len(trusted)).as_json(),
    }


def share(results: Iterable[Result], wanted: Callable[[Result], bool]) -> dict[str, Any]:
    """Accurate, trusted and trusted but wrong, among some of the results."""
    chosen = [r for r in results if wanted(r)]
    trusted = [r for r in chosen if r.trusted]
    return {
        "accurate": Share(sum(r.accurate for r in chosen), len(chosen)).as_json(),
        "trusted": len(trusted),
        "trusted_but_wrong": sum(not r.accurate for r in trusted),
    }


def print_summary(summary: dict[str, Any]) -> None:
    """The table for people."""
    print(f"{'':20} {'accurate':>28} {'trusted':>8} {'of these wrong':>15}")
    for name, row in {**summary["by_bin"], **summary["by_category"]}.items():
        counts = Share(row["accurate"]["successes"], row["accurate"]["trials"])
        print(f"{name:20} {counts!s:>28} {row['trusted']:8} {row['trusted_but_wrong']:15}")
    for name in ("accurate", "trusted", "wrong_among_trusted"):
        counts = Share(summary[name]["successes"], summary[name]["trials"])
        print(f"{name.replace('_', ' '):20} {counts!s:>28}")
    if times := summary.get("time"):
        print(f"time: median {times['median_ms']:.0f} ms, 95 % under {times['p95_ms']:.0f} ms")


def parse_arguments() -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=100, help="pairs in each of the four bins")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--timed", type=int, default=TIMED_PAIRS, help="pairs timed; 0 for none")
    parser.add_argument("--only", type=int, nargs="+", help="numbers of single pairs")
    parser.add_argument("--failures", type=Path, help="write what failed to this JSON file")
    parser.add_argument("--json", type=Path, help="write the summary to this JSON file")
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    arguments = parse_arguments()
    numbers = arguments.only or range(len(BINS_DEG) * arguments.pairs)
    times = measure_times(arguments.pairs, arguments.timed) if arguments.timed else None
    results = run_all(numbers, arguments.pairs, arguments.workers)
    summary = {**summarise(results), "time": times}
    print_summary(summary)
    if arguments.failures:
        failed = [asdict(r) for r in results if not r.accurate]
        arguments.failures.write_text(json.dumps(failed, indent=1) + "\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(summary, indent=1) + "\n")


if __name__ == "__main__":
    main()
