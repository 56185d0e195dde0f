"""What an operator sees while calibrating, in the terminal; works over SSH."""

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from hardware.calibration.hand_eye_collection import KEYS as VIEW_KEYS
from hardware.calibration.hand_eye_collection import WANTED_VIEWS, CollectionStatus
from hardware.calibration.picture import mark_corners
from hardware.calibration.tool_collection import KEYS as TOUCH_KEYS
from hardware.calibration.tool_collection import WANTED_TOUCHES, TouchStatus
from mt3.perception.mask_preview import HalfBlockImage

_TEXT_ROWS = 14  # of the screen that the picture leaves to everything else


def draw_views(
    status: CollectionStatus, device_keys: Mapping[str, str], height: int
) -> RenderableType:
    """The panel of a hand-eye collection.

    Args:
        status: How things stand.
        device_keys: Keys that move the arm.
        height: Rows of the terminal.
    """
    seen = status.view is not None
    parts: list[RenderableType] = [
        Text(f"next: {status.proposal or 'tab: propose from the beginning'}", "bold"),
        Text(f"now:  {status.now}", "green" if seen else "red"),
        Text(status.message, "yellow"),
        _keys(VIEW_KEYS, device_keys),
    ]
    rows = height - _TEXT_ROWS
    if rows > 4:
        color = status.color if status.view is None else mark_corners(status.color, status.view)
        parts.append(HalfBlockImage(color, max_height=rows))
    title = Text(f"hand-eye: {status.count} of {WANTED_VIEWS} views", "bold cyan")
    return Panel(Group(*parts), title=title, title_align="left")


def draw_touches(status: TouchStatus, device_keys: Mapping[str, str]) -> RenderableType:
    """The panel of a tool collection; for the arguments see ``draw_views``."""
    parts: list[RenderableType] = [
        Text(f"next: {status.proposal}", "bold"),
        Text(status.message, "yellow"),
        _keys(TOUCH_KEYS, device_keys),
    ]
    title = Text(f"tool: {status.count} of {WANTED_TOUCHES} touches", "bold cyan")
    return Panel(Group(*parts), title=title, title_align="left")


def _keys(own: Mapping[str, str], device_keys: Mapping[str, str]) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 1))
    for key, meaning in own.items():
        table.add_row(Text(key, "bold green"), meaning)
    if device_keys:
        arm = Text("   ").join(Text(f"{key} {meaning}") for key, meaning in device_keys.items())
        table.add_row(Text("arm", "bold blue"), arm)
    return table
