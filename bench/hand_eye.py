"""Hand-eye calibration from views of a board whose poses are known.

python bench/hand_eye.py             50 runs for each mounting, 15 views each
python bench/hand_eye.py --runs 5
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from arguments import at_least

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "emulators"))

from rendered_boards import (
    BOARD,
    INTRINSICS,
    noisy_samples,
    render,
    tool_pose,
    true_pose_C,
    views_T_CM,
)

from hardware.calibration.board_view import BoardFinder
from hardware.calibration.hand_eye import HandEyeResult, estimate_hand_eye
from hardware.calibration.hand_eye_views import HandEyeSample
from hardware.calibration.mounting import Mounting
from mt3.errors import BoardViewError

RUNS = 50
VIEWS = 15
NOISE_PX = 0.5
_RENDERED_SHARE = 5  # one run in so many is made again of rendered images


def measure(runs: int = RUNS, seed: int = 0) -> dict[str, Any]:
    """Errors of the camera's pose, for both mountings.

    Args:
        runs: Calibrations from corners with noise; a fifth as many from rendered images.
        seed: Of poses and noise.
    """
    figures = {}
    for mounting in Mounting:
        rng = np.random.default_rng([seed, list(Mounting).index(mounting)])
        noisy = [noisy_samples(mounting, VIEWS, NOISE_PX, rng) for _ in range(runs)]
        rendered = [rendered_samples(mounting, rng) for _ in range(max(1, runs // _RENDERED_SHARE))]
        figures[str(mounting)] = {
            "corners with 0.5 px noise": _errors(mounting, noisy),
            "rendered images": _errors(mounting, rendered),
        }
    return figures


def rendered_samples(mounting: Mounting, rng: np.random.Generator) -> list[HandEyeSample]:
    """Samples whose corners were found in rendered images."""
    finder, samples = BoardFinder(BOARD, INTRINSICS), []
    for k, T_CM in enumerate(views_T_CM(VIEWS, rng)):
        try:
            view = finder.find(render(T_CM, rng))
        except BoardViewError:
            continue
        samples.append(HandEyeSample(f"{k + 1:04d}", tool_pose(mounting, T_CM), view))
    return samples


def _errors(mounting: Mounting, runs: list[list[HandEyeSample]]) -> dict[str, Any]:
    results = [estimate_hand_eye(samples, mounting, BOARD, INTRINSICS) for samples in runs]
    errors = np.array([_error(mounting, result) for result in results])
    return {
        "runs": len(runs),
        "views_used_median": float(np.median([result.figures.used for result in results])),
        "trusted": sum(result.trusted for result in results),
        "error_mm": {"median": float(np.median(errors[:, 0])), "worst": float(errors[:, 0].max())},
        "error_deg": {"median": float(np.median(errors[:, 1])), "worst": float(errors[:, 1].max())},
    }


def _error(mounting: Mounting, result: HandEyeResult) -> tuple[float, float]:
    """Distance in mm and angle in deg from the true pose of the camera."""
    found, true = result.pose.T_PC, true_pose_C(mounting)
    return 1e3 * found.translation_to_m(true), float(np.rad2deg(found.angle_to_rad(true)))


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=at_least(1), default=RUNS)
    parser.add_argument("--seed", type=at_least(0), default=0)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.runs, arguments.seed), indent=1))


if __name__ == "__main__":
    main()
