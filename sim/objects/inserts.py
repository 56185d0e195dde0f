"""Things that are put into a hole or over a peg: plugs and rings, taken at their upper end."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from sim.mesh import box_corners, convex_hull, union
from sim.objects.grasp import across_x
from sim.objects.shape import Builder, Range, Shape, draw


@dataclass(frozen=True, slots=True)
class Plug:
    """A category of things with a foot that fits a hole.

    Args:
        foot: Range of the foot's sides, metres.
        depth: Range of the foot's length, metres.
        head: Range of the head's length along x, metres.
        width: Range of the head's width, metres; what the fingers close across.
        height: Range of the head's height, metres.
    """

    foot: Range
    depth: Range
    head: Range
    width: Range
    height: Range


def plug(rng: np.random.Generator, kind: Plug) -> Shape:
    """One plug, standing on its foot.

    Dimensions: ``foot`` (its side), ``depth`` (its length), ``length``, ``width`` (of the head),
    ``height`` (of all).
    """
    ranges = (kind.foot, kind.depth, kind.head, kind.width, kind.height)
    foot, depth, head, width, tall = draw(rng, *ranges)
    f, x, y = foot / 2, head / 2, width / 2
    pieces = (
        box_corners((-f, -f, 0.0), (f, f, depth + 0.001)),
        box_corners((-x, -y, depth), (x, y, depth + tall)),
    )
    mesh = union([convex_hull(points) for points in pieces])
    height = depth + tall
    sizes = {"foot": foot, "depth": depth, "length": head, "width": width, "height": height}
    mass_kg = float(rng.uniform(0.06, 0.14))
    return Shape(mesh, pieces, mass_kg, sizes, "2-fold", across_x(0.0, 0.0, height - 0.014))


def ring(rng: np.random.Generator, width: Range, inner: Range) -> Shape:
    """A ring that stands on its rim, its axis along x, with a block at its top to take it by.

    Dimensions: ``inner`` (radius of the opening), ``outer``, ``width`` (along x), ``height``,
    ``axis_z`` (height of the opening's middle).
    """
    thick, opening = draw(rng, width, inner)
    outer = opening + 0.012
    sides = 12
    pieces = []
    for k in range(sides):
        a, b = (2 * np.pi * (k + step) / sides for step in (0.0, 1.0))
        yz = [(r * np.sin(c), r * np.cos(c)) for c in (a, b) for r in (opening, outer)]
        pieces.append(np.array([(x, y, z + outer) for x in (-thick / 2, thick / 2) for y, z in yz]))
    base = box_corners((-thick / 2, -0.018, 0.0), (thick / 2, 0.018, 0.008))
    top = 2 * outer
    block = box_corners((-thick / 2, -0.010, top - 0.008), (thick / 2, 0.010, top + 0.022))
    hulls = (*pieces, base, block)
    lift = -min(float(points[:, 2].min()) for points in hulls)
    hulls = tuple(points + np.array([0.0, 0.0, lift]) for points in hulls)
    mesh = union([convex_hull(points) for points in hulls])
    height = float(mesh.vertices[:, 2].max())
    sizes = {
        "inner": opening,
        "outer": outer,
        "width": thick,
        "height": height,
        "axis_z": outer + lift,
    }
    mass_kg = float(rng.uniform(0.05, 0.10))
    return Shape(mesh, hulls, mass_kg, sizes, "2-fold", across_x(0.0, 0.0, height - 0.012))


_FOOT: Final = (0.016, 0.020)
_PLUGS: Final[Mapping[str, Plug]] = {
    "plug": Plug(_FOOT, (0.026, 0.032), (0.034, 0.044), (0.026, 0.034), (0.044, 0.052)),
    "toast": Plug(_FOOT, (0.030, 0.036), (0.070, 0.085), (0.018, 0.022), (0.045, 0.060)),
    "cork": Plug(_FOOT, (0.024, 0.028), (0.034, 0.040), (0.026, 0.030), (0.042, 0.048)),
    "flag": Plug(_FOOT, (0.032, 0.038), (0.024, 0.028), (0.016, 0.020), (0.060, 0.075)),
}

PLUGS: Final = {name: partial(plug, kind=kind) for name, kind in _PLUGS.items()}
RINGS: Final = {
    "ring": partial(ring, width=(0.018, 0.022), inner=(0.022, 0.026)),
    "wreath": partial(ring, width=(0.024, 0.030), inner=(0.026, 0.030)),
    "medal": partial(ring, width=(0.016, 0.019), inner=(0.019, 0.022)),
}

INSERTS: Final[Mapping[str, Builder]] = {**PLUGS, **RINGS}
