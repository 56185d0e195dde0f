"""What the scripts of this folder take on their command lines."""

import argparse
from collections.abc import Callable


def at_least(least: int) -> Callable[[str], int]:
    """A type for ``argparse``: a whole number from some number on."""

    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"got {text}, expected a whole number from {least} on")
        return int(text)

    return parse
