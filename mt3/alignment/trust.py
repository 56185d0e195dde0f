"""How probable it is that a registration is right, judged from what it can know of itself."""

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, NamedTuple, Self

import numpy as np

from mt3.errors import ConfigurationError
from mt3.types import FloatArray, frozen_array

_CALIBRATION = "trust.json"
_MARGIN, _MOST_MARGIN = 0.01, 0.05  # a margin beyond does not make it any surer
_LEAST_MARGIN = 0.001
_ENOUGH_OVERLAP = 0.3
_MOST_VIOLATION_M = 0.006
_POINTS = 300.0


class TrustFeatures(NamedTuple):
    """What speaks for and against a registration.

    Args:
        margin: Score by which the best yaw leads the next that symmetry does not explain.
        overlap: Share of the points that meet the other side's surface.
        violation_m: Mean violation of seen-through space.
        score: Mean cost per point.
        points: Of the object, on the side that shows fewer.
    """

    margin: float
    overlap: float
    violation_m: float
    score: float
    points: int

    def as_row(self) -> FloatArray:
        """(5,): the same on scales on which their influence is about linear."""
        return np.array(
            [
                np.log(np.clip(self.margin, _LEAST_MARGIN, _MOST_MARGIN) / _MARGIN),
                min(self.overlap / _ENOUGH_OVERLAP, 1.0),
                1e3 * min(self.violation_m, _MOST_VIOLATION_M),
                np.sqrt(self.score),
                np.log(max(self.points, 1) / _POINTS),
            ]
        )

    def weakness(self, index: int) -> str:
        """One of them in words, as a reason for doubt."""
        return (
            f"another yaw fits nearly as well (margin {self.margin:.3f})",
            f"the views share little surface (overlap {self.overlap:.2f})",
            f"it stands where a camera saw through (violation {self.violation_m * 1e3:.1f} mm)",
            f"it fits badly (score {self.score:.3f})",
            f"little of the object is seen ({self.points} points)",
        )[index]


@dataclass(frozen=True, slots=True, eq=False)
class TrustModel:
    """Logistic regression on ``TrustFeatures``.

    Args:
        intercept: Log-odds of being right where every feature is as ``usual``.
        weights: Change of the log-odds by each feature, (5,).
        usual: Mean of each feature over the calibration, (5,).
        min_probability: From which on a registration is trusted.

    Raises:
        ConfigurationError: ``min_probability`` is none.
    """

    intercept: float
    weights: FloatArray
    usual: FloatArray
    min_probability: float

    def __post_init__(self) -> None:
        shape = (len(TrustFeatures._fields),)
        object.__setattr__(self, "weights", frozen_array("weights", self.weights, shape))
        object.__setattr__(self, "usual", frozen_array("usual", self.usual, shape))
        if not 0.0 <= self.min_probability <= 1.0:
            raise ConfigurationError(
                f"min_probability: got {self.min_probability!r}, expected 0 to 1"
            )

    @classmethod
    def calibrated(cls, min_probability: float | None = None) -> Self:
        """The model that ``bench/calibrate_trust.py`` fitted.

        Args:
            min_probability: Instead of the calibrated one.
        """
        text = files("mt3.alignment").joinpath(_CALIBRATION).read_text(encoding="utf-8")
        stored: dict[str, Any] = json.loads(text)["model"]
        if min_probability is not None:
            stored["min_probability"] = min_probability
        return cls(**stored)

    def probability(self, features: TrustFeatures) -> float:
        """Of being within 10 mm and 10 deg, another instance within 15 mm on the level; [0, 1]."""
        log_odds = self.intercept + float(self._influence(features).sum())
        return float(1.0 / (1.0 + np.exp(-log_odds)))

    def doubt(self, features: TrustFeatures) -> str:
        """Why not to trust, or an empty text: the probability, and what lowers it the most."""
        probability = self.probability(features)
        if probability >= self.min_probability:
            return ""
        worst = features.weakness(int(np.argmin(self._influence(features))))
        return f"probability of being right {probability:.3f} < {self.min_probability:.3f}: {worst}"

    def _influence(self, features: TrustFeatures) -> FloatArray:
        influence: FloatArray = self.weights * (features.as_row() - self.usual)
        return influence
