"""A candidate of the depth image with its outline moved to where the colours change."""

from typing import Final

import cv2
import numpy as np
from scipy import ndimage

from mt3.errors import ConfigurationError, SegmentationError
from mt3.perception.cluster_segmenter import ClusterSegmenter
from mt3.perception.object_view import MIN_MASK_PIXELS
from mt3.perception.rgbd import RGBD
from mt3.types import BoolArray, ColorImage

_BAND: Final = 1 / 100  # of the image's width: so far the outline may move
_CONTEXT: Final = 4  # bands of background around, from which its colours are learnt
_CORE: Final = 0.5  # of the greatest depth inside the outline
_STICKS_OUT: Final = 0.1  # of a candidate outside the box: it is more than what is meant
_LEAST_SHARE: Final = 0.5
_ROUNDS: Final = 20
_SEED: Final = 1
_NO_RECT: Final = (0, 0, 1, 1)


class GrabCutSegmenter:
    """A cluster refined by GrabCut (Rother, Kolmogorov and Blake, SIGGRAPH 2004).

    Depth says where the object is, and colour where exactly it ends. In a box, what belongs to the
    same cluster but sticks out of the box is learnt as background, so that things that touch can
    be told apart by their colours.

    Args:
        clusters: Finds the candidates, and knows which is meant.
        rounds: How often the colours are learnt again.

    Raises:
        ConfigurationError: Not 1 to 20 rounds.
    """

    def __init__(self, clusters: ClusterSegmenter, rounds: int = 4) -> None:
        if isinstance(rounds, bool) or not isinstance(rounds, int) or not 1 <= rounds <= _ROUNDS:
            raise ConfigurationError(f"segmenter.rounds: got {rounds!r}, expected 1 to {_ROUNDS}")
        self._clusters, self._rounds = clusters, rounds

    @property
    def name(self) -> str:
        """What the record calls it."""
        return f"grabcut of {self._clusters.name}"

    def segment(self, rgbd: RGBD, object_name: str) -> BoolArray:
        """Mask, (H, W) bool, of the candidate that is meant, by colour.

        Raises:
            SegmentationError: None is meant, or several may be, or its colours are those of its
                surroundings.
        """
        pointing = self._clusters.pointing
        if pointing.box is None:
            return self._refined(rgbd.color, self._clusters.choose(rgbd).mask)
        return self._cut(rgbd, pointing.box_mask(rgbd.depth_m.shape))

    def _cut(self, rgbd: RGBD, box: BoolArray) -> BoolArray:
        """What is meant by a box, taken apart from what it touches."""
        whole = self._in(rgbd, box)
        if (whole & box).sum() > (1.0 - _STICKS_OUT) * whole.sum():
            return self._refined(rgbd.color, whole)
        hints = np.full(box.shape, cv2.GC_BGD, np.uint8)
        hints[box] = cv2.GC_PR_BGD
        hints[box & whole] = cv2.GC_PR_FGD
        return self._grabcut(rgbd.color, hints, whole & box)

    def _in(self, rgbd: RGBD, box: BoolArray) -> BoolArray:
        """The candidate that is mostly inside a box, else the one of which most is.

        Raises:
            SegmentationError: There is none, or several may be meant.
        """
        pointing, clusters = self._clusters.pointing, self._clusters.clusters(rgbd)
        overlaps = [int((cluster.mask & box).sum()) for cluster in clusters]
        most = max(overlaps, default=0)
        mostly_inside = any(
            2 * overlap >= cluster.mask.sum()
            for cluster, overlap in zip(clusters, overlaps, strict=True)
        )
        alike = sum(2 * overlap > most for overlap in overlaps)
        if mostly_inside or most < MIN_MASK_PIXELS or alike > 1:
            return pointing.choose(clusters, box.shape).mask
        return clusters[overlaps.index(most)].mask

    def _refined(self, color: ColorImage, mask: BoolArray) -> BoolArray:
        """A mask whose outline moved within a band."""
        band_px = max(3.0, _BAND * mask.shape[1])
        inside_px = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
        outside_px = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
        hints = np.full(mask.shape, cv2.GC_BGD, np.uint8)
        hints[outside_px <= band_px] = cv2.GC_PR_BGD
        hints[mask] = cv2.GC_PR_FGD
        hints[inside_px > min(band_px, _CORE * float(inside_px.max()))] = cv2.GC_FGD
        return self._grabcut(color, hints, mask)

    def _grabcut(self, color: ColorImage, hints: ColorImage, seed: BoolArray) -> BoolArray:
        """The part of an image that GrabCut takes for the object of a seed, in one piece."""
        crop = _around(seed, round(_CONTEXT * max(3.0, _BAND * seed.shape[1])))
        cropped = np.ascontiguousarray(hints[crop])
        cv2.setRNGSeed(_SEED)
        background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
        bgr = np.ascontiguousarray(color[crop][..., ::-1])
        mode = cv2.GC_INIT_WITH_MASK
        cv2.grabCut(bgr, cropped, _NO_RECT, background, foreground, self._rounds, mode)
        found = (cropped == cv2.GC_FGD) | (cropped == cv2.GC_PR_FGD)
        mask = np.zeros(seed.shape, np.bool_)
        mask[crop] = _main_piece(found, seed[crop])
        if mask.sum() < max(MIN_MASK_PIXELS, _LEAST_SHARE * (hints == cv2.GC_FGD).sum()):
            raise SegmentationError(
                f"grabcut: got {int(mask.sum())} pixels of the {int(seed.sum())} that depth shows, "
                "expected the object (its colours are those around it; use segmenter=clusters)"
            )
        return mask


def _main_piece(found: BoolArray, seed: BoolArray) -> BoolArray:
    """The connected piece that holds most of the seed, without holes."""
    pieces, count = ndimage.label(found)
    if not count:
        return found
    held = np.bincount(pieces[seed], minlength=count + 1)
    held[0] = 0
    return np.asarray(ndimage.binary_fill_holes(pieces == int(held.argmax())), dtype=np.bool_)


def _around(mask: BoolArray, margin_px: int) -> tuple[slice, slice]:
    """Rows and columns of a mask, not empty, with a margin."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, left = max(int(rows[0]) - margin_px, 0), max(int(columns[0]) - margin_px, 0)
    return (
        slice(top, int(rows[-1]) + margin_px + 1),
        slice(left, int(columns[-1]) + margin_px + 1),
    )
