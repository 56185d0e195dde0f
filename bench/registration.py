"""Accuracy and time of registration: one object, two views of it, turned by a known yaw.

Table, robot, three distractors and depth noise are on. Pairs are drawn evenly over four bins of
yaw difference, from PyBullet's random shapes and from our categories; each follows from its number
alone. Conditions: ``clean``; ``occluded``, 30 to 40 % of the live object hidden behind another one
or cut by the border of the image; ``imperfect``, the live mask eroded or dilated by up to 4 px,
with a bite of 15 % missing or as much of a neighbour included; ``instance``, another shape of the
category.

An object is symmetric where some turn of 10 deg or more about z moves its surface by under 3 mm on
average; its answer is right where the misplaced surface is within 5 mm of the true one. That makes
most compact shapes symmetric, so a stricter row stands beside it, "accurate by yaw": there only a
turn of 30 deg or more that moves the surface under 1.5 mm is a symmetry. A pair is
ambiguous where the complete shape, tried at every degree, does not find the yaw in one of the two
views; the right answer is then no trust, or two modes.

  python bench/registration.py --pairs 10                       quick: 10 pairs a bin, clean
  python bench/registration.py --conditions clean occluded      two conditions
  python bench/registration.py --only 7 --pairs 100             one pair again
  python bench/registration.py --beside 10                      other recipes on 40 of the pairs
"""

import argparse
import json
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from ambiguity import CompleteShape
from arguments import at_least
from hydra import compose, initialize_config_module
from hydra.utils import instantiate
from machine import describe_machine
from registration_errors import (
    LIMITS,
    SAME,
    STRICT_SYMMETRY,
    SYMMETRY,
    errors_of,
    is_symmetric,
    is_wrong,
    judged_by,
)
from registration_pairs import BINS_DEG, CONDITIONS, Condition, Pair, Pool, draw_pair
from rich.progress import track
from side_by_side import compare, print_comparison

from mt3.alignment import Registrar, Registration
from mt3.benchmark.wilson import Share
from mt3.errors import Mt3Error
from sim.snapshots import SnapshotStudio

AS_GOOD = 0.006  # a second mode within this margin is as good an answer
TIMED_PAIRS = 40
SINGLE_THREADED = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Job:
    """A pair to draw and register."""

    pool: Pool
    condition: Condition
    bin: int
    number: int


@dataclass(frozen=True, slots=True)
class Result:
    """How one pair went; ``None`` where there was no answer.

    Args:
        right: Within the limits of accuracy of its condition.
        right_by_yaw: The same, with symmetry understood strictly.
        wrong: Beyond the limits that a trusted answer must keep.
        wrong_on_the_level: The same, where the heights of two instances may differ.
        told: Whether the demonstrated and the live view each tell the yaw, of asymmetric objects.
    """

    job: Job
    shape: str
    defect: str
    symmetric: bool
    told: tuple[bool, bool]
    right: bool = False
    right_by_yaw: bool = False
    wrong: bool = True
    wrong_on_the_level: bool = True
    trusted: bool = False
    two_modes: bool = False
    yaw_error_deg: float | None = None
    position_error_mm: float | None = None
    surface_error_mm: float | None = None
    time_ms: float | None = None
    reason: str = ""
    figures: str = ""

    @property
    def ambiguous(self) -> bool:
        """Whether one of the views does not tell the yaw."""
        return not self.symmetric and not all(self.told)

    def __str__(self) -> str:
        errors = ""
        if self.yaw_error_deg is not None:
            errors = (
                f"yaw off {self.yaw_error_deg:.1f} deg, position {self.position_error_mm:.1f} mm, "
                f"surface {self.surface_error_mm:.1f} mm; "
            )
        job, seen = self.job, "symmetric" if self.symmetric else f"told {self.told}"
        return (
            f"{job.condition} bin {job.bin} #{job.number} {self.shape} {self.defect} ({seen}): "
            f"{errors}{'TRUSTED' if self.trusted else 'refused'} {self.reason}; {self.figures}"
        )


def build_parts() -> tuple[SnapshotStudio, Registrar]:
    """Camera and registrar as the commands configure them, with exact masks."""
    with initialize_config_module("mt3.configs", version_base=None):
        cfg = compose("run", overrides=["task=pick up the mug"])
    spec = instantiate(cfg.scene.camera, _convert_="all")
    return SnapshotStudio(spec, 0.0, 0.0), instantiate(cfg.registrar, _convert_="all")


