"""Things of revolution that stand upright: fruit, glasses, candles, jars."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Final

import numpy as np

from sim.mesh import revolve
from sim.objects.grasp import on_axis
from sim.objects.shape import SECTIONS, Builder, Range, Shape, draw, frustum_hull

_HULL_SECTIONS = 16
_DEPTH_M = 0.028  # how far below its top a tall one is taken


@dataclass(frozen=True, slots=True)
class Profile:
    """A category of turned things.

    Args:
        radius: Range of the largest radius, metres.
        height: Range of the height, metres.
        outline: Shares of radius and height along the outside, from bottom to top.
        spread: How far each share of the radius is drawn from its own value, as a factor.
        mass_kg: Range of the mass.
    """

    radius: Range
    height: Range
    outline: tuple[tuple[float, float], ...]
    mass_kg: Range = (0.08, 0.25)
    spread: float = 0.06


def turned(rng: np.random.Generator, profile: Profile) -> Shape:
    """One thing of revolution, taken on its axis where fingers fit around it.

    Dimensions: ``radius`` (the largest), ``height``, ``grasp_radius``.
    """
    radius, height = draw(rng, profile.radius, profile.height)
    factors = rng.uniform(1 - profile.spread, 1 + profile.spread, len(profile.outline))
    shares = np.minimum(np.array([r for r, _ in profile.outline]) * factors, 1.0)
    outline = [
        (radius * float(share), height * z)
        for share, (_, z) in zip(shares, profile.outline, strict=True)
    ]
    mesh = revolve([(0.0, 0.0), *outline, (0.0, outline[-1][1])], SECTIONS)
    hulls = tuple(frustum_hull([low, high], _HULL_SECTIONS) for low, high in pairwise(outline))
    grasp_z = max(height - _DEPTH_M, height * 0.45)
    grasp_radius = float(np.interp(grasp_z, [z for _, z in outline], [r for r, _ in outline]))
    dimensions = {"radius": radius, "height": height, "grasp_radius": grasp_radius}
    mass_kg = float(rng.uniform(*profile.mass_kg))
    return Shape(mesh, hulls, mass_kg, dimensions, "full", on_axis(grasp_z))


def _round(flat: float = 0.45) -> tuple[tuple[float, float], ...]:
    """A ball with a flat spot to stand on."""
    angles = np.linspace(-np.arccos(flat), np.pi / 2 * 0.93, 8)
    r, z = np.cos(angles), np.sin(angles)
    low, high = z[0], z[-1]
    return tuple((float(a), float((b - low) / (high - low))) for a, b in zip(r, z, strict=True))


_PROFILES: Final[Mapping[str, Profile]] = {
    "apple": Profile((0.030, 0.034), (0.055, 0.062), _round()),
    "orange": Profile((0.029, 0.033), (0.050, 0.056), _round(0.35)),
    "tomato": Profile((0.028, 0.033), (0.042, 0.049), _round(0.55)),
    "onion": Profile(
        (0.027, 0.032),
        (0.060, 0.070),
        ((0.5, 0.0), (0.95, 0.25), (1.0, 0.4), (0.7, 0.65), (0.25, 0.8), (0.2, 1.0)),
    ),
    "pear": Profile(
        (0.029, 0.033),
        (0.080, 0.095),
        ((0.55, 0.0), (0.95, 0.2), (1.0, 0.35), (0.75, 0.6), (0.5, 0.85), (0.3, 1.0)),
    ),
    "glass": Profile((0.028, 0.033), (0.090, 0.115), ((0.78, 0.0), (1.0, 1.0))),
    "candle": Profile((0.018, 0.024), (0.090, 0.130), ((0.95, 0.0), (1.0, 0.05), (0.95, 1.0))),
    "jar": Profile(
        (0.029, 0.033),
        (0.070, 0.085),
        ((0.92, 0.0), (1.0, 0.08), (1.0, 0.68), (0.82, 0.76), (0.86, 0.78), (0.86, 1.0)),
        (0.15, 0.30),
    ),
    "shaker": Profile(
        (0.022, 0.027),
        (0.080, 0.100),
        ((1.0, 0.0), (0.85, 0.5), (0.75, 0.7), (0.9, 0.74), (0.85, 0.92), (0.5, 1.0)),
    ),
    "vase": Profile(
        (0.032, 0.038),
        (0.110, 0.135),
        ((0.6, 0.0), (1.0, 0.3), (0.85, 0.5), (0.45, 0.72), (0.4, 0.9), (0.5, 1.0)),
    ),
    "spool": Profile(
        (0.030, 0.034),
        (0.050, 0.065),
        ((1.0, 0.0), (1.0, 0.18), (0.6, 0.2), (0.6, 0.8), (1.0, 0.82), (1.0, 1.0)),
    ),
    "egg": Profile((0.024, 0.028), (0.050, 0.058), _round(0.5)),
    "tub": Profile(
        (0.028, 0.033), (0.055, 0.068), ((0.8, 0.0), (0.94, 0.86), (1.0, 0.88), (1.0, 1.0))
    ),
    "pawn": Profile(
        (0.024, 0.029),
        (0.080, 0.100),
        ((1.0, 0.0), (0.95, 0.12), (0.5, 0.3), (0.4, 0.62), (0.6, 0.76), (0.6, 0.9), (0.3, 1.0)),
    ),
}

TURNED: Final[Mapping[str, Builder]] = {
    name: partial(turned, profile=profile) for name, profile in _PROFILES.items()
}
