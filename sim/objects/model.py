"""What the simulator knows of one rigid object."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from mt3.types import FloatArray, frozen_array
from sim.mesh import TriangleMesh

Symmetry: TypeAlias = Literal["none", "2-fold", "full"]


@dataclass(frozen=True, slots=True, eq=False)
class ObjectModel:
    """A rigid object in its own frame O: z up, resting on z = 0, origin under its body's centre.

    Args:
        category: Name of its class.
        seed: Which shape of the class.
        mesh: Closed visual mesh in O.
        collision_parts: Convex parts, each the (N, 3) points of a hull in O, metres.
        mass_kg: Mass.
        friction: Coulomb coefficient of its surface.
        albedo: Red, green and blue, each in [0, 1].
        dimensions: Named lengths, metres, for whoever must grasp it; each family names its own.
        symmetry: Turns about z that leave the shape as it was.
    """

    category: str
    seed: int
    mesh: TriangleMesh
    collision_parts: tuple[FloatArray, ...]
    mass_kg: float
    friction: float
    albedo: tuple[float, float, float]
    dimensions: Mapping[str, float]
    symmetry: Symmetry

    def __post_init__(self) -> None:
        parts = tuple(frozen_array("part", part, (None, 3)) for part in self.collision_parts)
        object.__setattr__(self, "collision_parts", parts)
        object.__setattr__(self, "dimensions", MappingProxyType(dict(self.dimensions)))

    def __reduce__(self) -> tuple[Any, ...]:
        fields = (self.category, self.seed, self.mesh, self.collision_parts, self.mass_kg)
        look = (self.friction, self.albedo, dict(self.dimensions), self.symmetry)
        return (ObjectModel, (*fields, *look))

    def center_of_mass_O(self) -> FloatArray:
        """Centre of mass at uniform density, (3,), metres, in O."""
        return self.mesh.center_of_mass()