def judge(pair: Pair, job: Job, registration: Registration, time_ms: float) -> Result:
    """The registration against the truth."""
    errors = errors_of(registration.D_W, pair)
    symmetric, limits = is_symmetric(pair, *SYMMETRY), LIMITS[job.condition]
    names = judged_by(symmetric, job.condition)
    strict_names = judged_by(is_symmetric(pair, *STRICT_SYMMETRY), job.condition)
    level = {"position_mm": errors["level_mm"]} if job.condition == "instance" else {}
    return Result(
        job,
        f"{pair.live_model.category}/{pair.live_model.seed}",
        pair.defect,
        symmetric,
        (True, True) if symmetric else what_views_tell(pair),
        right=all(errors[name] < limits[name] for name in names),
        right_by_yaw=all(errors[name] < limits[name] for name in strict_names),
        wrong=is_wrong(errors, names, limits),
        wrong_on_the_level=is_wrong({**errors, **level}, names, limits),
        trusted=registration.trusted,
        two_modes=registration.margin < AS_GOOD,
        yaw_error_deg=errors["yaw_deg"],
        position_error_mm=errors["position_mm"],
        surface_error_mm=errors["surface_mm"],
        time_ms=time_ms,
        reason=registration.reason,
        figures=registration.describe(),
    )


def what_views_tell(pair: Pair) -> tuple[bool, bool]:
    """Whether the demonstrated and the live view each tell the yaw."""
    views = (
        (pair.demo_model, pair.demo_view, pair.T_WO_demo),
        (pair.live_model, pair.live_view, pair.T_WO_live),
    )
    demo, live = (CompleteShape(model).is_told_by(view, T_WO) for model, view, T_WO in views)
    return demo, live


def run_pair(studio: SnapshotStudio, registrar: Registrar, job: Job) -> Result:
    """One pair, drawn, registered, judged."""
    pair = draw_pair(studio, job.pool, job.condition, job.bin, job.number)
    start_s = time.perf_counter()
    try:
        registration = registrar.register(pair.demo_view, pair.live_view)
    except Mt3Error as error:
        shape = f"{pair.live_model.category}/{pair.live_model.seed}"
        reason = f"{type(error).__name__}: {error}"
        symmetric = is_symmetric(pair, *SYMMETRY)
        return Result(job, shape, pair.defect, symmetric, (True, True), reason=reason)
    return judge(pair, job, registration, 1e3 * (time.perf_counter() - start_s))


_parts: tuple[SnapshotStudio, Registrar] | None = None


def _start_worker() -> None:
    global _parts
    _parts = build_parts()


def parts_of_worker() -> tuple[SnapshotStudio, Registrar]:
    """Camera and registrar of this worker process."""
    if _parts is None:
        raise RuntimeError("worker: not started")
    return _parts


def over_workers(work: Callable[[Job], T], jobs: Sequence[Job], workers: int) -> Iterator[T]:
    """What a function makes of each job, in order, over single-threaded worker processes."""
    saved = dict(os.environ)
    os.environ.update(SINGLE_THREADED)
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, _start_worker) as pool:
        os.environ.clear()
        os.environ.update(saved)
        yield from pool.imap(work, jobs, chunksize=4)


def _work(job: Job) -> Result:
    return run_pair(*parts_of_worker(), job)


def run_all(jobs: Sequence[Job], workers: int) -> list[Result]:
    """All pairs, in order; what failed is printed."""
    results = []
    for result in track(over_workers(_work, jobs, workers), "registering", total=len(jobs)):
        results.append(result)
        if not result.right or (result.trusted and result.wrong):
            print(result, flush=True)
    return results


def measure_times(jobs: Sequence[Job], count: int) -> dict[str, dict[str, float]]:
    """Times of single registrations in this process, on two cores and on one."""
    cores = sorted(os.sched_getaffinity(0))
    times = {}
    try:
        for name, allowed in (("two cores", cores[:2]), ("one core", cores[:1])):
            os.sched_setaffinity(0, allowed)
            times[name] = _measure_here(jobs, count)
    finally:
        os.sched_setaffinity(0, cores)
    return times


def _measure_here(jobs: Sequence[Job], count: int) -> dict[str, float]:
    """With the first one, which compiles, left out."""
    studio, registrar = build_parts()
    chosen = [jobs[k] for k in np.linspace(0, len(jobs) - 1, min(count, len(jobs))).astype(int)]
    times_ms = []
    for job in [chosen[0], *chosen]:
        pair = draw_pair(studio, job.pool, job.condition, job.bin, job.number)
        start_s = time.perf_counter()
        with suppress(Mt3Error):  # refusing takes time, too
            registrar.register(pair.demo_view, pair.live_view)
        times_ms.append(1e3 * (time.perf_counter() - start_s))
    return {
        "count": len(times_ms) - 1,
        "median_ms": statistics.median(times_ms[1:]),
        "p95_ms": float(np.percentile(times_ms[1:], 95)),
    }


def beside_others(pool: Pool, count: int) -> dict[str, Any]:
    """Our figures and those of other recipes, on so many clean pairs a bin."""
    studio, registrar = build_parts()
    pairs = [
        (which_bin, draw_pair(studio, pool, "clean", which_bin, number))
        for which_bin in range(len(BINS_DEG))
        for number in range(count)
    ]

    def is_right(errors: Mapping[str, float], pair: Pair) -> bool:
        names = judged_by(is_symmetric(pair, *SYMMETRY), "clean")
        return all(errors[name] < SAME[name] for name in names)

    return compare(registrar, pairs, errors_of, is_right)


