"""A picture of one demonstration: what was seen, where the tool went, what the gripper did."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mt3.demonstration import Demonstration
from mt3.errors import ConfigurationError
from mt3.types import FloatArray

_PATH_COLOR, _MARK_COLOR, _MASK_COLOR = "tab:blue", "tab:red", (255, 60, 60)
_FORMATS = (".png", ".pdf", ".svg")


def draw_demonstration(demo: Demonstration, path: Path) -> None:
    """Write a picture of a demonstration.

    Raises:
        ConfigurationError: The file's name does not end in a format that can be written.
    """
    if path.suffix.lower() not in _FORMATS:
        raise ConfigurationError(
            f"picture: got {path.name!r}, expected a name ending in {', '.join(_FORMATS)}"
        )
    if not path.absolute().parent.is_dir():
        raise ConfigurationError(f"picture: cannot write {path} (no such folder)")
    figure = Figure(figsize=(13.0, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(f"{demo.demo_id}: {demo.task.text}")
    seen, above, side, gripper = figure.subplots(1, 4, width_ratios=(1.5, 1.0, 1.0, 1.2))
    _draw_view(seen, demo)
    _draw_path(above, demo, (0, 1), "from above")
    _draw_path(side, demo, (0, 2), "from the side")
    _draw_gripper(gripper, demo)
    try:
        figure.savefig(path, dpi=110)
    except OSError as error:
        raise ConfigurationError(f"picture: cannot write {path} ({error.strerror})") from error


def _draw_view(axes: Axes, demo: Demonstration) -> None:
    view = demo.view
    image = view.rgbd.color.astype(np.float64)
    image[view.mask] = 0.5 * image[view.mask] + 0.5 * np.array(_MASK_COLOR)
    axes.imshow(image.astype(np.uint8))
    axes.set_title(f"view of {view.rgbd.camera}, mask in red")
    axes.set_axis_off()


def _draw_path(axes: Axes, demo: Demonstration, plane: tuple[int, int], title: str) -> None:
    p_W = demo.T_WE[:, :3, 3][:, plane]
    k = demo.bottleneck_index
    axes.plot(*p_W[: k + 1].T, color=_PATH_COLOR, linestyle=":", label="before")
    axes.plot(*p_W[k:].T, color=_PATH_COLOR, label="interaction")
    axes.plot(*p_W[k], marker="o", color=_MARK_COLOR, linestyle="", label="bottleneck")
    _mark_gripper_events(axes, demo, p_W)
    axes.set_xlabel(f"{'xyz'[plane[0]]} in W [m]")
    axes.set_ylabel(f"{'xyz'[plane[1]]} in W [m]")
    axes.set_title(f"tool path {title}")
    axes.set_aspect("equal", adjustable="datalim")
    axes.legend(fontsize="small")


def _mark_gripper_events(axes: Axes, demo: Demonstration, p_W: FloatArray) -> None:
    rows = [demo.bottleneck_index + event.index for event in demo.gripper_events()]
    if rows:
        axes.plot(*p_W[rows].T, marker="s", color="black", linestyle="", label="gripper")


def _draw_gripper(axes: Axes, demo: Demonstration) -> None:
    if demo.opening is not None:
        axes.plot(demo.t_s, demo.opening, color=_PATH_COLOR, label="measured")
    axes.step(demo.t_s, demo.command, color="black", where="post", linewidth=0.8, label="command")
    axes.axvline(demo.t_s[demo.bottleneck_index], color=_MARK_COLOR, label="bottleneck")
    axes.set_ylim(-0.05, 1.05)
    axes.set_xlabel("t [s]")
    axes.set_ylabel("opening (0 closed, 1 open)")
    axes.set_title("gripper")
    axes.legend(fontsize="small")
