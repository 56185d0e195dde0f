"""Pictures of masks for people: outlined and numbered, also in a terminal."""

from collections.abc import Sequence

import cv2
import numpy as np
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.style import Style

from mt3.types import BoolArray, ColorImage


def numbered_preview(
    color: ColorImage, masks: Sequence[BoolArray], chosen: int | None
) -> ColorImage:
    """An image with masks outlined and numbered from 1, the chosen one in another colour."""
    image = color.copy()
    for k, mask in enumerate(masks):
        contours, _ = cv2.findContours(
            mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        paint = (255, 60, 60) if k == chosen else (60, 255, 60)
        cv2.drawContours(image, contours, -1, paint, 2)
    return image


class HalfBlockImage:
    """An image of characters, two pixels each; fits the console's width."""

    def __init__(self, image: ColorImage, rows: int = 24) -> None:
        self._image, self._rows = image, rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lines of upper half blocks."""
        height, width = self._image.shape[:2]
        rows = self._rows
        columns = min(options.max_width, int(rows * 2 * width / height))
        small = cv2.resize(self._image, (columns, rows * 2), interpolation=cv2.INTER_AREA)
        for top, bottom in zip(small[::2], small[1::2], strict=True):
            for a, b in zip(top, bottom, strict=True):
                style = Style(
                    color=f"rgb({a[0]},{a[1]},{a[2]})", bgcolor=f"rgb({b[0]},{b[1]},{b[2]})"
                )
                yield Segment("▀", style)
            yield Segment.line()
