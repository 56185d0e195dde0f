"""The random shapes that ship with PyBullet, as objects: nobody designed them to be easy."""

import re
from pathlib import Path

import numpy as np
import pybullet_data
import trimesh

from mt3.errors import ConfigurationError
from sim.mesh import TriangleMesh, box_corners
from sim.objects.model import ObjectModel

RANDOM_SHAPES = 1000
_ALBEDO = (0.55, 0.60, 0.65)


def random_shape(number: int) -> ObjectModel:
    """One of PyBullet's ``random_urdfs``, upright as modelled, resting on z = 0.

    The mesh is a pile of convex parts, each closed; rays see the union of them. For pictures only:
    its collision part is its bounding box.

    Args:
        number: 0 to 999.

    Raises:
        ConfigurationError: Another number.
    """
    if not 0 <= number < RANDOM_SHAPES:
        raise ConfigurationError(f"number: got {number}, expected 0 to {RANDOM_SHAPES - 1}")
    folder = Path(pybullet_data.getDataPath()) / "random_urdfs" / f"{number:03d}"
    urdf = (folder / f"{number:03d}.urdf").read_text(encoding="utf-8")
    scale = re.search(r'scale="([0-9.]+) ', urdf)
    if scale is None:
        raise ConfigurationError(f"{folder}: got a URDF without a scale")
    loaded = trimesh.load_mesh(folder / f"{number:03d}.obj", process=False)
    vertices = np.asarray(loaded.vertices, dtype=np.float64) * float(scale.group(1))
    lower, upper = vertices.min(axis=0), vertices.max(axis=0)
    vertices -= [*(0.5 * (lower + upper))[:2], lower[2]]
    size = upper - lower
    half = 0.5 * size
    return ObjectModel(
        category="shape",
        seed=number,
        mesh=TriangleMesh(vertices, np.asarray(loaded.faces)),
        collision_parts=(box_corners([-half[0], -half[1], 0.0], [half[0], half[1], size[2]]),),
        mass_kg=0.1,
        friction=0.8,
        albedo=_ALBEDO,
        dimensions={"length": float(size[0]), "width": float(size[1]), "height": float(size[2])},
        symmetry="none",
    )
