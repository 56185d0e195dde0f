"""Fit how probable it is that a registration is right, on shapes that no figure is measured on.

Pairs of the pool ``develop`` are registered under every condition of ``bench/registration.py``. A
registration is right within 10 mm and 10 deg, a symmetric object's where its misplaced surface is
within 5 mm; for another instance within 15 mm on the level, because no view tells which of two
different heights should match.

  python bench/calibrate_trust.py                 draw, register, fit: 5 to 20 minutes on two cores
  python bench/calibrate_trust.py --pairs 20      a quick look, which writes nothing
  python bench/calibrate_trust.py --fit-only      fit again to the data in bench/results

Writes bench/results/trust-calibration.csv (the data), mt3/alignment/trust.json (the model) and
docs/images/trust.png (the reliability curve, from probabilities of pairs left out of the fit).
"""

import argparse
import csv
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import matplotlib as mpl
import numpy as np
from arguments import at_least
from matplotlib.axes import Axes
from registration import Job, over_workers, parts_of_worker
from registration_errors import LIMITS, SYMMETRY, errors_of, is_symmetric, is_wrong, judged_by
from registration_pairs import BINS_DEG, CONDITIONS, draw_pair
from rich.progress import track
from scipy.optimize import minimize

from mt3.alignment import TrustFeatures, TrustModel
from mt3.benchmark.wilson import Share
from mt3.errors import Mt3Error
from mt3.types import BoolArray, FloatArray

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "bench" / "results" / "trust-calibration.csv"
MODEL = ROOT / "mt3" / "alignment" / "trust.json"
PICTURE = ROOT / "docs" / "images" / "trust.png"
COLUMNS = ("condition", "bin", "number", "shape", *TrustFeatures._fields, "right")
MIN_PROBABILITY = 0.97
PAIRS, FOLDS = 200, 10
PENALTY = 1.0  # of squared weights of standardised features: a prior against extremes
EDGES = (0.0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)

Row: TypeAlias = dict[str, str]


def _work(job: Job) -> Row | None:
    """One pair as a line of the data, None where registration is refused outright."""
    studio, registrar = parts_of_worker()
    pair = draw_pair(studio, job.pool, job.condition, job.bin, job.number)
    try:
        found = registrar.register(pair.demo_view, pair.live_view)
    except Mt3Error:
        return None
    errors = errors_of(found.D_W, pair)
    if job.condition == "instance":
        errors["position_mm"] = errors["level_mm"]
    names = judged_by(is_symmetric(pair, *SYMMETRY), job.condition)
    right = not is_wrong(errors, names, LIMITS[job.condition])
    features = TrustFeatures(
        found.margin, found.overlap, found.violation_m, found.score, found.points
    )
    shape = f"{pair.live_model.category}/{pair.live_model.seed}"
    values = (job.condition, job.bin, job.number, shape, *features, int(right))
    texts = (f"{value:.6g}" if isinstance(value, float) else str(value) for value in values)
    return dict(zip(COLUMNS, texts, strict=True))


def collect(pairs: int, workers: int) -> list[Row]:
    """The data."""
    jobs = [
        Job("develop", condition, which_bin, number)
        for number in range(pairs)
        for condition in CONDITIONS
        for which_bin in range(len(BINS_DEG))
    ]
    found = track(over_workers(_work, jobs, workers), "registering", total=len(jobs))
    return [row for row in found if row is not None]


def write(rows: Sequence[Row]) -> None:
    """Keep the data."""
    with DATA.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read() -> list[Row]:
    """The data that is there."""
    with DATA.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def as_arrays(rows: Sequence[Row]) -> tuple[FloatArray, BoolArray]:
    """Features (N, 5), and whether each registration was right (N,)."""
    features = np.array([features_of(row).as_row() for row in rows])
    return features, np.array([row["right"] == "1" for row in rows])


def features_of(row: Row) -> TrustFeatures:
    """The features of a line of the data."""
    margin, overlap, violation_m, score = (float(row[name]) for name in COLUMNS[4:8])
    return TrustFeatures(margin, overlap, violation_m, score, int(row["points"]))


