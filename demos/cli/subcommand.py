"""What one verb of ``mt3-demos`` is."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from rich.console import Console

from mt3.cli.outcome import Outcome
from mt3.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Subcommand:
    """One verb of ``mt3-demos``.

    Args:
        name: As typed.
        help_lines: Its lines of the command's help: what is typed, and what it does.
        add_arguments: Adds its own arguments to a parser; ``--library`` and ``--json`` are there.
        run: Does the work; gets the parsed arguments, and a console for people. With ``--json``
            the outcome's document is all that is printed on standard output.
    """

    name: str
    help_lines: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Console], Outcome]


class Parser(argparse.ArgumentParser):
    """A parser whose errors and help are ours."""

    def error(self, message: str) -> NoReturn:
        """Turn a wrong use into an error that points to the help."""
        raise ConfigurationError(f"{message} (see mt3-demos --help)")
