"""What is to be done, read from a person's words (see parse)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TaskDescription:
    """A task.

    Args:
        skill: Name of the skill, such as ``pick_up`` or ``place_on``.
        target_object: The object acted on; the one that is segmented and registered.
        other_object: The second object, where the skill has one: what is already in the hand
            (place, pour, ...), or where the target is taken from (pick up from).
        text: The words it was read from.
    """

    skill: str
    target_object: str
    other_object: str | None
    text: str
