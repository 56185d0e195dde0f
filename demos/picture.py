"""A picture of one demonstration: what was seen, where the tool went, and why it begins there."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure
from mpl_toolkits.mplot3d import Axes3D

from demos.bottleneck import BottleneckSigns, measure_distances, read_signs
from demos.checks import check_twists
from demos.picture_file import require_picture_name, write_picture
from demos.recording import Recording
from mt3.geometry import compute_body_twists
from mt3.types import FloatArray

_BEFORE, _DURING, _MARK, _MASK = "#7fb2e5", "#1f5fbf", "#d62728", "#ff7f0e"
_REPORTED, _FAINT, _BLACK = "#e8710a", "#8a8a8a", "black"
_MAX_POINTS = 1500
_FROM_ABOVE, _FROM_THE_SIDE = (1, 0), (1, 2)  # axes of W to the right and up
_TRIAD_M = 0.04
_LEAST_SPAN_M = 0.15


def draw_recording(recording: Recording, demo_id: str, path: Path) -> None:
    """Write a picture of a sound recording.

    Raises:
        ConfigurationError: The file's name does not end in a format that can be written, or it
            cannot be written.
    """
    require_picture_name(path)
    figure = Figure(figsize=(16.5, 9.6), layout="constrained")
    FigureCanvasAgg(figure)
    _write_title(figure, recording, demo_id)
    rows = figure.add_gridspec(2, 1, height_ratios=(1.3, 1.0))
    _draw_scene(figure.add_subfigure(rows[0]), recording)
    _draw_times(figure.add_subfigure(rows[1]), recording)
    write_picture(figure, path)


def _write_title(figure: Figure, recording: Recording, demo_id: str) -> None:
    header, samples, events = recording.header, recording.samples, recording.events
    verdict = {True: "success", False: "failure", None: "not judged"}[events.success]
    figure.suptitle(
        f'{demo_id}: "{header.task.text}"   {header.robot} ({header.backend}), '
        f"{samples.t_s[-1]:.1f} s, {len(samples.t_s)} samples, {verdict}",
        fontsize=15,
        fontweight="bold",
        parse_math=False,
    )


def _draw_scene(figure: SubFigure, recording: Recording) -> None:
    grid = figure.add_gridspec(2, 3, width_ratios=(1.55, 1.35, 1.0))
    _draw_view(figure.add_subplot(grid[:, 0]), recording)
    solid = figure.add_subplot(grid[:, 1], projection="3d")
    _draw_solid(solid, recording)
    _draw_plane(figure.add_subplot(grid[0, 2]), recording, _FROM_ABOVE, "from above")
    _draw_plane(figure.add_subplot(grid[1, 2]), recording, _FROM_THE_SIDE, "from the side")


def _draw_view(axes: Axes, recording: Recording) -> None:
    view = recording.views[0]
    axes.imshow(view.color)
    axes.contour(view.mask, levels=[0.5], colors=[_MASK], linewidths=1.8)
    height, width = view.mask.shape
    p_C = view.T_WC.inverse() @ _path_W(recording)
    seen = p_C[:, 2] > 0.05
    scale = np.array([view.intrinsics.fx, view.intrinsics.fy])
    center = np.array([view.intrinsics.cx, view.intrinsics.cy])
    uv = np.full((len(p_C), 2), np.nan)
    uv[seen] = p_C[seen, :2] / p_C[seen, 2:] * scale + center
    axes.set_autoscale_on(False)
    _draw_path(axes, recording, uv)
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(f"view of {view.camera}: mask, and the tool's path")
    axes.plot([], [], color=_MASK, linewidth=1.8, label=f"mask by {view.segmenter}")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=3, frameon=False)


def _draw_solid(axes: Axes3D, recording: Recording) -> None:
    points_W = _object_W(recording)
    p_W = _path_W(recording)
    x, y, z = points_W.T
    axes.plot(x, y, z, ".", color=_MASK, alpha=0.6, markersize=2.5)
    _draw_path(axes, recording, p_W)
    k = recording.events.bottlenecks[0]
    T_WE = recording.T_WE[k]
    for axis, color in enumerate(("#d62728", "#2ca02c", "#1f77b4")):
        tip = T_WE[:3, 3] + _TRIAD_M * T_WE[:3, axis]
        axes.plot(*np.stack([T_WE[:3, 3], tip], axis=1), color=color, linewidth=2.0)
    everything = np.concatenate([points_W, p_W])
    middle = 0.5 * (everything.max(axis=0) + everything.min(axis=0))
    half = 0.5 * np.maximum(np.ptp(everything, axis=0), _LEAST_SPAN_M)
    for name, center, reach in zip("xyz", middle, half, strict=True):
        getattr(axes, f"set_{name}lim")(center - reach, center + reach)
        getattr(axes, f"set_{name}label")(f"{name} in W [m]")
        axes.locator_params(axis=name, nbins=5)
    axes.set_box_aspect(tuple(half))
    axes.view_init(elev=24.0, azim=35.0)
    axes.set_title("object and tool path; tool axes x, y, z at the bottleneck")


def _draw_plane(axes: Axes, recording: Recording, plane: tuple[int, int], title: str) -> None:
    points_W = _object_W(recording)
    across, up = points_W[:, plane].T
    axes.scatter(across, up, s=2.0, color=_MASK, alpha=0.35, linewidths=0.0)
    _draw_path(axes, recording, _path_W(recording)[:, plane])
    axes.set_xlabel(f"{'xyz'[plane[0]]} in W [m]")
    axes.set_ylabel(f"{'xyz'[plane[1]]} in W [m]")
    axes.set_title(title)
    axes.set_aspect("equal", adjustable="datalim")
    axes.locator_params(nbins=5)
    axes.grid(alpha=0.25)
    if plane == _FROM_ABOVE:
        axes.invert_yaxis()  # y to the right, x down: not mirrored


def _draw_path(axes: Axes, recording: Recording, p: FloatArray) -> None:
    """The way before, the interaction, and the moments on it; p is (T, 2) or (T, 3)."""
    k = recording.events.bottlenecks[0]
    end = len(p) if recording.events.end is None else recording.events.end + 1
    axes.plot(*p[: k + 1].T, color=_BEFORE, linewidth=1.8, label="way there")
    axes.plot(*p[k:end].T, color=_DURING, linewidth=2.4, label="interaction")
    moves = [m for m in _gripper_moves(recording) if m < end]
    if moves:
        axes.plot(*p[moves].T, "s", color=_BLACK, markersize=6, label="gripper told to move")
    axes.plot(*p[k : k + 1].T, "o", color=_MARK, mec="white", markersize=13, label="bottleneck")
    axes.plot(*p[end - 1 : end].T, "X", color=_DURING, mec="white", markersize=9, label="end")


def _draw_times(figure: SubFigure, recording: Recording) -> None:
    grid = figure.add_gridspec(2, 3)
    t_s = recording.samples.t_s
    distance = figure.add_subplot(grid[:, 0])
    _draw_distance(distance, recording, read_signs(recording))
    gripper = figure.add_subplot(grid[:, 1])
    _draw_gripper(gripper, recording)
    linear, angular = figure.add_subplot(grid[0, 2]), figure.add_subplot(grid[1, 2])
    _draw_twists(linear, angular, recording)
    for axes in (distance, gripper, linear, angular):
        axes.set_xlim(t_s[0], t_s[-1])
        axes.grid(alpha=0.25)
        axes.axvline(t_s[recording.events.bottlenecks[0]], color=_MARK, linewidth=1.6)
        axes.axvspan(t_s[0], t_s[recording.events.bottlenecks[0]], color=_BEFORE, alpha=0.10)
        if axes is not linear:
            axes.set_xlabel("t [s]")


def _draw_distance(axes: Axes, recording: Recording, signs: BottleneckSigns) -> None:
    t_s, k = recording.samples.t_s, recording.events.bottlenecks[0]
    distances_m = measure_distances(recording)
    axes.plot(t_s, distances_m, color=_DURING, linewidth=2.0, label="tool to object")
    axes.axhline(
        signs.threshold_m, color=_FAINT, linestyle="--", label=f"threshold {signs.threshold_m:g} m"
    )
    if signs.near is not None:
        axes.plot(t_s[signs.near], distances_m[signs.near], "v", color=_FAINT, markersize=9)
        axes.plot([], [], "v", color=_FAINT, label=f"first within, {t_s[signs.near]:.2f} s")
    if signs.gripper is not None:
        label = f"gripper first moves, {t_s[signs.gripper]:.2f} s"
        axes.plot(t_s[signs.gripper], distances_m[signs.gripper], "s", color=_BLACK, label=label)
    source = {"operator": "marked by the operator", "rule": "by the rule"}
    chosen = source[recording.events.bottleneck_source]
    axes.plot(t_s[k], distances_m[k], "o", color=_MARK, mec="white", markersize=11)
    axes.plot([], [], "o", color=_MARK, label=f"bottleneck, {t_s[k]:.2f} s")
    axes.set_ylim(bottom=0.0)
    axes.set_ylabel("distance [m]")
    axes.set_title(f"bottleneck {chosen}", color=_MARK, fontweight="bold")
    axes.legend(fontsize="small", loc="upper right")


def _draw_gripper(axes: Axes, recording: Recording) -> None:
    samples = recording.samples
    if samples.opening is not None:
        axes.plot(samples.t_s, samples.opening, color=_DURING, linewidth=2.0, label="measured")
    axes.step(
        samples.t_s, samples.command, color=_BLACK, where="post", linewidth=1.0, label="command"
    )
    axes.set_ylim(-0.05, 1.05)
    axes.set_ylabel("opening (0 closed, 1 open)")
    axes.set_title("gripper")
    axes.legend(fontsize="small", loc="best")


def _draw_twists(linear: Axes, angular: Axes, recording: Recording) -> None:
    samples = recording.samples
    twists = compute_body_twists(samples.T_BE, samples.t_s)
    middles_s = 0.5 * (samples.t_s[:-1] + samples.t_s[1:])
    status = check_twists(recording).as_json()["status"]
    linear.set_title(f"twists: poses against what the arm reports, {status}")
    parts = ((linear, slice(0, 3), "|v| [m/s]"), (angular, slice(3, 6), "|w| [rad/s]"))
    for axes, columns, label in parts:
        speeds = np.linalg.norm(twists[:, columns], axis=1)
        axes.plot(middles_s, speeds, color=_DURING, linewidth=2.4, label="from poses")
        if samples.V_BE_E is not None:
            reported = np.linalg.norm(samples.V_BE_E[:, columns], axis=1)
            axes.plot(samples.t_s, reported, "--", color=_REPORTED, linewidth=1.2, label="reported")
        axes.set_ylabel(label)
        axes.set_ylim(0.0, 1.35 * axes.get_ylim()[1])
    linear.legend(fontsize="small", loc="upper right", ncols=2)
    linear.tick_params(labelbottom=False)


def _path_W(recording: Recording) -> FloatArray:
    return np.asarray(recording.T_WE[:, :3, 3])


def _object_W(recording: Recording) -> FloatArray:
    points_W = recording.views[0].as_object_view().points_W()
    return points_W[:: -(-len(points_W) // _MAX_POINTS)]


def _gripper_moves(recording: Recording) -> list[int]:
    command = recording.samples.command
    return [int(k) + 1 for k in np.flatnonzero(np.abs(np.diff(command)) > 0.02)]
