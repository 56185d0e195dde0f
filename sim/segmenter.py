"""A stand-in for a learned segmenter: the simulator's own labels, made as imperfect as wanted."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

import cv2
import numpy as np

from mt3.errors import ConfigurationError, SegmentationError
from mt3.perception import RGBD
from mt3.retrieval.object_name import ObjectName
from mt3.types import BoolArray, Float32Array
from sim.camera import RaycastCamera
from sim.scene_view import body_of

_NOISE_CELL_PX: Final = 6


class SimSegmenter:
    """Masks from ground truth, with a boundary that errs.

    Args:
        cameras: Whose frames it can segment, by name.
        categories: Category of each body that has one, by instance id; read at every call.
        max_offset_px: The whole outline is moved outward or inward by up to so many pixels.
        boundary_noise_px: Standard deviation of a wavy error of the outline.
        rng: Where the errors come from.

    Raises:
        ConfigurationError: A negative number of pixels.
    """

    name = "simulator-ground-truth"

    def __init__(
        self,
        cameras: Mapping[str, RaycastCamera],
        categories: Mapping[int, str],
        max_offset_px: float,
        boundary_noise_px: float,
        rng: np.random.Generator,
    ) -> None:
        if max_offset_px < 0 or boundary_noise_px < 0:
            raise ConfigurationError(
                f"max_offset_px, boundary_noise_px: got {max_offset_px}, {boundary_noise_px}, "
                "expected 0 or more"
            )
        self._cameras = cameras
        self._categories = categories
        self._max_offset_px = max_offset_px
        self._boundary_noise_px = boundary_noise_px
        self._rng = rng

    def segment(self, rgbd: RGBD, object_name: str) -> BoolArray:
        """Mask, (H, W) bool, of the largest visible body of the category that a name means.

        Args:
            rgbd: One of the last few frames of one of the cameras.
            object_name: Such as "red mug", or "cup" for one.

        Raises:
            SegmentationError: Nothing of that name is in the image, or the image is not from
                one of these cameras.
            StaleDataError: The frame is too old.
        """
        if rgbd.camera not in self._cameras:
            raise SegmentationError(
                f"rgbd.camera: got {rgbd.camera!r}, expected one of {sorted(self._cameras)}"
            )
        ids = self._cameras[rgbd.camera].instance_ids(rgbd.t_s)
        seen, pixels = np.unique(ids, return_counts=True)
        visible: Counter[tuple[str, int]] = Counter()
        for number, count in zip(seen.tolist(), pixels.tolist(), strict=True):
            if number in self._categories:
                visible[self._categories[number], body_of(number)] += count
        category = ObjectName.parse(object_name).head
        wanted = [(count, body) for (name, body), count in visible.items() if name == category]
        if not wanted:
            names = sorted({name for name, _ in visible})
            raise SegmentationError(
                f"object_name: got {object_name!r}, expected the name of one of the categories "
                f"in view: {', '.join(names) or 'none is in view'}"
            )
        largest = max(wanted)[1]
        return self._imperfect(
            np.isin(ids, [one for one in self._categories if body_of(one) == largest])
        )

    def _imperfect(self, mask: BoolArray) -> BoolArray:
        """The mask with its outline moved."""
        offset_px = self._rng.uniform(-self._max_offset_px, self._max_offset_px)
        wave_px = self._boundary_noise_px * _draw_waves(mask.shape, self._rng)
        moved: BoolArray = _depth_inside_px(mask) + offset_px + wave_px > 0.0
        return moved


def _depth_inside_px(mask: BoolArray) -> Float32Array:
    """Distance to the outline, (H, W), pixels, positive inside the mask."""
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3)
    signed = np.where(mask, inside - 0.5, 0.5 - outside)
    return signed.astype(np.float32)


def _draw_waves(shape: tuple[int, ...], rng: np.random.Generator) -> Float32Array:
    """A smooth random field of about unit variance, (H, W)."""
    height, width = shape
    cells = (height // _NOISE_CELL_PX + 2, width // _NOISE_CELL_PX + 2)
    coarse = rng.standard_normal(cells, dtype=np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))
