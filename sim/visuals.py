"""Visual meshes of bodies that a physics world holds, light enough to cast rays at."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import trimesh

from mt3.errors import ConfigurationError
from sim.bullet import Bullet, VisualShape
from sim.mesh import TriangleMesh, box_corners, convex_hull
from sim.raycasting import decimate

# With 2,000 the Panda's links stray from their files by 1.1 mm (99th percentile, worst link).
_TRIANGLES_PER_SHAPE: Final = 2000


@dataclass(frozen=True, slots=True, eq=False)
class LinkVisual:
    """The mesh of one link in that link's frame, and its colour."""

    mesh: TriangleMesh
    albedo: tuple[float, float, float]


def load_link_visuals(bullet: Bullet, body: int) -> Mapping[int, LinkVisual]:
    """Visual meshes of a body's links, decimated, by link number (-1 is the base).

    Raises:
        ConfigurationError: A link with several visual shapes.
    """
    visuals: dict[int, LinkVisual] = {}
    for shape in bullet.visual_shapes(body):
        if shape.link in visuals:
            raise ConfigurationError(f"link {shape.link}: got several visual shapes, expected one")
        visuals[shape.link] = LinkVisual(_mesh_in_link(shape), shape.color)
    return visuals


def _mesh_in_link(shape: VisualShape) -> TriangleMesh:
    if shape.mesh_path is None:
        half = (shape.size / 2).tolist()
        return convex_hull(shape.T_LV @ box_corners([-side for side in half], half))
    mesh = _load_decimated(shape.mesh_path)
    return TriangleMesh(shape.T_LV @ (mesh.vertices * shape.size), mesh.faces)


@cache
def _load_decimated(path: Path) -> TriangleMesh:
    """Mesh of a file, each position one vertex; read once in a process."""
    loaded = trimesh.load_mesh(path, process=False, skip_materials=True)
    vertices, position = np.unique(np.asarray(loaded.vertices), axis=0, return_inverse=True)
    faces = position.reshape(-1)[np.asarray(loaded.faces)]
    return decimate(TriangleMesh(vertices, faces), _TRIANGLES_PER_SHAPE)
