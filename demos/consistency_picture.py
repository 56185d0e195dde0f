"""A picture of how far the demonstrations of each task agree: a heat map of pairs."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from demos.consistency import ConsistencyRules, PairAgreement, TaskConsistency
from demos.picture_file import require_picture_name, write_picture

_CELL_IN, _LEAST_IN, _MOST_IN = 0.85, 4.2, 14.0
_COLUMNS = 3
_MOST_WITH_FIGURES = 12  # demonstrations; beyond, the cells are too small for numbers
_COLORS, _UNTRUSTED, _CULPRIT = "RdYlGn_r", "#d0d0d0", "#c62828"
_MOST_EXCESS = 3.0  # times the limit at which the colour ends


def draw_consistency(
    tasks: Mapping[str, TaskConsistency], rules: ConsistencyRules, path: Path
) -> None:
    """Write the heat maps of tasks, by name, that have two demonstrations or more.

    Raises:
        ConfigurationError: The file's name does not end in a format that can be written, or it
            cannot be written.
    """
    require_picture_name(path)
    shown = {name: task for name, task in tasks.items() if len(task.demo_ids) > 1}
    columns = min(_COLUMNS, max(len(shown), 1))
    rows = -(-max(len(shown), 1) // columns)
    largest = max((len(task.demo_ids) for task in shown.values()), default=2)
    side_in = float(np.clip(_CELL_IN * largest + 2.0, _LEAST_IN, _MOST_IN))
    figure = Figure(figsize=(columns * (side_in + 1.2), rows * side_in + 0.9), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(
        "Transferred against recorded bottleneck; "
        f"disagreement over {1e3 * rules.max_position_m:g} mm or "
        f"{np.rad2deg(rules.max_angle_rad):g} deg (a mistake, or another way of grasping)",
        wrap=True,
    )
    grid = figure.add_gridspec(rows, columns)
    for number, (name, task) in enumerate(shown.items()):
        axes = figure.add_subplot(grid[divmod(number, columns)])
        _draw_task(axes, name, task, rules)
    if not shown:
        figure.text(0.5, 0.5, "no task has two demonstrations", ha="center")
    write_picture(figure, path)


def _draw_task(axes: Axes, name: str, task: TaskConsistency, rules: ConsistencyRules) -> None:
    n, index = len(task.demo_ids), {demo_id: k for k, demo_id in enumerate(task.demo_ids)}
    excess = np.full((n, n), np.nan)
    for pair in task.pairs:
        if pair.trusted:
            excess[index[pair.demo_id], index[pair.other_id]] = _excess(pair, rules)
    axes.set_facecolor(_UNTRUSTED)
    norm = TwoSlopeNorm(1.0, vmin=0.0, vmax=_MOST_EXCESS)
    image = axes.imshow(excess, cmap=_COLORS, norm=norm)
    if n <= _MOST_WITH_FIGURES:
        for pair in task.pairs:
            row, column = index[pair.demo_id], index[pair.other_id]
            axes.text(column, row, _cell_words(pair), ha="center", va="center", fontsize="small")
    for k in range(n):
        axes.add_patch(_diagonal(k))
    axes.set_xticks(range(n), task.demo_ids, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(n), task.demo_ids)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        if label.get_text() in task.culprits:
            label.set_color(_CULPRIT)
            label.set_fontweight("bold")
    axes.set_xlabel("recorded in the scene of")
    axes.set_ylabel("transferred from")
    axes.set_title(f"{name}\n{_verdict_words(task)}", fontsize="medium", parse_math=False)
    bar = axes.figure.colorbar(image, ax=axes, shrink=0.7, ticks=[0.0, 0.5, 1.0, 2.0, 3.0])
    bar.set_label("times the limit; grey: not trusted")


def _excess(pair: PairAgreement, rules: ConsistencyRules) -> float:
    parts = (pair.position_m / rules.max_position_m, pair.angle_rad / rules.max_angle_rad)
    return min(max(parts), _MOST_EXCESS)


def _cell_words(pair: PairAgreement) -> str:
    if not pair.trusted:
        return "not\ntrusted"
    return f"{1e3 * pair.position_m:.0f} mm\n{np.rad2deg(pair.angle_rad):.0f}°"


def _diagonal(k: int) -> Rectangle:
    return Rectangle((k - 0.5, k - 0.5), 1.0, 1.0, color="white")


def _verdict_words(task: TaskConsistency) -> str:
    if task.culprits:
        return f"likely culprit: {', '.join(task.culprits)}"
    return f"{len(task.disagreeing)} disagree, {len(task.untrusted)} not trusted"