def summarise(results: Sequence[Result]) -> dict[str, Any]:
    """Of one condition: accuracy by bin without what is ambiguous, and what trust is worth."""
    clear = [r for r in results if not r.ambiguous]
    unclear = [r for r in results if r.ambiguous]
    trusted = [r for r in results if r.trusted]
    return {
        "by_bin": {
            f"{low} to {high} deg": share([r for r in clear if r.job.bin == k], _is_right)
            for k, (low, high) in enumerate(BINS_DEG)
        },
        "accurate": share(clear, _is_right),
        "accurate_by_yaw": share(clear, lambda r: r.right_by_yaw),
        "symmetric": share(results, lambda r: r.symmetric),
        "ambiguous": share(results, lambda r: r.ambiguous),
        "ambiguous_refused_or_two_modes": share(unclear, lambda r: not r.trusted or r.two_modes),
        "trusted_of_what_is_clear": share(clear, lambda r: r.trusted),
        "wrong_among_trusted": share(trusted, lambda r: r.wrong),
        "wrong_on_the_level": share(trusted, lambda r: r.wrong_on_the_level),
    }


def summarise_same_instance(results: Sequence[Result]) -> dict[str, Any]:
    """What trust is worth over all conditions but another instance."""
    same = [r for r in results if r.job.condition != "instance"]
    return {
        "trusted_of_what_is_clear": share(
            [r for r in same if not r.ambiguous], lambda r: r.trusted
        ),
        "wrong_among_trusted": share([r for r in same if r.trusted], lambda r: r.wrong),
    }


def _is_right(result: Result) -> bool:
    return result.right


def share(results: Iterable[Result], holds: Callable[[Result], bool]) -> dict[str, Any]:
    """Of how many results something holds, with its interval."""
    held = [holds(r) for r in results]
    return Share(sum(held), len(held)).as_json()


def print_summary(summary: dict[str, Any]) -> None:
    """The table for people."""
    for condition, figures in summary["conditions"].items():
        rows = {**figures["by_bin"], **{k: v for k, v in figures.items() if k != "by_bin"}}
        for name, row in rows.items():
            counts = Share(row["successes"], row["trials"])
            print(f"{condition:10} {name.replace('_', ' '):32} {counts!s:>28}")
    for name, row in summary["same_instance"].items():
        counts = Share(row["successes"], row["trials"])
        print(f"{'same':10} {name.replace('_', ' '):32} {counts!s:>28}")
    for name, times in (summary["time"] or {}).items():
        print(f"{name}: median {times['median_ms']:.0f} ms, 95 % under {times['p95_ms']:.0f} ms")


def parse_arguments() -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--pairs", type=at_least(1), default=100, help="pairs in each of the four bins"
    )
    parser.add_argument("--conditions", nargs="+", choices=CONDITIONS, default=["clean"])
    parser.add_argument("--pool", choices=("develop", "figures"), default="figures")
    parser.add_argument("--workers", type=at_least(1), default=2)
    parser.add_argument(
        "--timed", type=at_least(0), default=TIMED_PAIRS, help="pairs timed; 0 for none"
    )
    parser.add_argument(
        "--beside",
        type=at_least(0),
        default=0,
        help="pairs a bin on which other recipes run as well",
    )
    parser.add_argument(
        "--only", type=at_least(0), nargs="+", help="numbers of single pairs, in all bins"
    )
    parser.add_argument("--failures", type=Path, help="write what failed to this JSON file")
    parser.add_argument("--json", type=Path, help="write the summary to this JSON file")
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    arguments = parse_arguments()
    jobs = [
        Job(arguments.pool, condition, which_bin, number)
        for condition in dict.fromkeys(arguments.conditions)
        for which_bin in range(len(BINS_DEG))
        for number in dict.fromkeys(arguments.only or range(arguments.pairs))
    ]
    times = measure_times(jobs, arguments.timed) if arguments.timed else None
    results = run_all(jobs, arguments.workers)
    conditions = {
        name: summarise([r for r in results if r.job.condition == name])
        for name in arguments.conditions
    }
    summary = {
        "machine": describe_machine(),
        "pool": arguments.pool,
        "shapes": len({r.shape for r in results}),
        "conditions": conditions,
        "same_instance": summarise_same_instance(results),
        "time": times,
    }
    print_summary(summary)
    if arguments.beside:
        summary["side_by_side"] = beside_others(arguments.pool, arguments.beside)
        print_comparison(summary["side_by_side"])
    if arguments.json:
        arguments.json.write_text(json.dumps(summary, indent=1) + "\n")
    if arguments.failures:
        failed = [asdict(r) for r in results if not r.right]
        arguments.failures.write_text(json.dumps(failed, indent=1) + "\n")


if __name__ == "__main__":
    main()
