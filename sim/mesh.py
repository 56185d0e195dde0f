"""Closed triangle meshes as values, and how simple ones are made."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import trimesh

from mt3.errors import GeometryError
from mt3.types import FloatArray, IntArray, frozen_array


@dataclass(frozen=True, slots=True, eq=False)
class TriangleMesh:
    """Triangles with normals by the right-hand rule.

    Args:
        vertices: (V, 3), metres.
        faces: (F, 3), indices of vertices.

    Raises:
        GeometryError: Wrong shape, or a face that names no vertex.
    """

    vertices: FloatArray
    faces: IntArray

    def __post_init__(self) -> None:
        vertices = frozen_array("vertices", self.vertices, (None, 3))
        faces = frozen_array("faces", self.faces, (None, 3), np.intp)
        if faces.size == 0 or faces.min() < 0 or faces.max() >= len(vertices):
            raise GeometryError(
                f"faces: expected at least one, all naming one of {len(vertices)} vertices"
            )
        object.__setattr__(self, "vertices", vertices)
        object.__setattr__(self, "faces", faces)

    def __reduce__(self) -> tuple[Any, ...]:
        return (TriangleMesh, (self.vertices, self.faces))

    def is_watertight(self) -> bool:
        """Whether every edge joins exactly two faces."""
        return bool(_as_trimesh(self).is_watertight)

    def volume_m3(self) -> float:
        """Volume enclosed; positive where the faces look outward."""
        return float(_as_trimesh(self).volume)

    def center_of_mass(self) -> FloatArray:
        """Centre of the enclosed volume at uniform density, (3,), metres."""
        return np.asarray(_as_trimesh(self).center_mass, dtype=np.float64)


def revolve(profile_rz: Sequence[tuple[float, float]], sections: int) -> TriangleMesh:
    """Turn a profile about z.

    Args:
        profile_rz: Radius and height, metres; from the axis, around the outside, to the axis.
        sections: Number of facets of the circle.
    """
    built = trimesh.creation.revolve(np.asarray(profile_rz), sections=sections)
    return _outward(built)


def sweep(section: FloatArray, path: FloatArray, scale: FloatArray) -> TriangleMesh:
    """Move a section along a path in a plane that contains the path's side direction.

    Args:
        section: (S, 2), metres, convex and counter-clockwise: along the side direction, and
            across both it and the path.
        path: (N, 3), metres, in a plane.
        scale: (N,), factor on the section at each point of the path.
    """
    tangents = np.gradient(path, axis=0)
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
    side = _normal_of_plane(path)
    across = np.cross(tangents, side)
    rings = (
        path[:, None]
        + scale[:, None, None] * section[None, :, :1] * side
        + scale[:, None, None] * section[None, :, 1:] * across[:, None]
    )
    return _skin(rings)


def convex_hull(points: FloatArray) -> TriangleMesh:
    """The hull of (N, 3) points, metres."""
    return _outward(trimesh.convex.convex_hull(points))


def union(parts: Sequence[TriangleMesh]) -> TriangleMesh:
    """One closed mesh around all parts."""
    built = trimesh.boolean.union([_as_trimesh(part) for part in parts], engine="manifold")
    return TriangleMesh(np.asarray(built.vertices), np.asarray(built.faces))


def box_corners(lower: Sequence[float], upper: Sequence[float]) -> FloatArray:
    """Corners of an axis-aligned box, (8, 3)."""
    axes = np.stack([np.asarray(lower), np.asarray(upper)])
    index = np.indices((2, 2, 2)).reshape(3, -1).T
    return np.stack([axes[index[:, k], k] for k in range(3)], axis=1).astype(np.float64)


def _skin(rings: FloatArray) -> TriangleMesh:
    """Close (N, S, 3) rings into a tube with flat ends."""
    n_rings, n_sides = rings.shape[:2]
    ring, side = np.meshgrid(np.arange(n_rings - 1), np.arange(n_sides), indexing="ij")
    a = (ring * n_sides + side).ravel()
    b = (ring * n_sides + (side + 1) % n_sides).ravel()
    quads = [np.stack([a, b, b + n_sides], axis=1), np.stack([a, b + n_sides, a + n_sides], axis=1)]
    fan = np.stack(
        [np.zeros(n_sides - 2, int), np.arange(1, n_sides - 1), np.arange(2, n_sides)], axis=1
    )
    faces = np.concatenate([*quads, fan[:, ::-1], fan + (n_rings - 1) * n_sides])
    return _outward(trimesh.Trimesh(rings.reshape(-1, 3), faces, process=False))


def _normal_of_plane(path: FloatArray) -> FloatArray:
    _, _, axes = np.linalg.svd(path - path.mean(axis=0))
    return np.asarray(axes[2])


def _outward(built: trimesh.Trimesh) -> TriangleMesh:
    """The mesh, turned inside out where its consistently wound faces look inward."""
    faces = np.asarray(built.faces)
    return TriangleMesh(np.asarray(built.vertices), faces if built.volume > 0 else faces[:, ::-1])


def _as_trimesh(mesh: TriangleMesh) -> trimesh.Trimesh:
    return trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
