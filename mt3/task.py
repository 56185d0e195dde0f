"""What is to be done, read from a person's words."""

import difflib
import re
from dataclasses import dataclass

from mt3.errors import TaskError
from mt3.skill_grammar import SKILLS

_POLITE = re.compile(r"^(?:(?:please|now|then|robot|can you|could you|would you|kindly) )+")
_DETERMINER = re.compile(r"^(?:(?:the|a|an|my|your|our|this|that|some|one)(?: |$))+")
_PARTICLES = frozenset(
    ("up", "down", "on", "off", "in", "into", "from", "to", "with", "left", "right")
)
_ON_THE_TABLE = re.compile(r" (?:on|from|off) (?:the )?(?:table|tabletop|desk)$")
_NUMBER_SUFFIX = re.compile(r"(?:_\d+)+$")
_NEAREST = 3
_MAX_LENGTH = 200  # reading costs the cube of the length


@dataclass(frozen=True, slots=True)
class TaskDescription:
    """A task.

    Args:
        skill: Name of the skill, one of ``mt3.skill_grammar.SKILLS``, such as ``pick_up``.
        target_object: The object acted on; the one that is segmented and registered.
        other_object: The second object, where the skill has one: what is already in the hand
            (place, pour, ...), or where the target is taken from (pick up from).
        text: The words it was read from.

    Raises:
        TaskError: Unknown skill, or no target object.
    """

    skill: str
    target_object: str
    other_object: str | None
    text: str

    def __post_init__(self) -> None:
        if self.skill not in SKILLS:
            raise TaskError(f"skill: got {self.skill!r}, expected one of {', '.join(SKILLS)}")
        if not self.target_object.strip():
            raise TaskError("target_object: got no words, expected the object acted on")

    @classmethod
    def parse(cls, text: str) -> "TaskDescription":
        """Read a task from a sentence, or from a folder name of the official release.

        Of several readings the one with two objects wins, then the one whose object named first
        is the shortest: the first preposition that can part two objects does.

        Args:
            text: Such as "pick up the red mug from the shelf" or ``pick_up_red_mug_001``; the
                number at the end of a folder name is dropped.

        Raises:
            TaskError: No skill can be read; names the nearest skills and how they are said.
        """
        words = _normalise(text)
        if len(words) > _MAX_LENGTH:
            raise TaskError(f"task: got {len(words)} letters, expected at most {_MAX_LENGTH}")
        readings = []
        for skill in SKILLS.values():
            for match in skill.readings(words):
                objects = {role: _object(named) for role, named in match.groupdict().items()}
                if all(objects.values()):
                    rank = (-len(objects), match.end(1) - match.start(1))
                    readings.append((rank, skill.name, objects))
        if not readings:
            raise _unreadable(text, words)
        _, name, objects = min(readings, key=lambda reading: reading[0])
        return cls(name, objects["target"], objects.get("other"), text.strip())

    def as_words(self) -> str:
        """The task in canonical words, without articles; ``parse`` reads it back."""
        return SKILLS[self.skill].say(self.target_object, self.other_object)


def _normalise(text: str) -> str:
    """Lower case, single spaces, no politeness or closing punctuation, no folder number."""
    words = text.strip().lower()
    if not re.search(r"\s", words):
        words = _NUMBER_SUFFIX.sub("", words).replace("_", " ")
    words = re.sub(r"[,;:!?\"]|\.(?=\s|$)", " ", words)
    words = " ".join(words.split())
    return _POLITE.sub("", words).removesuffix(" please")


def _object(words: str) -> str:
    """An object's words without article, and without the table everything stands on.

    Empty if they name nothing.
    """
    words = _DETERMINER.sub("", _ON_THE_TABLE.sub("", words)).strip()
    names_nothing = _PARTICLES.issuperset(words.split()) or not re.search(r"[^\W\d]", words)
    return "" if names_nothing else words


def _unreadable(text: str, words: str) -> TaskError:
    """The error for words that fit no skill, naming the skills whose words are nearest."""
    said = {skill.say("<object>", "<other>"): skill for skill in SKILLS.values()}
    first = words.split(" ")[0] if words else ""

    def nearness(phrase: str) -> float:
        verb = difflib.SequenceMatcher(None, first, re.split(r"[ -]", phrase)[0]).ratio()
        return 2.0 * verb + difflib.SequenceMatcher(None, words, phrase).ratio()

    nearest = sorted(said, key=nearness, reverse=True)[:_NEAREST]
    spoken = " or ".join(f'"{phrase}"' for phrase in nearest)
    return TaskError(f'task: got "{text}", expected a skill and its objects, such as {spoken}')
