"""The calibration board as a page to print at its real size."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hardware.calibration.board import Board
from mt3.errors import ConfigurationError

# Long side and short side, millimetres (ISO 216; ANSI Y14.1).
PAPERS_MM: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {"a4": (297.0, 210.0), "a3": (420.0, 297.0), "letter": (279.4, 215.9)}
)
_FORMATS = (".pdf", ".png")
_DPI = 300
_MARGIN_MM = 5.0  # what printers leave white
_TEXT_MM = 6.0  # below the board
_RULER_MM = 100.0
_SQUARE_PX = 480  # divides into the bits of any marker closely enough
_MM_PER_INCH = 25.4


def print_board(board: Board, path: Path, paper: str) -> None:
    """Write a page with the board at its real size, and a ruler to check the print by.

    Args:
        board: The board.
        path: Of the page, ending in ``.pdf`` or ``.png``.
        paper: One of ``PAPERS_MM``; the page lies on its long side.

    Raises:
        ConfigurationError: The board does not fit, or the page cannot be written.
    """
    if paper not in PAPERS_MM:
        raise ConfigurationError(f"paper: got {paper!r}, expected one of {', '.join(PAPERS_MM)}")
    if path.suffix.lower() not in _FORMATS:
        raise ConfigurationError(f"out: got {path.name!r}, expected a name ending in .pdf or .png")
    width, height = PAPERS_MM[paper]
    across, up = (1e3 * side_m for side_m in board.size_m)
    room = width - 2 * _MARGIN_MM, height - 2 * _MARGIN_MM - _TEXT_MM
    if across > room[0] or up > room[1]:
        raise ConfigurationError(
            f"board: is {across:g} x {up:g} mm, but {paper} has room for {room[0]:g} x "
            f"{room[1]:g} mm: smaller or fewer squares, or paper={list(PAPERS_MM)[1]}"
        )
    figure = Figure(figsize=(width / _MM_PER_INCH, height / _MM_PER_INCH))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0.0, width), ylim=(0.0, height))
    axes.axis("off")
    left, bottom = (width - across) / 2.0, (height - up + _TEXT_MM) / 2.0
    axes.imshow(
        board.draw(_SQUARE_PX),
        cmap="gray",
        vmin=0,
        vmax=255,
        extent=(left, left + across, bottom, bottom + up),
        interpolation="none" if path.suffix.lower() == ".pdf" else "antialiased",
        aspect="equal",
    )
    axes.set(xlim=(0.0, width), ylim=(0.0, height))
    text_mm = bottom - _TEXT_MM / 2.0
    axes.plot([left, left + _RULER_MM], [text_mm, text_mm], "k|-", linewidth=0.5)
    axes.text(
        left + _RULER_MM + 3.0,
        text_mm,
        f"exactly {_RULER_MM:g} mm, print at 100 %;  {board}",
        fontsize=7,
        va="center",
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=_DPI)
    except OSError as error:
        raise ConfigurationError(f"out: cannot write {path} ({error.strerror})") from error
