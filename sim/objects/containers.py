"""Open things that others go into or over: baskets, holders with a hole, stands with a peg."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from mt3.types import FloatArray
from sim.mesh import TriangleMesh, box_corners, convex_hull, union
from sim.objects.shape import Builder, Range, Shape, draw

_WALL: Final = 0.007
_HOLE: Final = 0.030  # side of a square hole
_FUNNEL: Final = 0.010  # how much wider it is at the top, to each side
_FUNNEL_DEPTH: Final = 0.012
_SMOOTH: Final = (0.15, 0.25)
_MASS_KG: Final = (1.5, 2.5)


@dataclass(frozen=True, slots=True)
class Box:
    """Ranges of a body's length (x), width (y) and height, metres."""

    length: Range
    width: Range
    height: Range

    def draw(self, rng: np.random.Generator) -> tuple[float, float, float]:
        """One size."""
        length, width, height = draw(rng, self.length, self.width, self.height)
        return length, width, height


def basket(rng: np.random.Generator, kind: Box) -> Shape:
    """A box without a top, with a tab at its +x side.

    Dimensions: ``length``, ``width`` (outer), ``height``, ``floor`` (of the inside), ``wall``.
    """
    length, width, height = kind.draw(rng)
    x, y = length / 2, width / 2
    pieces = (
        box_corners((-x, -y, 0.0), (x, y, _WALL)),
        box_corners((-x, -y, 0.0), (x, -y + _WALL, height)),
        box_corners((-x, y - _WALL, 0.0), (x, y, height)),
        box_corners((-x, -y, 0.0), (-x + _WALL, y, height)),
        box_corners((x - _WALL, -y, 0.0), (x, y, height)),
        box_corners((x - 0.001, -y * 0.2, height * 0.4), (x + 0.025, y * 0.6, height * 0.9)),
    )
    sizes = {"length": length, "width": width, "height": height, "floor": _WALL, "wall": _WALL}
    mass_kg = float(rng.uniform(*_MASS_KG))
    return Shape(_solid(pieces), pieces, mass_kg, sizes, "none", friction=_SMOOTH)


def holder(rng: np.random.Generator, kind: Box) -> Shape:
    """A block with a square hole that is wider at its mouth, and a step at its -x side.

    Dimensions: ``length``, ``width``, ``height`` (of the mouth), ``hole`` (its side), ``floor`` (of
    the hole).
    """
    length, width, height = kind.draw(rng)
    x, y, half, mouth = length / 2, width / 2, _HOLE / 2, _HOLE / 2 + _FUNNEL
    floor, neck = 0.010, height - _FUNNEL_DEPTH
    sides = []
    for turn in range(4):
        out, across = (x, y) if turn % 2 == 0 else (y, half)
        low = box_corners((half, -across, 0.0), (out, across, neck))
        top = box_corners((half, -across, neck - 0.0005), (out, across, height))
        top[np.isclose(top[:, 0], half) & (top[:, 2] > neck), 0] = mouth
        sides += [_quarter_turned(low, turn), _quarter_turned(top, turn)]
    pieces = (
        box_corners((-x, -y, 0.0), (x, y, floor)),
        *sides,
        box_corners((-x - 0.025, -y, 0.0), (-x + 0.001, y * 0.2, height * 0.7)),
    )
    sizes = {"length": length, "width": width, "height": height, "hole": _HOLE, "floor": floor}
    return Shape(_solid(pieces), pieces, float(rng.uniform(*_MASS_KG)), sizes, "none")


def hanger_stand(rng: np.random.Generator, kind: Box) -> Shape:
    """A post on a foot, with a peg that sticks out along +x and turns up at its end.

    Dimensions: ``length``, ``width`` (of the foot), ``height`` (of the peg's upper side),
    ``peg_length`` (from the post), ``peg_x`` (where it begins).
    """
    length, width, height = kind.draw(rng)
    x, y, thick = length / 2, width / 2, 0.010
    peg = float(rng.uniform(0.055, 0.065))
    post_x = -x + 0.010
    pieces = (
        box_corners((-x, -y, 0.0), (x, y, 0.012)),
        box_corners((-x, -0.012, 0.0), (post_x + 0.010, 0.012, height + 0.020)),
        box_corners(
            (post_x, -thick / 2, height - thick), (post_x + 0.010 + peg, thick / 2, height)
        ),
        box_corners(
            (post_x + peg, -thick / 2, height - thick),
            (post_x + 0.010 + peg, thick / 2, height + 0.008),
        ),
        box_corners((-x, y * 0.3, 0.0), (x * 0.2, y, 0.030)),
    )
    sizes = {
        "length": length,
        "width": width,
        "height": height,
        "peg_length": peg,
        "peg_x": post_x + 0.010,
    }
    return Shape(_solid(pieces), pieces, float(rng.uniform(*_MASS_KG)), sizes, "none")


def _quarter_turned(points: FloatArray, times: int) -> FloatArray:
    """Points turned about z by quarter turns, exactly."""
    turned = np.array(points)
    for _ in range(times):
        turned[:, 0], turned[:, 1] = -turned[:, 1].copy(), turned[:, 0].copy()
    return turned


def _solid(pieces: tuple[FloatArray, ...]) -> TriangleMesh:
    return union([convex_hull(points) for points in pieces])


def _kinds(build: Callable[[np.random.Generator, Box], Shape], **kinds: Box) -> dict[str, Builder]:
    """Categories of one build, each with its own proportions."""
    return {name: partial(_sized, build, kind) for name, kind in kinds.items()}


def _sized(
    build: Callable[[np.random.Generator, Box], Shape], kind: Box, rng: np.random.Generator
) -> Shape:
    return build(rng, kind)


BASKETS: Final = _kinds(
    basket,
    basket=Box((0.16, 0.18), (0.14, 0.16), (0.050, 0.065)),
    crate=Box((0.18, 0.20), (0.12, 0.14), (0.040, 0.050)),
    sink=Box((0.15, 0.17), (0.16, 0.18), (0.055, 0.070)),
)
HOLDERS: Final = _kinds(
    holder,
    socket=Box((0.08, 0.10), (0.08, 0.10), (0.040, 0.050)),
    toaster=Box((0.12, 0.14), (0.08, 0.09), (0.055, 0.065)),
    lock=Box((0.07, 0.08), (0.09, 0.11), (0.045, 0.055)),
    stand=Box((0.09, 0.10), (0.07, 0.08), (0.060, 0.070)),
)
STANDS: Final = _kinds(
    hanger_stand,
    hook=Box((0.10, 0.11), (0.08, 0.10), (0.10, 0.12)),
    peg=Box((0.11, 0.13), (0.10, 0.12), (0.09, 0.11)),
    tree=Box((0.10, 0.12), (0.11, 0.13), (0.12, 0.14)),
)

CONTAINERS: Final[Mapping[str, Builder]] = {
    **BASKETS,
    **HOLDERS,
    **STANDS,
}
