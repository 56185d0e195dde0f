"""A picture of one trial: what was seen, how it was matched, and where the tool went."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imsave

from mt3.demonstration import Demonstration
from mt3.execution.trial_record import FailureStage, TrialRecord
from mt3.geometry import SE3
from mt3.perception import ObjectView
from mt3.perception.mask_preview import numbered_preview
from mt3.types import FloatArray

PICTURE_NAME = "trial.png"
THINGS_NAME = "things.png"

_DEMO, _LIVE, _MEASURED, _PLANNED = "#2f6fde", "#e8710a", "#7b2d8b", "#d9b8e0"
_GOOD, _BAD, _FAINT = "#1a7f37", "#c62828", "#8a8a8a"
_MAX_POINTS = 2500
_MOSAIC = (
    (*4 * ["live"], *4 * ["demo"], *4 * ["yaw"]),
    (*3 * ["before"], *2 * ["top"], *2 * ["side"], *3 * ["path"], *2 * ["gripper"]),
)
_DPI = 110
_FROM_ABOVE, _FROM_THE_SIDE = (1, 0), (1, 2)  # axes of W to the right and up


def draw_trial(
    record: TrialRecord,
    path: Path,
    demo: Demonstration | None = None,
    live_view: ObjectView | None = None,
) -> None:
    """Write a picture of a trial; what the trial did not come to is left empty and says so.

    Args:
        record: The trial.
        path: Of the picture, ending in ``.png``; its folder exists.
        demo: The demonstration that was retrieved.
        live_view: What the camera saw.
    """
    figure = Figure(figsize=(17.0, 9.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplot_mosaic(
        [list(row) for row in _MOSAIC], height_ratios=(1.15, 1.0), gridspec_kw={"hspace": 0.04}
    )
    _write_title(figure, record)
    _draw_view(axes["live"], live_view, "live view", _LIVE)
    _draw_view(axes["demo"], demo.view if demo else None, _demo_title(demo), _DEMO)
    _draw_yaw_curve(axes["yaw"], record)
    _draw_clouds(axes, record, demo, live_view)
    _draw_path(axes["path"], record)
    _draw_gripper(axes["gripper"], record, demo)
    figure.savefig(path, dpi=_DPI)


def draw_things(things: Sequence[ObjectView], path: Path, chosen: int | None = None) -> None:
    """Write the camera's picture with everything that may be meant outlined and numbered.

    Args:
        things: At least one, all seen in the same image.
        path: Of the picture, ending in ``.png``; its folder exists.
        chosen: Index from 0 of the one that was taken.
    """
    picture = numbered_preview(things[0].rgbd.color, [view.mask for view in things], chosen)
    imsave(path, picture)


def _write_title(figure: Figure, record: TrialRecord) -> None:
    """Task and outcome, the stages, and the key figures."""
    verdict = {True: "success", False: "no success", None: "not judged"}[record.success]
    judge = f" by {record.judge}" if record.judge and record.success is not None else ""
    where = f" at {record.failure_stage}" if record.failure_stage else ""
    good = record.outcome == "completed" and record.success is not False
    figure.suptitle(
        f"{record.task.text}:  {record.outcome}{where}, {verdict}{judge}",
        fontsize=17,
        fontweight="bold",
        color=_GOOD if good else _BAD,
        parse_math=False,
    )
    lines = [_figures(record), _timings(record)]
    if record.reason:
        lines.insert(0, textwrap.shorten(record.reason, 200, placeholder=" ..."))
    figure.supxlabel("\n".join(line for line in lines if line), fontsize=11.5, parse_math=False)


def _figures(record: TrialRecord) -> str:
    parts: list[str] = []
    if fit := record.registration:
        parts.append(
            f"overlap {fit.overlap:.2f}, RMSE {fit.rmse_m * 1e3:.1f} mm, violation "
            f"{fit.violation_m * 1e3:.2f} mm, margin {fit.margin:.3f}, symmetry {fit.symmetry}"
        )
    if plan := record.plan:
        parts.append(f"path {plan.duration_s:.1f} s, slowed by {plan.slowdown:.2f}")
    if arrival := record.arrival:
        degrees = np.rad2deg(arrival.error_rad)
        parts.append(f"arrived within {arrival.error_m * 1e3:.2f} mm, {degrees:.2f} deg")
    if done := record.interaction:
        parts.append(f"tracking error at most {done.max_error_m * 1e3:.2f} mm")
    return "   |   ".join(parts)


def _timings(record: TrialRecord) -> str:
    shown = [
        f"{stage} {record.timings_s[stage]:.2f} s"
        for stage in FailureStage
        if stage in record.timings_s
    ]
    return "   ".join(shown)


def _demo_title(demo: Demonstration | None) -> str:
    return f"demonstration {demo.demo_id}" if demo else "demonstration"


def _draw_view(axes: Axes, view: ObjectView | None, title: str, color: str) -> None:
    axes.set_title(title, color=color, fontweight="bold", parse_math=False)
    axes.set_xticks([])
    axes.set_yticks([])
    if view is None:
        _say_missing(axes, "no view")
        return
    axes.imshow(view.rgbd.color)
    axes.contour(view.mask, levels=[0.5], colors=[color], linewidths=2.0)


def _draw_yaw_curve(axes: Axes, record: TrialRecord) -> None:
    axes.set_title("registration: score over yaw (lower is better)")
    fit = record.registration
    if fit is None:
        _say_missing(axes, "not registered")
        return
    curve = np.array(fit.yaw_curve).reshape(-1, 2)
    order = np.argsort(np.mod(curve[:, 0] + np.pi, 2 * np.pi))
    yaw = np.rad2deg(np.mod(curve[order, 0] + np.pi, 2 * np.pi) - np.pi)
    axes.plot(yaw, curve[order, 1], color=_FAINT, marker=".", label="from each starting yaw")
    modes = np.array([(np.rad2deg(mode.yaw_rad), mode.score) for mode in fit.modes])
    if len(modes) > 1:
        axes.plot(*modes[1:].T, "s", color=_DEMO, label="other refined modes")
    if len(modes):
        axes.plot(*modes[0], "*", color=_GOOD, markersize=16, label="best refined mode")
    axes.set_xlim(-185.0, 185.0)
    axes.set_xticks(range(-180, 181, 60))
    axes.set_xlabel("yaw [deg]")
    axes.set_ylabel("cost per point")
    axes.grid(alpha=0.25)
    axes.legend(fontsize="small", loc="upper right")


def _draw_clouds(
    axes: dict[str, Axes],
    record: TrialRecord,
    demo: Demonstration | None,
    live_view: ObjectView | None,
) -> None:
    demo_W = _sampled(demo.view.points_W()) if demo else None
    live_W = _sampled(live_view.points_W()) if live_view else None
    axes["before"].set_title("clouds before, from above")
    _draw_points(axes["before"], [demo_W, live_W], _FROM_ABOVE)
    if demo is not None:
        _draw_tool(axes["before"], demo.T_WE[demo.bottleneck_index :, :3, 3], _DEMO)
    if record.interaction is not None:
        measured = np.array(record.interaction.path_measured).reshape(-1, 7)[:, :3]
        _draw_tool(axes["before"], measured, _MEASURED)
    moved_W = None
    if demo_W is not None and record.registration is not None:
        moved_W = SE3(np.array(record.registration.D_world)) @ demo_W
    for name, plane in (("top", _FROM_ABOVE), ("side", _FROM_THE_SIDE)):
        axes[name].set_title(f"after $D_W$, {'from above' if name == 'top' else 'from the side'}")
        if moved_W is None:
            _say_missing(axes[name], "not registered")
        else:
            _draw_points(axes[name], [moved_W, live_W], plane)


def _draw_points(axes: Axes, clouds: Sequence[FloatArray | None], plane: tuple[int, int]) -> None:
    for points_W, color, label in zip(clouds, (_DEMO, _LIVE), ("demo", "live"), strict=True):
        if points_W is not None:
            first, second = points_W[:, plane].T
            axes.scatter(first, second, s=3.0, color=color, alpha=0.5, lw=0)
            axes.plot([], [], "o", color=color, label=label)
    _finish_metric(axes, plane)
    if plane == _FROM_ABOVE:
        axes.invert_yaxis()  # y to the right, x down: not mirrored


def _draw_tool(axes: Axes, p_W: FloatArray, color: str) -> None:
    """A path of the tool from above, its beginning marked."""
    axes.plot(*p_W[:, _FROM_ABOVE].T, color=color, linewidth=1.8)
    axes.plot(*p_W[:1, _FROM_ABOVE].T, marker="X", color=color, mec="white", markersize=9)


def _finish_metric(axes: Axes, plane: tuple[int, int]) -> None:
    axes.set_xlabel(f"{'xyz'[plane[0]]} in W [m]")
    axes.set_ylabel(f"{'xyz'[plane[1]]} in W [m]")
    axes.set_aspect("equal", adjustable="datalim")
    axes.grid(alpha=0.25)
    axes.locator_params(nbins=5)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize="small", loc="best")


def _draw_path(axes: Axes, record: TrialRecord) -> None:
    axes.set_title("tool path, from the side")
    if record.plan is None:
        _say_missing(axes, "not planned")
        return
    ways = [(record.plan.path, _FAINT, 1.5, "approach, planned")]
    if done := record.interaction:
        ways += [
            (done.path_planned, _PLANNED, 5.0, "interaction, reference"),
            (done.path_measured, _MEASURED, 1.8, "interaction, measured"),
        ]
    for rows, color, width, label in ways:
        p_W = np.array(rows).reshape(-1, 7)[:, :3]
        axes.plot(*p_W[:, _FROM_THE_SIDE].T, color=color, linewidth=width, label=label)
    if record.arrival is not None:
        p_W = np.array(record.arrival.T_world_tool_measured)[:3, 3]
        axes.plot(p_W[1], p_W[2], "o", color=_BAD, label="bottleneck, reached", zorder=3)
    axes.axhline(0.0, color="black", linewidth=0.8, label="table")
    _finish_metric(axes, _FROM_THE_SIDE)


def _draw_gripper(axes: Axes, record: TrialRecord, demo: Demonstration | None) -> None:
    axes.set_title("gripper opening")
    axes.set_ylim(-0.05, 1.05)
    axes.set_xlabel("time of the interaction [s]")
    axes.grid(alpha=0.25)
    if demo is not None:
        k = demo.bottleneck_index
        opening = demo.command if demo.opening is None else demo.opening
        axes.plot(demo.t_s[k:] - demo.t_s[k], opening[k:], ":", color=_DEMO, label="demo")
    if done := record.interaction:
        axes.plot(done.t_s, done.opening, color=_MEASURED, label="measured")
    if demo is None and record.interaction is None:
        _say_missing(axes, "no interaction")
        return
    axes.legend(fontsize="small", loc="upper right")


def _say_missing(axes: Axes, text: str) -> None:
    axes.set_facecolor("#f4f4f4")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=_FAINT)


def _sampled(points_W: FloatArray) -> FloatArray:
    """At most ``_MAX_POINTS`` of the points, evenly."""
    return points_W[:: -(-len(points_W) // _MAX_POINTS)]
