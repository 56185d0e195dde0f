"""The same tasks over one process and over two: do they end alike?"""

import tempfile
from pathlib import Path
from typing import Any

from suite_run import run

from mt3.benchmark.ledger import Ledger
from mt3.cli.bench_report import TRIALS_NAME

MAY_DIFFER = ("wall_s", "timings_s")


def measure(every: int) -> dict[str, Any]:
    """Every so many-th task of each skill, twice."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for workers in (1, 2):
            out = Path(folder) / str(workers)
            run(["suite=thousand", f"suite.every={every}", f"workers={workers}"], out)
            rows = Ledger(out / TRIALS_NAME).in_order()
            results.append([{k: row[k] for k in row if k not in MAY_DIFFER} for row in rows])
    alike = [a == b for a, b in zip(*results, strict=True)]
    return {"trials": len(alike), "alike": sum(alike)}
