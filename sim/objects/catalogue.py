"""Categories of objects, and how an instance of one is drawn."""

import zlib
from collections.abc import Mapping
from typing import Final

import numpy as np

from mt3.errors import ConfigurationError
from sim.objects.blocks import BLOCKS
from sim.objects.containers import CONTAINERS
from sim.objects.devices import DEVICES
from sim.objects.inserts import INSERTS
from sim.objects.model import ObjectModel
from sim.objects.pourers import POURERS
from sim.objects.shape import Builder, draw_albedo
from sim.objects.solids import banana, bottle, box, can, hammer
from sim.objects.supports import tray
from sim.objects.surfaces import SURFACES
from sim.objects.tools import TOOLS
from sim.objects.turned import TURNED
from sim.objects.utensils import UTENSILS
from sim.objects.vessels import bowl, mug, pan

_LOOSE: Final[Mapping[str, Builder]] = {
    "mug": mug,
    "pan": pan,
    "bottle": bottle,
    "bowl": bowl,
    "box": box,
    "hammer": hammer,
    "can": can,
    "banana": banana,
    "tray": tray,
    **TURNED,
    **BLOCKS,
    **UTENSILS,
}
_FAMILIES: Final = {**_LOOSE, **TOOLS, **INSERTS, **POURERS, **SURFACES, **CONTAINERS, **DEVICES}

CATEGORIES: Final = tuple(_FAMILIES)
GRASPABLE: Final = frozenset(_LOOSE)  # fingers can take it from the table, and it stands by itself
TOPPLING: Final = frozenset({"pawn", "vase", "candle", "shaker", "pear", "onion", "flag"})
PUSHABLE: Final = frozenset(_LOOSE) - TOPPLING
CLUTTER: Final = ("mug", "pan", "bottle", "bowl", "box", "hammer", "can", "banana")


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
        friction=float(rng.uniform(*shape.friction)),
        albedo=draw_albedo(rng),
        dimensions={name: float(value) for name, value in shape.dimensions.items()},
        symmetry=shape.symmetry,
        grasps_O=shape.grasps_O,
        mechanism=shape.mechanism,
    )
