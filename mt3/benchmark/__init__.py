"""Many trials, and how sure their figures are."""

from mt3.benchmark.plan import (
    BenchmarkTruth,
    Episode,
    PlannedDemonstration,
    PlannedTrial,
    Suite,
)
from mt3.benchmark.wilson import Share

__all__ = ["BenchmarkTruth", "Episode", "PlannedDemonstration", "PlannedTrial", "Share", "Suite"]
