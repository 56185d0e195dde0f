"""This registrar beside other recipes, one after another in one process, on the same pairs."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from baselines import BASELINES
from registration_pairs import BINS_DEG, Pair
from rich.progress import track

from mt3.alignment import Registrar
from mt3.benchmark.wilson import Share
from mt3.errors import Mt3Error
from mt3.geometry import SE3, yaw_of
from mt3.perception import ObjectView

OURS = "this registrar"


def compare(
    registrar: Registrar,
    pairs: Sequence[tuple[int, Pair]],
    errors_of: Callable[[SE3, Pair], Mapping[str, float]],
    is_right: Callable[[Mapping[str, float], Pair], bool],
) -> dict[str, Any]:
    """Accuracy by bin of yaw difference, position and time of every method.

    Args:
        registrar: Ours.
        pairs: Bin and pair; one pair more than counted is registered first, so that compiling
            and loading are in no time.
        errors_of: Errors of a motion.
        is_right: Whether errors are within the limits.
    """

    def ours(demo: ObjectView, live: ObjectView, true_yaw_rad: float) -> SE3:
        del true_yaw_rad
        return registrar.register(demo, live).D_W

    ours(pairs[0][1].demo_view, pairs[0][1].live_view, 0.0)
    figures: dict[str, Any] = {}
    for name, method in {OURS: ours, **BASELINES}.items():
        right: dict[int, list[bool]] = {k: [] for k in range(len(BINS_DEG))}
        positions_mm, times_ms = [], []
        for which_bin, pair in track(pairs, description=name):
            start_s = time.perf_counter()
            try:
                D_W = method(pair.demo_view, pair.live_view, yaw_of(pair.truth))
            except Mt3Error:
                right[which_bin].append(False)
                continue
            times_ms.append(1e3 * (time.perf_counter() - start_s))
            errors = errors_of(D_W, pair)
            positions_mm.append(errors["position_mm"])
            right[which_bin].append(is_right(errors, pair))
        figures[name] = {
            "by_bin": {
                f"{low} to {high} deg": Share(sum(right[k]), len(right[k])).as_json()
                for k, (low, high) in enumerate(BINS_DEG)
            },
            "median_position_mm": statistics.median(positions_mm),
            "median_ms": statistics.median(times_ms),
        }
    for one in figures.values():
        one["times_ours"] = one["median_ms"] / figures[OURS]["median_ms"]
    return figures


def print_comparison(figures: Mapping[str, Any]) -> None:
    """The table for people."""
    for name, one in figures.items():
        shares = "  ".join(f"{row['successes']}/{row['trials']}" for row in one["by_bin"].values())
        print(
            f"{name:44} {shares}  position {one['median_position_mm']:6.1f} mm  "
            f"{one['median_ms']:7.0f} ms  {one['times_ours']:5.1f} times ours"
        )
