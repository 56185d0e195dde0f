"""Trust is a probability that was fitted to data in this repository, and says what lowers it."""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from mt3.alignment import TrustFeatures, TrustModel
from mt3.errors import ConfigurationError

ROOT = Path(__file__).parents[3]
sys.path.append(str(ROOT / "bench"))
CLEAR = TrustFeatures(margin=0.08, overlap=0.5, violation_m=0.0003, score=0.012, points=800)
WORSE = {
    "margin": (0.001, "another yaw fits nearly as well"),
    "overlap": (0.0, "share little surface"),
    "violation_m": (0.02, "where a camera saw through"),
    "score": (0.4, "fits badly"),
    "points": (30, "little of the object is seen"),
}


def test_a_clear_registration_is_believed():
    model = TrustModel.calibrated()
    assert model.probability(CLEAR) > 0.99
    assert model.doubt(CLEAR) == ""


@pytest.mark.parametrize("name", WORSE)
def test_each_weakness_lowers_the_probability_and_is_named(name):
    value, words = WORSE[name]
    model = TrustModel.calibrated(min_probability=1.0)
    worse = CLEAR._replace(**{name: value})
    assert model.probability(worse) < model.probability(CLEAR)
    assert words in model.doubt(worse)


def test_the_threshold_decides():
    features = CLEAR._replace(margin=0.002, points=200, overlap=0.05)
    probability = TrustModel.calibrated().probability(features)
    assert 0.0 < probability < 1.0
    assert TrustModel.calibrated(probability - 1e-6).doubt(features) == ""
    assert f"{probability:.3f}" in TrustModel.calibrated(probability + 1e-6).doubt(features)
    with pytest.raises(ConfigurationError, match="min_probability: got 2"):
        TrustModel.calibrated(2.0)


def test_the_model_is_the_one_that_the_data_gives():
    """The fit and its data are two files, which may drift apart."""
    from calibrate_trust import DATA, MODEL, features_of, fit

    with DATA.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    X = np.array([features_of(row).as_row() for row in rows])
    fitted = fit(X, np.array([row["right"] == "1" for row in rows]))
    stored = json.loads(MODEL.read_text(encoding="utf-8"))["model"]
    assert stored["intercept"] == pytest.approx(fitted.intercept, rel=1e-3)
    assert stored["usual"] == pytest.approx(fitted.usual.tolist(), rel=1e-6)
    assert stored["weights"] == pytest.approx(fitted.weights.tolist(), rel=1e-2)
    assert stored["min_probability"] == fitted.min_probability
