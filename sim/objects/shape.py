"""Geometry of one object, and the hulls that several families share."""

import colorsys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from mt3.geometry import SE3
from mt3.types import FloatArray
from sim.mesh import TriangleMesh
from sim.objects.mechanism import Mechanism
from sim.objects.model import Symmetry

SECTIONS = 40

Range: TypeAlias = tuple[float, float]
Builder: TypeAlias = Callable[[np.random.Generator], "Shape"]


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """Everything about an object but its category, seed and colour.

    Fields as in ``ObjectModel``, but for ``friction``: the range that it is drawn from.
    """

    mesh: TriangleMesh
    collision_parts: tuple[FloatArray, ...]
    mass_kg: float
    dimensions: Mapping[str, float]
    symmetry: Symmetry
    grasps_O: tuple[SE3, ...] = ()
    mechanism: Mechanism | None = None
    friction: tuple[float, float] = (0.7, 0.9)


def frustum_hull(rings_rz: Sequence[tuple[float, float]], sections: int) -> FloatArray:
    """Points on circles about z, given by radius and height; the hull of a solid of revolution."""
    angles = np.arange(sections) * 2 * np.pi / sections
    circle = np.stack([np.cos(angles), np.sin(angles), np.zeros(sections)], axis=1)
    return np.concatenate([circle * r + np.array([0.0, 0.0, z]) for r, z in rings_rz])


def wall_hulls(
    outer_rz: Sequence[tuple[float, float]], inner_rz: Sequence[tuple[float, float]], sections: int
) -> list[FloatArray]:
    """Segments of a hollow wall about z, one hull each, so that a finger fits inside.

    Args:
        outer_rz: Radius and height of the outer surface, metres.
        inner_rz: The same of the inner surface.
        sections: Number of segments.
    """
    hulls = []
    for k in range(sections):
        angles = (k + np.array([0.0, 0.5, 1.0])) * 2 * np.pi / sections
        points = [
            (r * np.cos(angle), r * np.sin(angle), z)
            for angle in angles
            for r, z in (*outer_rz, *inner_rz)
        ]
        hulls.append(np.asarray(points))
    return hulls


def rounded_section(width: float, height: float, sides: int = 8) -> FloatArray:
    """A convex section, (sides, 2), metres, with a flat side below and above."""
    angles = (np.arange(sides) + 0.5) * 2 * np.pi / sides
    unit = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    half_sides = np.array([width / 2, height / 2])
    return np.asarray(unit / np.abs(unit).max(axis=0) * half_sides)


def draw(rng: np.random.Generator, *ranges: Range) -> tuple[float, ...]:
    """One number from each range."""
    low, high = np.array(ranges).T
    return tuple(rng.uniform(low, high).tolist())


def draw_albedo(rng: np.random.Generator) -> tuple[float, float, float]:
    """A saturated, bright colour."""
    hue, saturation, value = rng.uniform((0.0, 0.55, 0.65), (1.0, 0.95, 0.95))
    return colorsys.hsv_to_rgb(hue, saturation, value)
