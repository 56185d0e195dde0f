"""One object as one camera saw it."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from mt3.errors import ImageError
from mt3.perception.rgbd import RGBD
from mt3.types import BoolArray, FloatArray

MIN_MASK_PIXELS = 50


@dataclass(frozen=True, slots=True, eq=False)
class ObjectView:
    """An image and the mask of one object instance in it.

    Args:
        rgbd: The image.
        mask: (H, W) bool, True on the object.

    Raises:
        ImageError: The mask has another type or size, or fewer than ``MIN_MASK_PIXELS`` of its
            pixels have depth.
    """

    rgbd: RGBD
    mask: BoolArray

    def __post_init__(self) -> None:
        mask = np.array(self.mask)
        if mask.dtype != np.bool_:
            raise ImageError(f"mask: got {mask.dtype}, expected bool (mask = labels == instance)")
        if mask.shape != self.rgbd.depth_m.shape:
            raise ImageError(
                f"mask: got shape {mask.shape}, expected {self.rgbd.depth_m.shape} as the image"
            )
        with_depth = int((mask & (self.rgbd.depth_m > 0)).sum())
        if with_depth < MIN_MASK_PIXELS:
            raise ImageError(
                f"mask: got {int(mask.sum())} pixels, {with_depth} of them with depth, expected "
                f"at least {MIN_MASK_PIXELS} with depth"
            )
        mask.flags.writeable = False
        object.__setattr__(self, "mask", mask)

    def __reduce__(self) -> tuple[Any, ...]:
        return (ObjectView, (self.rgbd, self.mask))

    @property
    def middle(self) -> tuple[int, int]:
        """(u, v) of the pixel furthest inside the mask."""
        return middle_of(self.mask)

    def points_W(self) -> FloatArray:
        """Points of the object in W, (N, 3), metres, in row order of the image."""
        return self.rgbd.points_W(self.mask)


def middle_of(mask: BoolArray) -> tuple[int, int]:
    """(u, v) of the pixel furthest inside a mask, (H, W), that is not empty."""
    inside_px = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)
    row, column = np.unravel_index(int(inside_px.argmax()), inside_px.shape)
    return int(column) - 1, int(row) - 1
