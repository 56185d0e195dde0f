"""How a person says which of several candidates is meant: a pixel, or a box around it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from mt3.errors import ConfigurationError, SegmentationError
from mt3.perception.clusters import Cluster
from mt3.types import BoolArray

CENTRE: Final = "centre"
_REACH: Final = 1 / 60  # of the image's width: so far from a candidate a click still means it
_INSIDE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Pointing:
    """A click, a box, or neither.

    Args:
        click: Pixel (u, v), or "centre" for the middle of the image.
        box: (u0, v0, u1, v1), pixels, two opposite corners.

    Raises:
        ConfigurationError: Both, or numbers that are none.
    """

    click: Sequence[float] | str | None = None
    box: Sequence[float] | None = None

    def __post_init__(self) -> None:
        if self.click is not None and self.box is not None:
            raise ConfigurationError(
                f"segmenter: got click {self.click} and box {self.box}, expected one of them"
            )
        if self.click is not None and self.click != CENTRE:
            pixel = _numbers("click", self.click, 2, "[u,v] in pixels, or centre")
            object.__setattr__(self, "click", pixel)
        if self.box is not None:
            u0, v0, u1, v1 = _numbers("box", self.box, 4, "[u0,v0,u1,v1] in pixels")
            if u0 == u1 or v0 == v1:
                raise ConfigurationError(f"segmenter.box: got {self.box}, expected two corners")
            corners = (min(u0, u1), min(v0, v1), max(u0, u1), max(v0, v1))
            object.__setattr__(self, "box", corners)

    def __str__(self) -> str:
        if self.click is not None:
            return f"click {self.click if self.click == CENTRE else list(self.click)}"
        return f"box {list(self.box)}" if self.box is not None else ""

    @property
    def given(self) -> bool:
        """Whether anything was pointed at."""
        return self.click is not None or self.box is not None

    def choose(self, clusters: Sequence[Cluster], shape: tuple[int, ...]) -> Cluster:
        """The candidate that is meant; without a click or box, the only one.

        Args:
            clusters: The candidates.
            shape: (H, W) of the image.

        Raises:
            SegmentationError: None is there, or several may be meant; the message names them.
        """
        if not clusters:
            raise SegmentationError(
                "image: got a table with nothing on it, expected an object that is wholly in view "
                "and stands out from the table"
            )
        if self.click is not None:
            return self._clicked(clusters, shape)
        meant = list(clusters) if self.box is None else self._boxed(clusters, shape)
        if len(meant) == 1:
            return meant[0]
        how = "a table" if self.box is None else str(self)
        raise SegmentationError(
            f"object: got {how} with {len(meant)} candidates, expected one; point at it with "
            f"segmenter.click=[u,v]: {name_candidates(meant or clusters)}"
        )

    def box_mask(self, shape: tuple[int, ...]) -> BoolArray:
        """Pixels inside the box, (H, W); all of them where none was given.

        Raises:
            SegmentationError: The box lies outside the image.
        """
        if self.box is None:
            return np.ones(shape, np.bool_)
        u0, v0, u1, v1 = (round(value) for value in self.box)
        inside = np.zeros(shape, np.bool_)
        inside[max(v0, 0) : max(v1 + 1, 0), max(u0, 0) : max(u1 + 1, 0)] = True
        if not inside.any():
            raise SegmentationError(
                f"segmenter.box: got {list(self.box)}, expected one that overlaps the image of "
                f"{shape[1]}x{shape[0]} pixels"
            )
        return inside

    def _clicked(self, clusters: Sequence[Cluster], shape: tuple[int, ...]) -> Cluster:
        height, width = shape
        if isinstance(self.click, str) or self.click is None:
            u, v = width // 2, height // 2
        else:
            u, v = (round(value) for value in self.click)
        if not (0 <= u < width and 0 <= v < height):
            raise SegmentationError(
                f"segmenter.click: got {[u, v]}, expected a pixel of the image of {width}x{height}"
            )
        away_px = [_distance_px(cluster.mask, u, v) for cluster in clusters]
        nearest = int(np.argmin(away_px))
        if away_px[nearest] > _REACH * width:
            raise SegmentationError(
                f"segmenter.click: got {[u, v]} with no candidate there, expected a pixel of one "
                f"of: {name_candidates(clusters)}"
            )
        return clusters[nearest]

    def _boxed(self, clusters: Sequence[Cluster], shape: tuple[int, ...]) -> list[Cluster]:
        inside = self.box_mask(shape)
        return [one for one in clusters if float(inside[one.mask].mean()) >= _INSIDE]


def name_candidates(clusters: Sequence[Cluster]) -> str:
    """Numbers, pixels and places of candidates, for a message."""
    return "; ".join(
        f"{number}: click=[{cluster.middle[0]},{cluster.middle[1]}] at x {x:.2f}, y {y:.2f} m"
        for number, cluster in enumerate(clusters, start=1)
        for x, y, _ in [cluster.p_W_centre]
    )


def _distance_px(mask: BoolArray, u: int, v: int) -> float:
    away_px = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, 5)
    return float(away_px[v, u])


def _numbers(name: str, value: object, count: int, expected: str) -> tuple[float, ...]:
    """So many finite numbers, as somebody typed them."""
    several = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []
    plain = all(
        isinstance(one, int | float) and not isinstance(one, bool) and math.isfinite(one)
        for one in several
    )
    if len(several) != count or not plain:
        raise ConfigurationError(f"segmenter.{name}: got {value!r}, expected {expected}")
    return tuple(several)
