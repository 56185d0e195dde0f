"""The words for an object: which of them is its class, and how alike two are."""

import difflib
import re
from dataclasses import dataclass

_POST_MODIFIER = re.compile(r" (?:of|with|on|in|from|for|to|at|by|near|that|which) ")
_SAME_CLASS = (
    ("mug", "cup", "teacup", "beaker"),
    ("pan", "skillet", "saucepan"),
    ("can", "tin"),
    ("box", "carton", "package", "packet"),
    ("bottle", "flask"),
    ("bowl", "basin"),
    ("hammer", "mallet"),
    ("couch", "sofa"),
    ("rag", "cloth"),
    ("table", "tabletop", "desk"),
    ("tv", "television"),
    ("shelf", "rack"),
)
_CANONICAL = {word: group[0] for group in _SAME_CLASS for word in group}


@dataclass(frozen=True, slots=True)
class ObjectName:
    """An object's words, taken apart.

    Args:
        head: Canonical singular of its class: "mug" of "two red cups with a handle".
        modifiers: All its other words.
    """

    head: str
    modifiers: frozenset[str]

    @classmethod
    def parse(cls, words: str) -> "ObjectName":
        """Take apart the words for an object."""
        tokens = words.lower().split()
        head = _POST_MODIFIER.split(" ".join(tokens))[0].split(" ")[-1]
        return cls(_class_of(head), frozenset(tokens) - {head})

    def class_similarity(self, other: "ObjectName") -> float:
        """1 for the same class; below 1 how alike the two words are spelled."""
        if self.head == other.head:
            return 1.0
        return min(0.99, difflib.SequenceMatcher(None, self.head, other.head).ratio())

    def modifier_similarity(self, other: "ObjectName") -> float:
        """Share of the modifiers of either that both have; 1 where neither has any."""
        either = self.modifiers | other.modifiers
        return len(self.modifiers & other.modifiers) / len(either) if either else 1.0


def _class_of(word: str) -> str:
    singular = _singular(word)
    return _CANONICAL.get(word, _CANONICAL.get(singular, singular))


def _singular(word: str) -> str:
    if re.search(r"(?:s|x|z|ch|sh)es$", word):
        return word[:-2]
    if re.search(r"[^aiou]ies$", word):
        return word[:-3] + "y"
    return word[:-1] if re.search(r"[^siu]s$", word) and len(word) > 3 else word