def fit(X: FloatArray, right: BoolArray) -> TrustModel:
    """Logistic regression with a penalty, on rows of features."""
    usual, spread = X.mean(axis=0), X.std(axis=0)
    Z = np.column_stack([np.ones(len(X)), (X - usual) / spread])
    sign = np.where(right, 1.0, -1.0)

    def loss(w: FloatArray) -> tuple[float, FloatArray]:
        odds = sign * (Z @ w)
        penalised = np.concatenate([[0.0], w[1:]])
        value = np.logaddexp(0.0, -odds).sum() + 0.5 * PENALTY * penalised @ penalised
        return float(value), -Z.T @ (sign / (1.0 + np.exp(odds))) + PENALTY * penalised

    w = minimize(loss, np.zeros(Z.shape[1]), jac=True, method="BFGS").x
    return TrustModel(float(w[0]), w[1:] / spread, usual, MIN_PROBABILITY)


def left_out_probabilities(rows: Sequence[Row]) -> FloatArray:
    """Of each pair, from a fit to the folds that it is not in."""
    X, right = as_arrays(rows)
    fold = np.random.default_rng(0).integers(FOLDS, size=len(rows))
    models = [fit(X[fold != k], right[fold != k]) for k in range(FOLDS)]
    return np.array(
        [models[k].probability(features_of(row)) for k, row in zip(fold, rows, strict=True)]
    )


def draw_reliability(probability: FloatArray, right: BoolArray, axes: Axes) -> None:
    """Promised against kept, with Wilson intervals and the number of pairs."""
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for low, high in pairwise(EDGES):
        inside = (probability >= low) & ((probability < high) | (high == 1.0))
        if not inside.any():
            continue
        share = Share(int(right[inside].sum()), int(inside.sum()))
        x = float(probability[inside].mean())
        axes.plot([x, x], share.interval, color="tab:blue")
        axes.plot([x], [share.value], "o", color="tab:blue")
        axes.annotate(
            str(share.trials), (x, share.interval[0]), textcoords="offset points", xytext=(4, 0)
        )
    axes.set_xlabel("probability of being right, as promised")
    axes.set_ylabel("share that was right (95 % interval, number)")


def draw(probability: FloatArray, right: BoolArray) -> None:
    """The reliability curve of the documents."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(5.0, 4.2), layout="constrained")
    draw_reliability(probability, right, axes)
    figure.savefig(PICTURE, dpi=110)


def report(rows: Sequence[Row], probability: FloatArray, right: BoolArray) -> None:
    """What thresholds would do."""
    same = np.array([row["condition"] != "instance" for row in rows])
    for name, chosen in (("same instance", same), ("another instance", ~same)):
        for least in (0.9, 0.95, 0.97, 0.98, 0.99):
            trusted = chosen & (probability >= least)
            wrong = Share(int((~right[trusted]).sum()), int(trusted.sum()))
            kept = Share(int(trusted.sum()), int(chosen.sum()))
            print(f"{name}, from {least}: trusted {kept}; wrong among them {wrong}")
    for low, high in pairwise(EDGES):
        inside = (probability >= low) & ((probability < high) | (high == 1.0))
        kept = Share(int(right[inside].sum()), int(inside.sum()))
        print(f"promised {low:.2f} to {high:.2f}, kept {kept}")


def main() -> None:
    """Collect, fit, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--pairs", type=at_least(4), default=PAIRS, help="in each condition and bin"
    )
    parser.add_argument("--workers", type=at_least(1), default=2)
    parser.add_argument("--fit-only", action="store_true", help="to the data that is there")
    arguments = parser.parse_args()
    rows = read() if arguments.fit_only else collect(arguments.pairs, arguments.workers)
    X, right = as_arrays(rows)
    probability = left_out_probabilities(rows)
    report(rows, probability, right)
    if arguments.pairs < PAIRS:
        return
    write(rows)
    draw(probability, right)
    model = fit(X, right)
    stored = {
        "intercept": model.intercept,
        "weights": model.weights.tolist(),
        "usual": model.usual.tolist(),
        "min_probability": model.min_probability,
    }
    source = f"bench/calibrate_trust.py, {len(rows)} pairs, {int((~right).sum())} of them wrong"
    MODEL.write_text(json.dumps({"source": source, "model": stored}, indent=1) + "\n")
    print(f"{MODEL.relative_to(ROOT)}: {source}")


if __name__ == "__main__":
    main()
