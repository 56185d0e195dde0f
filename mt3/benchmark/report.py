"""What many trials say together: shares with intervals, per group."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from mt3.benchmark.wilson import Share

Row = Mapping[str, Any]


def summarise(rows: Sequence[Row]) -> dict[str, Any]:
    """Figures of all trials: in total, per group, and how long each stage computed.

    Args:
        rows: One per trial, as the workers return them.

    Returns:
        Plain values for JSON.
    """
    return {
        "total": summarise_group(rows),
        **{name: _by(rows, keys) for name, keys in _groupings(rows).items()},
        "stage_median_s": stage_medians_s(rows),
    }


def stage_medians_s(rows: Sequence[Row]) -> dict[str, float]:
    """Median computing time of each stage, over the trials that came to it."""
    times_s: dict[str, list[float]] = {}
    for row in rows:
        for stage, time_s in row.get("timings_s", {}).items():
            times_s.setdefault(stage, []).append(time_s)
    return {stage: statistics.median(many) for stage, many in times_s.items()}


def _groupings(rows: Sequence[Row]) -> Mapping[str, tuple[str, ...]]:
    """Labels to group by, coarse ones first; trials of several variants by these alone."""
    if rows and "variant" in rows[0]:
        return {"by_variant": ("variant", "instances")}
    family = {"by_family": ("family", "instances")} if rows and "family" in rows[0] else {}
    return {
        "by_objects": ("instances",),
        **family,
        "by_skill": ("skill", "instances"),
        "by_category": ("skill", "category", "instances"),
    }


def summarise_group(rows: Sequence[Row]) -> dict[str, Any]:
    """Figures of one group; a refusal or an error is a failure."""
    trusted = [row for row in rows if row["trusted"]]
    draws = sum(row["draws"] for row in rows)
    failures = Counter(
        row["failure_stage"] or ("ERROR" if row["outcome"] == "error" else "NOT DONE")
        for row in rows
        if not row["success"]
    )
    times_s = [row["wall_s"] for row in rows]
    return {
        "success": _share(rows).as_json(),
        "trusted": len(trusted),
        "success_among_trusted": _share(trusted).as_json(),
        "redrawn": Share(sum(row["redrawn"] for row in rows), draws).as_json(),
        "errors": sum(row["outcome"] == "error" for row in rows),
        "failures": dict(failures.most_common()),
        "median_wall_s": statistics.median(times_s) if times_s else None,
    }


def _share(rows: Sequence[Row]) -> Share:
    return Share(sum(row["success"] for row in rows), len(rows))


def _by(rows: Sequence[Row], keys: Sequence[str]) -> list[dict[str, Any]]:
    """One entry per combination of labels, in the order of their first trials."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    return [
        {**dict(zip(keys, labels, strict=True)), **summarise_group(group)}
        for labels, group in groups.items()
    ]
