"""Whoever stands beside a real robot says whether the task was done."""

import sys

from rich.console import Console
from rich.prompt import Prompt

from mt3.interfaces import Scene

_VERDICTS = {"y": True, "n": False, "": None}


class OperatorJudge:
    """Asks at the terminal; nobody judges where there is none.

    Args:
        scene: The workplace; it cannot tell.
    """

    name = "operator"

    def __init__(self, scene: Scene) -> None:
        self._console = Console(stderr=True)

    def success(self) -> bool | None:
        """What the operator says; None for an empty answer, or without a terminal."""
        if not sys.stdin.isatty():
            return None
        answer = Prompt.ask(
            "Was the task done? y, n, or nothing if you cannot say",
            console=self._console,
            choices=list(_VERDICTS),
            default="",
            show_choices=False,
            show_default=False,
        )
        return _VERDICTS[answer]
