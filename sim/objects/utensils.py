"""Things with a handle that lie flat: spoons, wrenches, brushes, keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, TypeAlias

import numpy as np

from mt3.types import FloatArray
from sim.mesh import box_corners, convex_hull, union
from sim.objects.grasp import LOWEST_E_M, across_x
from sim.objects.shape import Builder, Range, Shape, draw, rounded_section

Head: TypeAlias = Literal["paddle", "disc", "fork", "bit"]

_SIDES = 20


@dataclass(frozen=True, slots=True)
class Utensil:
    """A category of things with a handle.

    Args:
        handle: Range of the handle's length, metres.
        width: Range of the handle's width, metres.
        thickness: Range of its height, metres.
        head: Form of the head at the +x end.
        head_length: Range along x, metres.
        head_width: Range along y, metres.
        head_height: Range, metres.
    """

    handle: Range
    width: Range
    thickness: Range
    head: Head
    head_length: Range
    head_width: Range
    head_height: Range
    mass_kg: Range = (0.08, 0.20)


def utensil(rng: np.random.Generator, kind: Utensil) -> Shape:
    """One thing that lies flat with its handle along x, its head at the +x end.

    Dimensions: ``handle_length``, ``handle_width``, ``handle_height``, ``head_length``,
    ``head_width``, ``head_height``.
    """
    ranges = (
        kind.handle,
        kind.width,
        kind.thickness,
        kind.head_length,
        kind.head_width,
        kind.head_height,
    )
    handle, width, thickness, long, wide, high = draw(rng, *ranges)
    start = -(handle + long) / 2
    neck = start + handle
    section = rounded_section(width, thickness) + np.array([0.0, thickness / 2])
    grip = np.concatenate(
        [np.column_stack([np.full(len(section), x), section]) for x in (start, neck + 0.004)]
    )
    pieces = (grip, *_head(kind.head, neck, long, wide, high))
    mesh = union([convex_hull(points) for points in pieces])
    grasp_x = min(float(mesh.center_of_mass()[0]), neck - 0.022)
    dimensions = {
        "handle_length": handle,
        "handle_width": width,
        "handle_height": thickness,
        "head_length": long,
        "head_width": wide,
        "head_height": high,
    }
    mass_kg = float(rng.uniform(*kind.mass_kg))
    grasps = across_x(grasp_x, 0.0, max(thickness / 2, LOWEST_E_M))
    return Shape(mesh, pieces, mass_kg, dimensions, "none", grasps)


def _head(form: Head, x: float, long: float, wide: float, high: float) -> tuple[FloatArray, ...]:
    """Convex pieces of a head that begins at x."""
    y = wide / 2
    if form == "disc":
        angles = np.arange(_SIDES) * 2 * np.pi / _SIDES
        ring = np.column_stack([long / 2 * np.cos(angles) + x + long / 2, y * np.sin(angles)])
        return (np.concatenate([np.column_stack([ring, np.full(_SIDES, z)]) for z in (0.0, high)]),)
    if form == "fork":
        root = box_corners((x, -y, 0.0), (x + long * 0.4, y, high))
        prongs = (
            box_corners((x + long * 0.4 - 0.001, low, 0.0), (x + long, low + wide * 0.34, high))
            for low in (-y, y - wide * 0.34)
        )
        return (root, *prongs)
    if form == "bit":
        return (
            np.concatenate(
                [
                    box_corners((x, -y, 0.0), (x + 0.002, y, high)),
                    box_corners((x + long - 0.002, -y * 0.4, 0.0), (x + long, y * 0.4, high * 0.5)),
                ]
            ),
        )
    return (box_corners((x, -y, 0.0), (x + long, y, high)),)


_HANDLE: Final = ((0.018, 0.024), (0.020, 0.024))
_UTENSILS: Final[Mapping[str, Utensil]] = {
    "spoon": Utensil(
        (0.100, 0.125), *_HANDLE, "disc", (0.055, 0.070), (0.038, 0.046), (0.018, 0.022)
    ),
    "spatula": Utensil(
        (0.095, 0.115), *_HANDLE, "paddle", (0.060, 0.075), (0.055, 0.070), (0.012, 0.016)
    ),
    "wrench": Utensil(
        (0.100, 0.125), *_HANDLE, "fork", (0.034, 0.044), (0.046, 0.056), (0.020, 0.024)
    ),
    "screwdriver": Utensil(
        (0.075, 0.095),
        (0.026, 0.032),
        (0.026, 0.032),
        "bit",
        (0.070, 0.090),
        (0.012, 0.015),
        (0.024, 0.028),
    ),
    "paintbrush": Utensil(
        (0.090, 0.110), *_HANDLE, "paddle", (0.042, 0.052), (0.040, 0.050), (0.020, 0.025)
    ),
    "axe": Utensil(
        (0.105, 0.130), *_HANDLE, "paddle", (0.030, 0.038), (0.075, 0.090), (0.022, 0.028)
    ),
    "racket": Utensil(
        (0.080, 0.100), *_HANDLE, "disc", (0.085, 0.100), (0.075, 0.090), (0.014, 0.018)
    ),
    "key": Utensil(
        (0.060, 0.075),
        (0.018, 0.022),
        (0.020, 0.024),
        "fork",
        (0.026, 0.034),
        (0.034, 0.042),
        (0.016, 0.020),
    ),
    "carrot": Utensil(
        (0.050, 0.060),
        (0.030, 0.036),
        (0.030, 0.036),
        "bit",
        (0.080, 0.100),
        (0.030, 0.035),
        (0.030, 0.034),
    ),
}

UTENSILS: Final[Mapping[str, Builder]] = {
    name: partial(utensil, kind=kind) for name, kind in _UTENSILS.items()
}
