"""One joint position as the limits see it."""

from dataclasses import dataclass

from mt3.types import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where an arm is or would be.

    Args:
        joints: (n,), rad.
        p_W: Of E in W, (3,), metres.
        condition: Condition number of the Jacobian of E, metres and radians alike.
        excess: How far outside of each bound of the envelope, (K,); negative inside.
    """

    joints: FloatArray
    p_W: FloatArray
    condition: float
    excess: FloatArray
