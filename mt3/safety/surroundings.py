"""What stands around an arm, and what of it may be touched at the moment."""

from dataclasses import dataclass, replace
from typing import Any

from mt3.motion.obstacles import Obstacles
from mt3.types import FloatArray, frozen_array, require_finite


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """Obstacles and what is in the hand, as plain values for any process.

    Args:
        obstacles: What stands on the table, the target object apart.
        held_p_E: Points of what is in the hand, (N, 3), metres in E; None with an empty hand.
        contact_allowance_m: None while nothing may be touched. During an interaction the least
            height of E over the table, which replaces the table's margin; the tool and what it
            holds may then touch the target object, and the fingers and what they hold the table.

    Raises:
        GeometryError: Wrong shape, or a value that is not finite.
    """

    obstacles: Obstacles
    held_p_E: FloatArray | None = None
    contact_allowance_m: float | None = None

    def __post_init__(self) -> None:
        if self.held_p_E is not None:
            object.__setattr__(self, "held_p_E", frozen_array("held_p_E", self.held_p_E, (None, 3)))
        if self.contact_allowance_m is not None:
            require_finite("contact_allowance_m", self.contact_allowance_m)

    def __reduce__(self) -> tuple[Any, ...]:
        return (Surroundings, (self.obstacles, self.held_p_E, self.contact_allowance_m))

    def in_contact(self, contact_allowance_m: float) -> "Surroundings":
        """The same during an interaction, whose tool goes down to a height over the table."""
        return replace(self, contact_allowance_m=contact_allowance_m)
