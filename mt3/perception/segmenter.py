"""How one object instance is found in an image."""

from typing import Protocol

from mt3.perception.rgbd import RGBD
from mt3.types import BoolArray


class Segmenter(Protocol):
    """Finds one instance of a named object class."""

    @property
    def name(self) -> str:
        """What the record calls this segmenter, with whatever it knows beyond the image."""
        ...

    def segment(self, rgbd: RGBD, object_name: str) -> BoolArray:
        """Mask, (H, W) bool, of one instance of the object.

        Raises:
            SegmentationError: The object is not in the image.
        """
        ...
