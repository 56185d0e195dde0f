"""Entry point for segmentation models that are not part of this stack: words to a mask."""

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from mt3.errors import ConfigurationError, SegmentationError
from mt3.perception.object_view import MIN_MASK_PIXELS
from mt3.perception.rgbd import RGBD
from mt3.types import BoolArray, ColorImage

ENTRY_POINTS: Final = "mt3.segmenters"

ModelFunction: TypeAlias = Callable[[ColorImage, str], Any]


class ModelSegmenter:
    """Asks a function for the mask of what is named.

    Args:
        function: Takes an image, (H, W, 3) uint8 RGB, and a prompt; returns a mask, (H, W), bool
            or 0 and one other value, or several, (N, H, W).
        model_name: What the record calls it.
        prompt: Asked for instead of the object's name.
    """

    def __init__(self, function: ModelFunction, model_name: str, prompt: str | None = None) -> None:
        self._function, self._model_name, self._prompt = function, model_name, prompt

    @classmethod
    def named(cls, function: str, prompt: str | None = None) -> "ModelSegmenter":
        """The segmenter of an installed model.

        Args:
            function: ``module:function``, or a name that an installed package declares in the
                entry point group ``mt3.segmenters``.
            prompt: Asked for instead of the object's name.

        Raises:
            ConfigurationError: No such function.
        """
        return cls(_load(function), function, prompt)

    @property
    def name(self) -> str:
        """What the record calls it."""
        return f"model {self._model_name}"

    def segment(self, rgbd: RGBD, object_name: str) -> BoolArray:
        """Mask, (H, W) bool, of the one instance that the model finds.

        Raises:
            SegmentationError: The model failed, returned something else than masks, or found no
                instance or several; the message names them.
        """
        prompt = self._prompt or object_name
        try:
            answer = self._function(rgbd.color.copy(), prompt)
        except Exception as error:  # whatever a model raises
            raise SegmentationError(
                f"{self.name}: failed on {prompt!r}: {type(error).__name__}: {error}"
            ) from error
        masks = self._checked(answer, rgbd.depth_m.shape)
        pieces = [piece for mask in masks for piece in _pieces(mask)]
        if len(pieces) == 1:
            return pieces[0]
        found = "; ".join(_described(piece) for piece in pieces) or "nothing"
        raise SegmentationError(
            f"{self.name}: got {len(pieces)} instances of {prompt!r}: {found}; expected one (say "
            "which with segmenter.prompt, or use segmenter=clusters segmenter.click=[u,v])"
        )

    def _checked(self, answer: object, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        """Masks, (N, H, W)."""
        try:
            masks = np.asarray(answer)
        except ValueError as error:  # a ragged list
            raise SegmentationError(f"{self.name}: got masks of several sizes: {error}") from error
        if masks.ndim == 2:
            masks = masks[None]
        if masks.dtype.kind not in "bui" or masks.shape[1:] != shape or masks.ndim != 3:
            raise SegmentationError(
                f"{self.name}: got {masks.dtype} {masks.shape}, expected bool {shape} as the "
                "image, or several of them"
            )
        if masks.dtype.kind != "b" and len(np.unique(masks)) > 2:
            raise SegmentationError(
                f"{self.name}: got masks of {len(np.unique(masks))} values, expected bool, or 0 "
                "and one other"
            )
        return np.asarray(masks != 0)


def _load(reference: str) -> ModelFunction:
    module, colon, attribute = reference.partition(":")
    try:
        if colon:
            found = getattr(import_module(module), attribute)
        else:
            known = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
            if reference not in known:
                raise ConfigurationError(
                    f"segmenter.function: got {reference!r}, expected module:function or one of "
                    f"the installed {sorted(known) or '(none)'}"
                )
            found = known[reference].load()
    except (ImportError, AttributeError, ValueError) as error:
        if isinstance(error, ConfigurationError):
            raise
        raise ConfigurationError(f"segmenter.function: got {reference!r}: {error}") from error
    if not callable(found):
        raise ConfigurationError(f"segmenter.function: got {reference!r}, which is no function")
    function: ModelFunction = found
    return function


def _pieces(mask: BoolArray) -> list[BoolArray]:
    """Connected pieces of a mask that are no specks."""
    pieces, count = ndimage.label(mask, structure=np.ones((3, 3)))
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)
    return [pieces == k for k in range(1, count + 1) if sizes[k] >= MIN_MASK_PIXELS]


def _described(mask: BoolArray) -> str:
    rows, columns = np.nonzero(mask)
    return f"{len(rows)} pixels around [{round(columns.mean())},{round(rows.mean())}]"
