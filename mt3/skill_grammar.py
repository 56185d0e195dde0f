"""The skills a task can name, and the words that name them.

The list and the first phrase of each skill follow the folder names of the official release
("Learning a Thousand Tasks in a Day", 36 templates, 37 skills). One role differs from its parser:
``pick_up_from`` acts on what is picked up, because that is what gets segmented and registered.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum


class OtherRole(Enum):
    """What a skill's second object is when the interaction begins."""

    NONE = "none"
    IN_HAND = "in_hand"
    SURROUNDING = "surrounding"


@dataclass(frozen=True, slots=True)
class Skill:
    """One skill.

    Args:
        name: As in ``TaskDescription.skill``.
        other: What the object is that is not acted on.
        phrases: How it is said, the canonical phrase first. In a phrase, ``{target}`` is the
            object acted on, ``{other}`` the second one, ``*`` any words that are not kept,
            ``a|b`` a choice, and ``_`` inside a word a space, hyphen or underscore.
    """

    name: str
    other: OtherRole
    phrases: tuple[str, ...]
    _patterns: tuple[re.Pattern[str], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        patterns = tuple(_compile(phrase) for phrase in self.phrases)
        object.__setattr__(self, "_patterns", patterns)

    def say(self, target: str, other: str | None) -> str:
        """The canonical words for this skill with these objects."""
        words = (word.split("|")[0].replace("_", " ") for word in self.phrases[0].split())
        return " ".join(words).format(target=target, other=other)

    def readings(self, words: str) -> Iterator[re.Match[str]]:
        """Every way to read normalised words as this skill; groups ``target`` and ``other``."""
        for pattern in self._patterns:
            match = pattern.fullmatch(words)
            if match:
                yield match


def _compile(phrase: str) -> re.Pattern[str]:
    parts = []
    for word in phrase.split():
        if word == "*":
            parts.append(r".+?")
        elif word.startswith("{"):
            parts.append(rf"(?P<{word[1:-1]}>.+?)")
        else:
            choices = sorted(word.split("|"), key=len, reverse=True)
            parts.append("(?:" + "|".join(map(re.escape, choices)).replace("_", "[ -]") + ")")
    return re.compile(" ".join(parts))


_ONE, _HAND, _AROUND = OtherRole.NONE, OtherRole.IN_HAND, OtherRole.SURROUNDING
_ALL = (
    Skill(
        "pick_up",
        _ONE,
        ("pick_up|grab|grasp|take|get|fetch|lift|lift_up|pick {target}", "pick|lift {target} up"),
    ),
    Skill(
        "pick_up_from",
        _AROUND,
        (
            "pick_up|grab|grasp|take|get|fetch|lift|lift_up|pick {target} from|out_of {other}",
            "pick_up|grab|grasp|get|fetch|lift|lift_up|pick {target} on|in|off {other}",
            "pick|lift {target} up from|off|out_of|on|in {other}",
        ),
    ),
    # The official folder name has one template for three skills, written "on/in/next_to".
    Skill(
        "place_on",
        _HAND,
        (
            "place|put|set|lay|put_down|set_down {other} "
            "on|onto|on_top_of|upon|on/in/next_to {target}",
        ),
    ),
    Skill("place_in", _HAND, ("place|put|drop {other} in|into|inside {target}",)),
    Skill(
        "place_next_to", _HAND, ("place|put|set {other} next_to|beside|by|close_to|near {target}",)
    ),
    Skill(
        "pour_from_into",
        _HAND,
        (
            "pour_from {other} into|in|to {target}",
            "pour * from {other} into|in|to {target}",
            "pour {other} into|in {target}",
        ),
    ),
    Skill("insert_into", _HAND, ("insert|plug|stick {other} into|in {target}",)),
    Skill("scoop_from", _HAND, ("scoop {other} from|out_of {target}",)),
    Skill("open", _ONE, ("open|open_up {target}",)),
    Skill("close", _ONE, ("close|shut {target}",)),
    Skill("stir_in", _HAND, ("stir {other} in {target}", "stir {target} with {other}")),
    Skill("fold", _ONE, ("fold|fold_up {target}", "fold {target} up")),
    Skill("unfold", _ONE, ("unfold {target}",)),
    Skill("iron", _ONE, ("iron {target}",)),
    Skill("swipe_on", _HAND, ("swipe {other} on {target}",)),
    Skill("turn_on", _ONE, ("turn_on|switch_on {target}", "turn|switch {target} on")),
    Skill("turn_off", _ONE, ("turn_off|switch_off {target}", "turn|switch {target} off")),
    Skill("wipe_with", _HAND, ("wipe|clean {target} with {other}",)),
    Skill("shake", _ONE, ("shake {target}",)),
    Skill("dust_with", _HAND, ("dust {target} with {other}",)),
    Skill("hang_on", _HAND, ("hang|hang_up {other} on|onto {target}",)),
    Skill("zip", _ONE, ("zip|zip_up {target}", "zip {target} up")),
    Skill("unzip", _ONE, ("unzip {target}",)),
    Skill("light", _ONE, ("light|ignite {target}",)),
    Skill("push", _ONE, ("push|shove|nudge|slide {target}",)),
    Skill("pull", _ONE, ("pull|drag|tug {target}",)),
    Skill(
        "twist-clockwise",
        _ONE,
        ("twist-clockwise {target}", "twist|turn|rotate {target} clockwise"),
    ),
    Skill(
        "twist-anticlockwise",
        _ONE,
        (
            "twist-anticlockwise|twist-counterclockwise {target}",
            "twist|turn|rotate {target} anticlockwise|counterclockwise|counter_clockwise",
        ),
    ),
    Skill("press", _ONE, ("press|press_down|push_down {target}", "press|push {target} down")),
    Skill("turn-left", _ONE, ("turn-left {target}", "turn {target} left|to_the_left")),
    Skill("turn-right", _ONE, ("turn-right {target}", "turn {target} right|to_the_right")),
    Skill(
        "remove_from", _AROUND, ("remove {target} from {other}", "take|pull {target} off {other}")
    ),
    Skill("wash_with", _HAND, ("wash|rinse {target} with {other}",)),
    Skill("fill_with", _HAND, ("fill|fill_up {target} with {other}",)),
    Skill("sharpen_with", _HAND, ("sharpen {other} with {target}",)),
    Skill("stack", _ONE, ("stack {target}",)),
    Skill("regrasp_on", _HAND, ("regrasp {other} on {target}",)),
)

SKILLS: dict[str, Skill] = {skill.name: skill for skill in _ALL}
"""All skills by name."""
