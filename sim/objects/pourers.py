"""Troughs with a post to hold them by: jugs to pour from, shovels to scoop with."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from sim.mesh import box_corners, convex_hull, union
from sim.objects.grasp import across_x
from sim.objects.shape import Builder, Range, Shape, draw

_WALL: Final = 0.004
_GRASP_BELOW_TOP_M: Final = 0.014


@dataclass(frozen=True, slots=True)
class Trough:
    """A category of troughs.

    Args:
        length: Range of the floor's length along x, metres.
        width: Range of the inner width along y, metres.
        depth: Range of the walls' height, metres.
        post: Range of the post's height over the walls, metres.
        lip: How far the front wall leans out at its top, metres; 0 for no front wall.
    """

    length: Range
    width: Range
    depth: Range
    post: Range
    lip: float


def trough(rng: np.random.Generator, kind: Trough) -> Shape:
    """One trough, its front at +x, its post behind.

    Dimensions: ``front_x`` (of the floor), ``back_x`` (of the inside), ``lip_x`` and ``depth``
    (the front wall's upper edge; the floor's edge where there is no front wall), ``width``
    (inner), ``floor``, ``height``.
    """
    ranges = (kind.length, kind.width, kind.depth, kind.post)
    length, width, depth, post = draw(rng, *ranges)
    floor = _WALL if kind.lip else 0.002
    front, back, y = length / 2, -length / 2, width / 2
    lip_x = front + kind.lip
    side = np.array(
        [(back, 0.0), (front, 0.0), (lip_x if kind.lip else front, depth), (back, depth)]
    )
    if not kind.lip:
        side[2] = (front - depth, depth)
    walls = [
        np.array([(x, out, z) for out in sorted((sign * y, sign * (y + _WALL))) for x, z in side])
        for sign in (-1.0, 1.0)
    ]
    plate = box_corners((back, -y - 0.001, 0.0), (front, y + 0.001, floor))
    if not kind.lip:  # beads have to climb its edge
        plate[(plate[:, 0] > 0) & (plate[:, 2] > 0), 0] = front - 0.012
    half = float(rng.uniform(0.009, 0.011))
    post_x, height = back - 0.016, depth + post
    pieces = [
        plate,
        *walls,
        box_corners((back - _WALL, -y - _WALL, 0.0), (back + 0.001, y + _WALL, depth)),
        box_corners((post_x - 0.016, -half, depth * 0.5), (back - 0.001, half, height)),
    ]
    if kind.lip:
        slope = [(x + out, z) for x, z in ((front, 0.0), (lip_x, depth)) for out in (-0.001, _WALL)]
        pieces.append(np.array([(x, s, z) for s in (-y - 0.001, y + 0.001) for x, z in slope]))
    mesh = union([convex_hull(points) for points in pieces])
    sizes = {
        "front_x": front,
        "back_x": back,
        "lip_x": lip_x,
        "depth": depth,
        "width": width,
        "floor": floor,
        "height": height,
    }
    mass_kg = float(rng.uniform(0.06, 0.12))
    grasps = across_x(post_x, 0.0, height - _GRASP_BELOW_TOP_M)
    return Shape(mesh, tuple(pieces), mass_kg, sizes, "none", grasps)


_JUGS: Final[Mapping[str, Trough]] = {
    "jug": Trough((0.040, 0.050), (0.044, 0.054), (0.036, 0.044), (0.040, 0.050), 0.030),
    "pitcher": Trough((0.034, 0.042), (0.040, 0.048), (0.044, 0.052), (0.036, 0.044), 0.034),
    "kettle": Trough((0.046, 0.056), (0.050, 0.060), (0.032, 0.040), (0.044, 0.054), 0.028),
}
_SHOVELS: Final[Mapping[str, Trough]] = {
    "shovel": Trough((0.055, 0.065), (0.060, 0.070), (0.026, 0.032), (0.065, 0.080), 0.0),
    "ladle": Trough((0.045, 0.055), (0.050, 0.060), (0.028, 0.034), (0.070, 0.085), 0.0),
    "dustpan": Trough((0.060, 0.070), (0.070, 0.080), (0.024, 0.028), (0.065, 0.075), 0.0),
}
JUGS: Final = {name: partial(trough, kind=kind) for name, kind in _JUGS.items()}
SHOVELS: Final = {name: partial(trough, kind=kind) for name, kind in _SHOVELS.items()}
POURERS: Final[Mapping[str, Builder]] = {**JUGS, **SHOVELS}
