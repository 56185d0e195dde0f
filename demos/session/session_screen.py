"""The operator's screen in a terminal; works over SSH, without a display."""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from demos.session.recording_session import SessionStatus
from demos.session.session_step import Step
from demos.session.task_recording import Picture
from mt3.perception.mask_preview import HalfBlockImage, numbered_preview
from mt3.types import ColorImage

_GIB = 1024.0**3
_LITTLE_DISK_GIB = 5.0
_CHOSEN = (0, 220, 60)
_OUTLINE = np.ones((7, 7), np.uint8)
_TEXT_ROWS = 22  # of the screen that the picture leaves to everything else


class TerminalScreen:
    """Shows a session in place; see ``shown``.

    Args:
        console: A terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Take over the terminal's last lines until the block is left."""
        with self._live:
            yield

    def show(self, status: SessionStatus) -> None:
        """Show how things stand now."""
        self._live.update(draw_session(status, self._console.height), refresh=True)

    def tell(self, line: str) -> None:
        """Leave a line above that stays."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def draw_session(status: SessionStatus, height: int) -> RenderableType:
    """One panel with everything an operator needs.

    Args:
        status: What is to be shown.
        height: Rows of the terminal; the picture takes what the text leaves.
    """
    details = [_devices(status), _keys(status)]
    if height < _TEXT_ROWS:
        details.reverse()  # what does not fit is cut off below, and that must not be the keys
    parts: list[RenderableType] = [
        _steps(status.step),
        Text(f"{status.busy} ..." if status.busy else status.prompt, "bold"),
        Text(status.message, "yellow"),
        *details,
    ]
    picture = status.picture
    rows = height - _TEXT_ROWS
    if status.step is Step.MASK and picture is not None and rows > 4:
        parts.append(HalfBlockImage(_preview(picture), max_height=rows))
    return Panel(Group(*parts), title=_title(status), subtitle=_times(status), title_align="left")


def _preview(picture: Picture) -> ColorImage:
    """The workplace, what can be chosen numbered, what is chosen tinted and outlined."""
    if picture.mask is None:
        return numbered_preview(picture.rgbd.color, picture.masks)
    color = picture.rgbd.color.copy()
    color[picture.mask] = (color[picture.mask] // 2) + np.array(_CHOSEN, np.uint8) // 2
    outline = picture.mask & ~cv2.erode(picture.mask.astype(np.uint8), _OUTLINE).astype(np.bool_)
    image = numbered_preview(color, picture.masks)
    image[outline] = _CHOSEN
    return image


def _title(status: SessionStatus) -> Text:
    return Text(f"task {status.number} of {status.count}: {status.task}", "bold cyan")


def _times(status: SessionStatus) -> Text:
    said = f"this task {status.seconds:.0f} s"
    if status.mean_seconds is not None:
        left_min = status.mean_seconds * status.remaining / 60.0
        said += f", {status.mean_seconds:.0f} s a task; about {left_min:.0f} min left"
    return Text(said)


def _steps(step: Step) -> Text:
    """The steps in order, the present one marked."""
    line = Text()
    order = list(Step)
    for k, one in enumerate(order):
        style = "green" if k < order.index(step) else "bold reverse" if one is step else "dim"
        line.append(f" {one} ", style).append("" if one is order[-1] else " > ", "dim")
    return line


def _devices(status: SessionStatus) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 1))
    x, y, z = status.arm.T_BE.t
    speed = float(np.linalg.norm(status.arm.V_BE_E[:3]))
    table.add_row("arm", f"tool at {x:+.3f} {y:+.3f} {z:+.3f} m in B, {speed:.3f} m/s")
    table.add_row(
        "gripper", f"opening {status.gripper.opening:.2f}, command {status.gripper.command:.2f}"
    )
    table.add_row("camera", _camera(status))
    free = status.disk_free_bytes / _GIB
    style = "red" if free < _LITTLE_DISK_GIB else ""
    table.add_row("disk", Text(f"{free:.0f} GiB free", style))
    return table


def _camera(status: SessionStatus) -> Text:
    progress = status.progress
    if progress is None:
        return Text(status.camera)
    rates = f"{status.camera}: {progress.frames} frames at {progress.camera_hz:.1f} Hz"
    line = Text(f"{rates}; {progress.samples} samples at {progress.robot_hz:.0f} Hz; ")
    style = "bold red" if progress.dropped_frames else "green"
    return line.append(f"{progress.dropped_frames} frames dropped", style)


def _keys(status: SessionStatus) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 1))
    for key, meaning in status.choices:
        table.add_row(Text(key, "bold green"), meaning)
    if status.device_keys:
        arm = Text()
        for key, meaning in status.device_keys.items():
            arm.append(f"{key} ", "bold blue").append(f"{meaning}   ")
        table.add_row(Text("arm", "bold blue"), arm)
    return table
