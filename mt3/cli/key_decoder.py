"""From what a terminal sends to the names of keys."""

import codecs
import re

_NAMES = {
    "\r": "enter",
    "\n": "enter",
    " ": "space",
    "\t": "tab",
    "\x7f": "backspace",
    "\x08": "backspace",
}
_ARROWS = {"A": "up", "B": "down", "C": "right", "D": "left"}
_ESCAPE = "\x1b"
# ECMA-48: ESC [ parameters, intermediates, final; ESC O one; and the Linux console's ESC [ [ one.
_SEQUENCE = re.compile(
    r"\x1b(?:\[\[(?P<console>.)|\[[0-?]*[ -/]*(?P<final>[@-Z\\-~])|O[0-9;]*(?P<single>[@-~]))",
    re.DOTALL,
)
_BEGUN = re.compile(r"\x1b(?:\[\[?|\[[0-?]*[ -/]*|O[0-9;]*)?\Z")


class KeyDecoder:
    """Decodes a stream of UTF-8 and escape sequences, cut anywhere.

    Arrows are known in both modes of a terminal, with or without shift or control; other function
    keys have no name and are dropped, as are control characters. Pasted text is keys like any.
    """

    def __init__(self) -> None:
        self._utf8 = codecs.getincrementaldecoder("utf-8")(errors="ignore")
        self._pending = ""

    @property
    def waits(self) -> bool:
        """Whether what came ends within what may be an escape sequence, or the escape key."""
        return bool(self._pending)

    def feed(self, data: bytes) -> list[str]:
        """Names of the keys that have come in full, in order."""
        text = self._pending + self._utf8.decode(data)
        self._pending = ""
        names: list[str] = []
        at = 0
        while at < len(text):
            if text[at] != _ESCAPE:
                names += _name(text[at])
                at += 1
            elif sequence := _SEQUENCE.match(text, at):
                names += _arrow(sequence)
                at = sequence.end()
            elif _BEGUN.match(text, at):
                self._pending = text[at:]
                break
            else:
                names.append("escape")
                at += 1
        return names

    def flush(self) -> list[str]:
        """Nothing follows: what waits was the escape key, or a sequence that broke off."""
        text, self._pending = self._pending, ""
        if len(text) > 2:
            return []
        return ["escape", *text[1:]] if text else []


def _name(character: str) -> list[str]:
    if character in _NAMES:
        return [_NAMES[character]]
    return [character] if character.isprintable() else []


def _arrow(sequence: re.Match[str]) -> list[str]:
    final = sequence["final"] or sequence["single"]
    return [_ARROWS[final]] if final in _ARROWS else []
