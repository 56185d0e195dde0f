"""The part of an object that moves against its body, and where a hand moves it."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from scipy.spatial.transform import Rotation

from mt3.geometry import SE3
from mt3.types import FloatArray, frozen_array
from sim.mesh import TriangleMesh

JointKind: TypeAlias = Literal["revolute", "prismatic"]


@dataclass(frozen=True, slots=True, eq=False)
class Handle:
    """How a hand moves a part.

    Args:
        T_OE: The tool where it takes hold, or touches, with the part at the start of its travel.
        grips: The fingers close on it; else the closed fingers push.
        turns: The hand turns with the part; else the part turns between or against the fingers.
        offset_O: Of the tool from the point of the part that it touches, where it does not turn.
        approach_O: Where the tool comes from, (3,), metres, added to where it takes hold.
    """

    T_OE: SE3
    grips: bool = True
    turns: bool = True
    offset_O: tuple[float, float, float] = (0.0, 0.0, 0.0)
    approach_O: tuple[float, float, float] = (0.0, 0.0, 0.09)


@dataclass(frozen=True, slots=True, eq=False)
class Mechanism:
    """One moving part and its joint. While it has one, the object's body is fixed to the table.

    Args:
        mesh: Closed mesh of the part in O, at fraction 0.
        collision_parts: Convex parts of it, each the (N, 3) points of a hull in O, metres.
        mass_kg: Mass of the part.
        albedo: Red, green and blue, each in [0, 1].
        kind: Of the joint.
        p_O: A point of its axis, (3,), metres.
        axis_O: Direction of its axis, (3,), unit length; positive travel turns by the right hand.
        travel: From fraction 0 to fraction 1, rad or metres.
        friction: What the joint resists with at rest, N m or N.
        spring: What drives it back to fraction 0, N m or N.
        forward: How to move it towards fraction 1; one way or several.
        backward: How to move it towards fraction 0.
    """

    mesh: TriangleMesh
    collision_parts: tuple[FloatArray, ...]
    mass_kg: float
    albedo: tuple[float, float, float]
    kind: JointKind
    p_O: FloatArray
    axis_O: FloatArray
    travel: float
    friction: float
    spring: float = 0.0
    forward: tuple[Handle, ...] = ()
    backward: tuple[Handle, ...] = ()

    def __post_init__(self) -> None:
        parts = tuple(frozen_array("part", part, (None, 3)) for part in self.collision_parts)
        object.__setattr__(self, "collision_parts", parts)
        object.__setattr__(self, "p_O", frozen_array("p_O", self.p_O, (3,)))
        axis = np.asarray(self.axis_O, dtype=np.float64)
        object.__setattr__(
            self, "axis_O", frozen_array("axis_O", axis / np.linalg.norm(axis), (3,))
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return (Mechanism, tuple(getattr(self, name) for name in self.__slots__))

    def motion_O(self, fraction: float) -> SE3:
        """Motion in O that takes the part from fraction 0 to another."""
        amount = fraction * self.travel
        if self.kind == "prismatic":
            return SE3.from_translation(amount * self.axis_O)
        R = Rotation.from_rotvec(amount * self.axis_O).as_matrix()
        return SE3.from_rotation_translation(R, self.p_O - R @ self.p_O)

    def tool_O(self, handle: Handle, fraction: float) -> SE3:
        """``T_OE`` of a tool that stays at a handle, at a fraction of the travel."""
        motion_O = self.motion_O(fraction)
        if handle.turns:
            return motion_O @ handle.T_OE
        offset_O = np.array(handle.offset_O)
        p_O = motion_O @ (handle.T_OE.t - offset_O) + offset_O
        return SE3.from_rotation_translation(handle.T_OE.R, p_O)
