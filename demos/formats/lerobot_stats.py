"""Statistics of features, per episode and of a whole dataset, as a LeRobotDataset stores them."""

from collections.abc import Sequence

import numpy as np

from mt3.types import ColorImage, FloatArray

Stats = dict[str, FloatArray]

_QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
_MAX_SIDE_PX = 150  # images are thinned to about this for their statistics
_SAMPLED_FRAMES = 40


def describe_numbers(values: FloatArray) -> Stats:
    """Statistics of each column of (N, n) numbers, each (n,); the count is (1,)."""
    stats = {
        "min": values.min(axis=0),
        "max": values.max(axis=0),
        "mean": values.mean(axis=0),
        "std": values.std(axis=0),
        "count": np.array([len(values)]),
    }
    for name, share in _QUANTILES.items():
        stats[name] = np.quantile(values, share, axis=0)
    return stats


def describe_images(images: Sequence[ColorImage]) -> Stats:
    """Statistics of each channel of images, on a scale from 0 to 1, each (3, 1, 1)."""
    thinned = [image[:: _step(image), :: _step(image)].reshape(-1, 3) for image in images]
    stats = describe_numbers(np.concatenate(thinned) / 255.0)
    shaped = {name: value.reshape(3, 1, 1) for name, value in stats.items() if name != "count"}
    return {**shaped, "count": np.array([len(images)])}


def sampled(count: int) -> list[int]:
    """Which of so many frames stand for all in their statistics, evenly spread."""
    return sorted({int(k) for k in np.linspace(0, count - 1, min(count, _SAMPLED_FRAMES))})


def combine(episodes: Sequence[Stats]) -> Stats:
    """Statistics of all episodes together; quantiles are means weighted by count, as lerobot's."""
    counts = np.array([float(stats["count"][0]) for stats in episodes])
    weights = counts / counts.sum()

    def weighted(values: Sequence[FloatArray]) -> FloatArray:
        return np.tensordot(weights, np.array(values), axes=1)

    mean = weighted([stats["mean"] for stats in episodes])
    spread = [stats["std"] ** 2 + (stats["mean"] - mean) ** 2 for stats in episodes]
    combined = {
        "min": np.min([stats["min"] for stats in episodes], axis=0),
        "max": np.max([stats["max"] for stats in episodes], axis=0),
        "mean": mean,
        "std": np.sqrt(weighted(spread)),
        "count": np.array([int(counts.sum())]),
    }
    return combined | {name: weighted([stats[name] for stats in episodes]) for name in _QUANTILES}


def _step(image: ColorImage) -> int:
    height, width = image.shape[:2]
    return max(1, int(max(height, width)) // _MAX_SIDE_PX)
