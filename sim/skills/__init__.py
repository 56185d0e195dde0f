"""The tasks that can be staged, demonstrated and judged in the simulator."""

from collections.abc import Mapping
from types import MappingProxyType

from mt3.errors import ConfigurationError
from sim.skills.beads import BEADS
from sim.skills.hang_on import HangOn
from sim.skills.insert_into import InsertInto
from sim.skills.operate import OPERATIONS
from sim.skills.pick_up import PickUp
from sim.skills.place_in import PlaceIn
from sim.skills.place_next_to import PlaceNextTo
from sim.skills.place_on import PlaceOn
from sim.skills.pull import Pull
from sim.skills.push import Push
from sim.skills.regrasp_on import RegraspOn
from sim.skills.rub import RUBBING
from sim.skills.shake import Shake
from sim.skills.skill import Cast, Skill
from sim.skills.stack import Stack
from sim.skills.stir_in import StirIn
from sim.skills.take_from import PICK_UP_FROM, REMOVE_FROM

_ALL: tuple[Skill, ...] = (
    PickUp(),
    PICK_UP_FROM,
    REMOVE_FROM,
    RegraspOn(),
    PlaceOn(),
    PlaceIn(),
    PlaceNextTo(),
    Stack(),
    InsertInto(),
    HangOn(),
    Push(),
    Pull(),
    Shake(),
    StirIn(),
    *BEADS,
    *RUBBING,
    *OPERATIONS,
)

SKILLS: Mapping[str, Skill] = MappingProxyType({skill.name: skill for skill in _ALL})


def skill_named(name: str) -> Skill:
    """The skill of that name.

    Raises:
        ConfigurationError: The simulator has no such skill.
    """
    if name not in SKILLS:
        raise ConfigurationError(f"skill: got {name!r}, expected one of {', '.join(SKILLS)}")
    return SKILLS[name]


__all__ = ["SKILLS", "Cast", "PickUp", "PlaceOn", "Push", "Skill", "skill_named"]
