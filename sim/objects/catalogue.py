"""Categories of objects, and how an instance of one is drawn."""

import colorsys
import zlib
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from mt3.errors import ConfigurationError
from sim.objects.model import ObjectModel
from sim.objects.shape import Shape
from sim.objects.solids import banana, bottle, box, can, hammer
from sim.objects.supports import tray
from sim.objects.vessels import bowl, mug, pan

_FAMILIES: Final[Mapping[str, Callable[[np.random.Generator], Shape]]] = {
    "mug": mug,
    "pan": pan,
    "bottle": bottle,
    "bowl": bowl,
    "box": box,
    "hammer": hammer,
    "can": can,
    "banana": banana,
    "tray": tray,
}

CATEGORIES: Final = tuple(_FAMILIES)


def instance(category: str, seed: int) -> ObjectModel:
    """One shape of a category; the same seed gives the same shape.

    Raises:
        ConfigurationError: An unknown category, or a negative seed.
    """
    if category not in _FAMILIES:
        raise ConfigurationError(
            f"category: got {category!r}, expected one of {', '.join(CATEGORIES)}"
        )
    if seed < 0:
        raise ConfigurationError(f"seed: got {seed}, expected 0 or more")
    rng = np.random.default_rng([zlib.crc32(category.encode()), seed])
    shape = _FAMILIES[category](rng)
    return ObjectModel(
        category=category,
        seed=seed,
        mesh=shape.mesh,
        collision_parts=shape.collision_parts,
        mass_kg=float(shape.mass_kg),
        friction=float(rng.uniform(0.7, 0.9)),
        albedo=_draw_albedo(rng),
        dimensions={name: float(value) for name, value in shape.dimensions.items()},
        symmetry=shape.symmetry,
    )


def _draw_albedo(rng: np.random.Generator) -> tuple[float, float, float]:
    """A saturated, bright colour."""
    hue, saturation, value = rng.uniform((0.0, 0.55, 0.65), (1.0, 0.95, 0.95))
    return colorsys.hsv_to_rgb(hue, saturation, value)
