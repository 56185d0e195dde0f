"""Collision pairs of the arm with itself and with shapes around it, on coal."""

import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import coal
import numpy as np
import pinocchio as pin
from scipy.spatial import ConvexHull

from mt3.geometry import SE3
from mt3.motion.convex_region import convex_hull
from mt3.motion.kinematic_chain import KinematicChain
from mt3.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A rigid shape that takes part in collision checks.

    Args:
        name: What messages call it.
        joint: The joint of the chain it moves with; 0 stands still in B.
        T_joint_shape: Its pose in that joint's frame, in B for joint 0.
        shape: A coal geometry.
    """

    name: str
    joint: int
    T_joint_shape: SE3
    shape: coal.CollisionGeometry


def convex_shape(points: FloatArray) -> coal.CollisionGeometry:
    """Coal's convex hull of points, (N, 3), metres.

    Raises:
        GeometryError: They have no volume.
    """
    hull = convex_hull(points)
    corners = points[hull.vertices]
    index = np.full(len(points), -1)
    index[hull.vertices] = np.arange(len(hull.vertices))
    outward = _oriented(points, hull)
    vertices, triangles = coal.StdVec_Vec3s(), coal.StdVec_Triangle()
    for corner in corners:
        vertices.append(corner)
    for a, b, c in index[outward].tolist():
        triangles.append(coal.Triangle(a, b, c))
    return coal.Convex(vertices, triangles)


def box_shape(size_m: FloatArray) -> coal.CollisionGeometry:
    """A box about the origin with sides (3,) along its axes, metres."""
    return coal.Box(*size_m.tolist())


def half_space_shape() -> coal.CollisionGeometry:
    """Everything below the plane z = 0."""
    return coal.Halfspace(np.array([0.0, 0.0, 1.0]), 0.0)


def height_field_shape(
    size_m: tuple[float, float], height_m: FloatArray, floor_m: float
) -> coal.CollisionGeometry:
    """A surface over a rectangle centred at the origin, solid down to a floor.

    Args:
        size_m: Extents along x and y.
        height_m: Heights on the grid's vertices, (rows, columns): columns along +x, rows along -y.
        floor_m: Lower end of the solid.
    """
    return coal.HeightFieldAABB(size_m[0], size_m[1], height_m, floor_m)


def _oriented(points: FloatArray, hull: ConvexHull) -> IntArray:
    """Triangles of a hull with their corners counter-clockwise seen from outside."""
    triangles = hull.simplices.astype(np.intp)
    a, b, c = (points[triangles[:, k]] for k in range(3))
    inward = np.einsum("ij,ij->i", np.cross(b - a, c - a), hull.equations[:, :3]) < 0
    triangles[inward] = triangles[inward][:, ::-1]
    return triangles


class CollisionChecker:
    """Tells whether chosen pairs of bodies touch at a joint position.

    Args:
        chain: The arm.
        bodies: What can touch.
        pairs: Indices into ``bodies`` of the pairs to check.
        margin_m: Nearer than this counts as touching.
    """

    def __init__(
        self,
        chain: KinematicChain,
        bodies: Sequence[Body],
        pairs: Collection[tuple[int, int]],
        margin_m: float = 0.0,
    ) -> None:
        self._model = chain.model
        self._data = chain.model.createData()
        self._names = [body.name for body in bodies]
        self._geometry = pin.GeometryModel()
        T_root_B = SE3(chain.T_B_root).inverse()
        for body in bodies:
            pose = body.T_joint_shape if body.joint else T_root_B @ body.T_joint_shape
            self._geometry.addGeometryObject(
                pin.GeometryObject(
                    f"{body.name}_{self._geometry.ngeoms}",
                    body.joint,
                    pin.SE3(pose.matrix),
                    body.shape,
                )
            )
        self._pairs = list(pairs)
        for a, b in self._pairs:
            self._geometry.addCollisionPair(pin.CollisionPair(a, b))
        self._geometry_data = self._geometry.createData()
        _forget_guesses(self._geometry_data)
        for request in self._geometry_data.collisionRequests:
            request.security_margin = margin_m

    def collides(self, q: FloatArray) -> bool:
        """Whether any pair touches at joints (n,) rad."""
        return bool(
            self._pairs
            and pin.computeCollisions(
                self._model, self._data, self._geometry, self._geometry_data, q, True
            )
        )

    def gap_m(self, q: FloatArray) -> float:
        """Least distance of any pair at joints (n,) rad, negative where they are in each other."""
        pin.computeDistances(self._model, self._data, self._geometry, self._geometry_data, q)
        results = self._geometry_data.distanceResults
        return min((float(result.min_distance) for result in results), default=np.inf)

    def touching(self, q: FloatArray) -> list[tuple[int, int]]:
        """Indices of all pairs of bodies that touch at joints (n,) rad."""
        if not self._pairs:
            return []
        pin.computeCollisions(
            self._model, self._data, self._geometry, self._geometry_data, q, False
        )
        results = self._geometry_data.collisionResults
        return [
            pair for pair, result in zip(self._pairs, results, strict=True) if result.isCollision()
        ]

    def describe(self, q: FloatArray) -> str:
        """Names of the bodies that touch at joints (n,) rad, empty if none do."""
        names = [f"{self._names[a]} with {self._names[b]}" for a, b in self.touching(q)]
        return ", ".join(names)


def _forget_guesses(data: pin.GeometryData) -> None:
    """Begin every check anew: one that starts from the last answer missed contacts of 0.1 mm.

    Source: ``QueryRequest`` of coal 3; its flag is deprecated but on, and has no other switch.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for request in data.collisionRequests:
            request.enable_cached_gjk_guess = False
