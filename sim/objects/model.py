"""What the simulator knows of one object."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from mt3.geometry import SE3
from mt3.types import FloatArray, frozen_array
from sim.mesh import TriangleMesh
from sim.objects.mechanism import Mechanism

Symmetry: TypeAlias = Literal["none", "2-fold", "full"]


@dataclass(frozen=True, slots=True, eq=False)
class ObjectModel:
    """An object in its own frame O: z up, resting on z = 0, origin under its body's centre.

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
        grasps_O: Poses ``T_OE``, all pointing down, from which fingers can close on it; each is as
            good turned by half a turn. None where it is not to be taken from the table.
        mechanism: Its moving part; without one it is rigid and free.
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
    grasps_O: tuple[SE3, ...] = ()
    mechanism: Mechanism | None = None

    def __post_init__(self) -> None:
        parts = tuple(frozen_array("part", part, (None, 3)) for part in self.collision_parts)
        object.__setattr__(self, "collision_parts", parts)
        object.__setattr__(self, "dimensions", MappingProxyType(dict(self.dimensions)))

    def __reduce__(self) -> tuple[Any, ...]:
        fields = (self.category, self.seed, self.mesh, self.collision_parts, self.mass_kg)
        look = (self.friction, self.albedo, dict(self.dimensions), self.symmetry)
        return (ObjectModel, (*fields, *look, self.grasps_O, self.mechanism))

    def center_of_mass_O(self) -> FloatArray:
        """Centre of mass at uniform density, (3,), metres, in O."""
        return self.mesh.center_of_mass()
