"""What commands of a scene go through, wherever the safety gate and the loop behind it run."""

from collections.abc import Mapping
from typing import Protocol

from mt3.execution.interaction import Interaction
from mt3.execution.interaction_log import InteractionLog
from mt3.interfaces import FreedriveArm
from mt3.safety import Surroundings


class ControlledArm(FreedriveArm, Protocol):
    """An arm behind the safety gate; see ``GuardedArm``."""

    @property
    def guided(self) -> bool:
        """Whether a hand moves the arm; ends with every stop."""
        ...

    @property
    def interventions(self) -> Mapping[str, int]:
        """How many commands were changed, by the name of the ``Limit``."""
        ...

    def set_surroundings(self, surroundings: Surroundings | None) -> None:
        """Say what stands around the arm from now on; see ``GuardedArm.set_surroundings``."""
        ...


class Control(Protocol):
    """The guarded arm of a scene, and the loop that follows references with it."""

    @property
    def arm(self) -> ControlledArm:
        """The only way to move the arm."""
        ...

    def run(self, interaction: Interaction) -> InteractionLog:
        """Follow a reference; see ``Interaction.run``."""
        ...

    def request_stop(self) -> None:
        """Stop the arm, whatever is under way, and move no more; any thread may ask.

        Raises:
            NotConnectedError: There is nothing to stop.
        """
        ...

    def release_stop(self) -> None:
        """Let an arm that rests move again after ``request_stop``."""
        ...
