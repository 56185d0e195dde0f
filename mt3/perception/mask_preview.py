"""Pictures of masks for people: outlined and numbered, as a file or in a terminal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from rich.color import Color
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style

from mt3.errors import ImageError
from mt3.perception.object_view import middle_of
from mt3.types import BoolArray, ColorImage

_COLORS: Final = (
    (0, 158, 255),
    (255, 140, 0),
    (190, 60, 255),
    (255, 220, 0),
    (0, 210, 210),
    (255, 80, 150),
)
_CHOSEN: Final = (0, 220, 60)
_DARK: Final = (0, 0, 0)
_UPPER_HALF: Final = "▀"


def numbered_preview(
    color: ColorImage, masks: Sequence[BoolArray], chosen: int | None = None
) -> ColorImage:
    """An image with masks outlined and numbered from 1.

    Args:
        color: (H, W, 3) uint8, RGB.
        masks: Each (H, W) bool.
        chosen: Index from 0 of the one that is meant: it is drawn green and bold, the rest thin.

    Returns:
        (H, W, 3) uint8, RGB; a copy.

    Raises:
        ImageError: A mask of another size, or no such index.
    """
    if chosen is not None and not 0 <= chosen < len(masks):
        raise ImageError(f"chosen: got {chosen}, expected the index of one of {len(masks)} masks")
    picture = np.array(color, dtype=np.uint8)
    thick = max(1, color.shape[1] // 400)
    for index, mask in enumerate(masks):
        if mask.shape != color.shape[:2]:
            raise ImageError(f"mask: got shape {mask.shape}, expected {color.shape[:2]}")
        ink = _CHOSEN if index == chosen else _COLORS[index % len(_COLORS)]
        width = 2 * thick if index == chosen else thick
        outlines, _ = cv2.findContours(
            mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        cv2.drawContours(picture, outlines, -1, _DARK, width + 2)
        cv2.drawContours(picture, outlines, -1, ink, width)
    for index, mask in enumerate(masks):
        if mask.any():
            ink = _CHOSEN if index == chosen else _COLORS[index % len(_COLORS)]
            _write_number(picture, str(index + 1), mask, ink, thick)
    return picture


@dataclass(frozen=True, slots=True, eq=False)
class HalfBlockImage:
    """A picture in a terminal: two pixels in each character cell, as wide as the console allows.

    Args:
        image: (H, W, 3) uint8, RGB.
        max_width: At most so many columns.
        max_height: At most so many lines.
    """

    image: ColorImage
    max_width: int | None = None
    max_height: int | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns, lines = self._size(options.max_width)
        small = cv2.resize(self.image, (columns, 2 * lines), interpolation=cv2.INTER_AREA)
        for upper, lower in zip(small[::2], small[1::2], strict=True):
            yield from _line(upper, lower)
            yield Segment.line()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        columns, _ = self._size(options.max_width)
        return Measurement(columns, columns)

    def _size(self, available: int) -> tuple[int, int]:
        """Columns and lines; a cell is twice as high as wide, so its halves are square."""
        height, width = self.image.shape[:2]
        columns = min(available, self.max_width or available, width)
        lines = round(columns * height / width / 2)
        if self.max_height is not None and lines > self.max_height:
            lines = self.max_height
            columns = min(columns, round(2 * lines * width / height))
        return max(columns, 1), max(lines, 1)


def _line(upper: ColorImage, lower: ColorImage) -> Iterator[Segment]:
    for above, below in zip(upper, lower, strict=True):
        yield Segment(_UPPER_HALF, Style(color=_rich(above), bgcolor=_rich(below)))


def _rich(pixel: ColorImage) -> Color:
    return Color.from_rgb(*(int(value) for value in pixel))


def _write_number(
    picture: ColorImage, text: str, mask: BoolArray, ink: tuple[int, ...], thick: int
) -> None:
    """A number in the middle of a mask, readable on any colour."""
    column, row = middle_of(mask)
    scale, font = picture.shape[1] / 900, cv2.FONT_HERSHEY_SIMPLEX
    (width, height), _ = cv2.getTextSize(text, font, scale, 2 * thick)
    at = (column - width // 2, row + height // 2)
    cv2.putText(picture, text, at, font, scale, _DARK, 4 * thick + 2, cv2.LINE_AA)
    cv2.putText(picture, text, at, font, scale, ink, 2 * thick, cv2.LINE_AA)
