"""A mask that somebody else made, in a file."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from mt3.errors import SegmentationError
from mt3.perception.rgbd import RGBD
from mt3.types import BoolArray

_SHOWN_LABELS = 8


class MaskFileSegmenter:
    """Reads the mask at every call.

    Args:
        path: ``.png`` or ``.npy``, as large as the image: bool, or 0 and one other value; or
            labels, with ``label``.
        label: The value of the object's pixels.
    """

    def __init__(self, path: Path | str, label: int | None = None) -> None:
        self._path, self._label = Path(path), label

    @property
    def name(self) -> str:
        """What the record calls it."""
        label = "" if self._label is None else f", label {self._label}"
        return f"mask file {self._path.name}{label}"

    def segment(self, rgbd: RGBD, object_name: str) -> BoolArray:
        """Mask, (H, W) bool, as the file has it.

        Raises:
            SegmentationError: No such file, another size, nothing in it, or several labels.
        """
        labels = self._read()
        if labels.shape != rgbd.depth_m.shape:
            raise SegmentationError(
                f"{self._path}: got a mask of shape {labels.shape}, expected "
                f"{rgbd.depth_m.shape} as the image"
            )
        present = [int(value) for value in np.unique(labels) if value != 0]
        if self._label is None and len(present) > 1:
            raise SegmentationError(
                f"{self._path}: got {len(present)} labels ({_listed(present)}), expected one "
                "object; choose it with segmenter.label=N"
            )
        if not present or (self._label is not None and self._label not in present):
            wanted = "a mask of something" if self._label is None else f"label {self._label}"
            raise SegmentationError(
                f"{self._path}: got {_listed(present) or 'nothing but 0'}, expected {wanted}"
            )
        mask: BoolArray = labels == (present[0] if self._label is None else self._label)
        return mask

    def _read(self) -> npt.NDArray[np.integer]:
        """Labels, (H, W), whole numbers."""
        if self._path.suffix not in (".png", ".npy"):
            raise SegmentationError(f"{self._path}: expected a .png or .npy file")
        if not self._path.is_file():
            raise SegmentationError(f"{self._path}: no such file")
        array = self._load()
        if array is None:
            raise SegmentationError(f"{self._path}: got no readable {self._path.suffix[1:]} file")
        if array.ndim == 3 and array.size and (array[..., :3] == array[..., :1]).all():
            array = array[..., 0]
        if array.ndim != 2 or array.dtype.kind not in "bui":
            raise SegmentationError(
                f"{self._path}: got {array.dtype} {array.shape}, expected one channel of bool or "
                "whole numbers"
            )
        return array.astype(np.int64)

    def _load(self) -> npt.NDArray[np.generic] | None:
        try:
            if self._path.suffix == ".npy":
                return np.asarray(np.load(self._path, allow_pickle=False))
            return cv2.imread(str(self._path), cv2.IMREAD_UNCHANGED)
        except (ValueError, OSError, EOFError):
            return None


def _listed(labels: list[int]) -> str:
    shown = ", ".join(str(label) for label in labels[:_SHOWN_LABELS])
    return f"{shown}, ..." if len(labels) > _SHOWN_LABELS else shown
