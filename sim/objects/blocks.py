"""Cuboids and their like, taken across: books, bricks, soap, phones, and wedges of cheese."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from sim.mesh import box_corners, convex_hull, union
from sim.objects.grasp import LOWEST_E_M, across_x
from sim.objects.model import Symmetry
from sim.objects.shape import Builder, Range, Shape, draw

_DEPTH_M = 0.026  # how far below its top a block is taken
_HIGH_M = 0.045  # beside a higher ridge there is no room for the palm


@dataclass(frozen=True, slots=True)
class Block:
    """A category of cuboids.

    Args:
        length: Range along x, metres.
        width: Range along y, metres; what the fingers close across.
        height: Range of the height, metres.
        top: Share of the length that is left at the top, at the +x end; 1 for a cuboid.
        ridge: Share of the length of a smaller block on top, at the -x end; 0 for none.
        mass_kg: Range of the mass.
    """

    length: Range
    width: Range
    height: Range
    top: float = 1.0
    ridge: float = 0.0
    mass_kg: Range = (0.10, 0.30)


def block(rng: np.random.Generator, kind: Block) -> Shape:
    """One block.

    Dimensions: ``length`` (along x), ``width`` (along y, graspable), ``height``.
    """
    length, width, height = draw(rng, kind.length, kind.width, kind.height)
    x, y = length / 2, width / 2
    body_height = height if kind.ridge == 0.0 else height * 0.65
    corners = box_corners((-x, -y, 0.0), (x, y, body_height))
    slope = (corners[:, 0] > 0) & (corners[:, 2] > 0)
    corners[slope, 0] = -x + length * kind.top
    pieces = [corners]
    if kind.ridge > 0.0:
        share = kind.ridge * float(rng.uniform(0.9, 1.1))
        pieces.append(box_corners((-x, -y, 0.0), (-x + length * share, y, height)))
    on_ridge = kind.ridge > 0.0 and height > _HIGH_M
    z = max((height if on_ridge else body_height) - _DEPTH_M, LOWEST_E_M)
    dimensions = {"length": length, "width": width, "height": height}
    symmetry: Symmetry = "2-fold" if kind.top == 1.0 and kind.ridge == 0.0 else "none"
    mesh = union([convex_hull(points) for points in pieces])
    mass_kg = float(rng.uniform(*kind.mass_kg))
    middle_x = -x + length * kind.ridge * 0.5 if on_ridge else float(mesh.center_of_mass()[0])
    grasps = across_x(middle_x, 0.0, z)
    return Shape(mesh, tuple(pieces), mass_kg, dimensions, symmetry, grasps)


_BLOCKS: Final[Mapping[str, Block]] = {
    "block": Block((0.055, 0.070), (0.038, 0.048), (0.045, 0.055)),
    "brick": Block((0.110, 0.135), (0.048, 0.058), (0.050, 0.062), mass_kg=(0.25, 0.40)),
    "book": Block((0.120, 0.150), (0.028, 0.040), (0.085, 0.105)),
    "soap": Block((0.075, 0.090), (0.045, 0.055), (0.024, 0.030)),
    "eraser": Block((0.060, 0.075), (0.028, 0.034), (0.024, 0.030), top=0.75, mass_kg=(0.06, 0.1)),
    "remote": Block((0.140, 0.165), (0.042, 0.050), (0.024, 0.028), ridge=0.30),
    "phone": Block((0.130, 0.145), (0.050, 0.058), (0.022, 0.026), ridge=0.18),
    "cheese": Block((0.085, 0.105), (0.045, 0.055), (0.050, 0.062), top=0.35),
    "stapler": Block((0.120, 0.140), (0.034, 0.042), (0.050, 0.062), top=0.55),
    "shoe": Block((0.130, 0.155), (0.048, 0.058), (0.060, 0.075), ridge=0.42),
    "camera": Block((0.090, 0.110), (0.040, 0.050), (0.060, 0.072), ridge=0.35),
    "speaker": Block((0.075, 0.090), (0.050, 0.058), (0.095, 0.120), top=0.80),
}

BLOCKS: Final[Mapping[str, Builder]] = {
    name: partial(block, kind=kind) for name, kind in _BLOCKS.items()
}
