"""Things that are worked with, held upright by a post: their sole is on z = 0, the hand above."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from sim.mesh import box_corners, convex_hull, union
from sim.objects.grasp import across_x
from sim.objects.model import Symmetry
from sim.objects.shape import Builder, Range, Shape, draw

_GRASP_BELOW_TOP_M = 0.014


@dataclass(frozen=True, slots=True)
class Tool:
    """A category of tools.

    Args:
        length: Range of the sole along x, metres.
        width: Range of the sole along y, metres.
        sole: Range of the sole's thickness, metres.
        post: Range of the post's height over the sole, metres.
        point: Share of the sole's width that is left at its +x end; 1 for a cuboid.
    """

    length: Range
    width: Range
    sole: Range
    post: Range
    point: float = 1.0


def tool(rng: np.random.Generator, kind: Tool) -> Shape:
    """One tool.

    Dimensions: ``length`` and ``width`` (of the sole), ``sole`` (its thickness), ``height``.
    """
    ranges = (kind.length, kind.width, kind.sole, kind.post)
    length, width, sole, post = draw(rng, *ranges)
    x, y = length / 2, width / 2
    plate = box_corners((-x, -y, 0.0), (x, y, sole))
    plate[plate[:, 0] > 0, 1] *= kind.point
    half = float(rng.uniform(0.009, 0.011))
    handle = box_corners((-0.016, -half, sole - 0.001), (0.016, half, sole + post))
    pieces = (plate, handle)
    mesh = union([convex_hull(points) for points in pieces])
    height = sole + post
    dimensions = {"length": length, "width": width, "sole": sole, "height": height}
    symmetry: Symmetry = "2-fold" if kind.point == 1.0 else "none"
    mass_kg = float(rng.uniform(0.08, 0.20))
    grasps = across_x(0.0, 0.0, height - _GRASP_BELOW_TOP_M)
    return Shape(mesh, pieces, mass_kg, dimensions, symmetry, grasps)


_TOOLS: Final[Mapping[str, Tool]] = {
    "sponge": Tool((0.070, 0.090), (0.050, 0.060), (0.025, 0.032), (0.030, 0.040)),
    "rag": Tool((0.080, 0.100), (0.060, 0.075), (0.010, 0.014), (0.045, 0.055)),
    "duster": Tool((0.060, 0.075), (0.035, 0.045), (0.018, 0.024), (0.060, 0.080)),
    "brush": Tool((0.080, 0.100), (0.030, 0.040), (0.022, 0.028), (0.045, 0.060)),
    "scrubber": Tool((0.055, 0.065), (0.055, 0.065), (0.016, 0.022), (0.040, 0.055)),
    "squeegee": Tool((0.016, 0.020), (0.110, 0.130), (0.022, 0.030), (0.050, 0.065)),
    "iron": Tool((0.120, 0.140), (0.065, 0.080), (0.030, 0.038), (0.040, 0.050), 0.35),
    "card": Tool((0.070, 0.085), (0.012, 0.016), (0.040, 0.050), (0.030, 0.036)),
    "knife": Tool((0.120, 0.140), (0.012, 0.016), (0.022, 0.030), (0.045, 0.055), 0.4),
    "cleaver": Tool((0.090, 0.110), (0.014, 0.018), (0.045, 0.055), (0.036, 0.045), 0.7),
}

_STIRRERS: Final[Mapping[str, Tool]] = {
    "whisk": Tool((0.024, 0.028), (0.020, 0.024), (0.045, 0.055), (0.055, 0.070)),
    "stick": Tool((0.016, 0.018), (0.014, 0.016), (0.055, 0.065), (0.050, 0.060)),
    "straw": Tool((0.033, 0.036), (0.010, 0.012), (0.060, 0.070), (0.045, 0.055)),
}
STIRRERS: Final = {name: partial(tool, kind=kind) for name, kind in _STIRRERS.items()}

TOOLS: Final[Mapping[str, Builder]] = {
    **{name: partial(tool, kind=kind) for name, kind in _TOOLS.items()},
    **STIRRERS,
}
