"""Heavy slabs that things are put on and tools are rubbed over; they stay where they stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from sim.mesh import box_corners, convex_hull, union
from sim.objects.shape import Builder, Range, Shape, draw

_MASS_KG: Final = (2.0, 3.0)
_SMOOTH: Final = (0.15, 0.25)  # a tool slides over it, and does not turn in the hand


@dataclass(frozen=True, slots=True)
class Slab:
    """A category of slabs.

    Args:
        length: Range along x, metres.
        width: Range along y, metres.
        height: Range of the surface's height, metres.
        edge: Height of a bar over the surface along the -x side, metres.
        bar: Share of the width that the bar takes, from the -y side on.
    """

    length: Range
    width: Range
    height: Range
    edge: float
    bar: float


def slab(rng: np.random.Generator, kind: Slab) -> Shape:
    """One slab with a bar along its -x side, which tells its front from its back.

    Dimensions: ``length`` (of the free surface, along x, centred on O), ``width``, ``floor`` (the
    surface's height), ``height`` (with the bar).
    """
    ranges = (kind.length, kind.width, kind.height)
    length, width, floor = draw(rng, *ranges)
    x, y, bar = length / 2, width / 2, 0.018
    edge = kind.edge * float(rng.uniform(0.9, 1.1))
    pieces = (
        box_corners((-x - bar, -y, 0.0), (x, y, floor)),
        box_corners((-x - bar, -y, 0.0), (-x, -y + width * kind.bar, floor + edge)),
    )
    mesh = union([convex_hull(points) for points in pieces])
    dimensions = {"length": length, "width": width, "floor": floor, "height": floor + edge}
    mass_kg = float(rng.uniform(*_MASS_KG))
    return Shape(mesh, pieces, mass_kg, dimensions, "none", friction=_SMOOTH)


_SLABS: Final[Mapping[str, Slab]] = {
    "board": Slab((0.18, 0.21), (0.13, 0.15), (0.018, 0.024), 0.022, 1.0),
    "tile": Slab((0.16, 0.18), (0.16, 0.18), (0.014, 0.020), 0.026, 0.45),
    "screen": Slab((0.17, 0.20), (0.12, 0.14), (0.024, 0.032), 0.018, 0.7),
    "mirror": Slab((0.19, 0.22), (0.11, 0.13), (0.014, 0.018), 0.030, 0.6),
    "reader": Slab((0.16, 0.18), (0.08, 0.10), (0.034, 0.044), 0.026, 0.8),
    "whetstone": Slab((0.17, 0.19), (0.08, 0.09), (0.028, 0.036), 0.020, 0.5),
    "plate": Slab((0.15, 0.17), (0.14, 0.16), (0.016, 0.022), 0.020, 0.3),
    "counter": Slab((0.20, 0.22), (0.16, 0.18), (0.030, 0.038), 0.026, 0.85),
}

SURFACES: Final[Mapping[str, Builder]] = {
    name: partial(slab, kind=kind) for name, kind in _SLABS.items()
}
