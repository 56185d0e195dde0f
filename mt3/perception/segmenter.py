"""How one object instance is found in an image."""

from typing import Protocol, runtime_checkable

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


@runtime_checkable
class CandidateSegmenter(Segmenter, Protocol):
    """Does not know names: it can only say what may be meant."""

    def candidates(self, rgbd: RGBD) -> tuple[BoolArray, ...]:
        """Masks, (H, W) bool, at least one, each of one object, in the order of their numbers.

        Raises:
            SegmentationError: Nothing is in the image that could be meant.
        """
        ...
