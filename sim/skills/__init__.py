"""The tasks that can be staged, demonstrated and judged in the simulator."""

from collections.abc import Mapping
from types import MappingProxyType

from mt3.errors import ConfigurationError
from sim.skills.pick_up import PickUp
from sim.skills.place_on import PlaceOn
from sim.skills.push import Push
from sim.skills.skill import Skill

SKILLS: Mapping[str, Skill] = MappingProxyType(
    {skill.name: skill for skill in (PickUp(), Push(), PlaceOn())}
)


def skill_named(name: str) -> Skill:
    """The skill of that name.

    Raises:
        ConfigurationError: The simulator has no such skill.
    """
    if name not in SKILLS:
        raise ConfigurationError(f"skill: got {name!r}, expected one of {', '.join(SKILLS)}")
    return SKILLS[name]


__all__ = ["SKILLS", "PickUp", "PlaceOn", "Push", "Skill", "skill_named"]
