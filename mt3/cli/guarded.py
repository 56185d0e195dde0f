"""What every command shares: help, output for people or machines, errors as exit codes.

Knows no hydra, which takes longer to import than a short command takes.
"""

import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from typing import IO, TextIO

from rich.console import Console
from rich.logging import RichHandler

from mt3.cli.interrupt import remembered_interrupts, was_interrupted
from mt3.cli.outcome import ExitCode, Outcome, outcome_of_error, outcome_of_own_error
from mt3.errors import Mt3Error

Explain = Callable[[Exception], Outcome | None]


def _unexplained(error: Exception) -> None:
    """Knows no error of a library."""


def run_guarded(
    name: str,
    body: Callable[[Console], Outcome],
    as_json: bool,
    reserve_stdout: bool = True,
    explain: Explain = _unexplained,
) -> int:
    """Run the body of a command with output, logging and errors handled; returns its exit code.

    Args:
        name: Of the command, for messages.
        body: Does the work; prints for people on the console it is given.
        as_json: Print one JSON document on standard output, and everything else on standard error.
        reserve_stdout: Keep what libraries print away from standard output.
        explain: The outcome of an error of a library that the body uses, or None.
    """
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    with _stdout(reserve_stdout) as stdout, remembered_interrupts():
        console = errors if as_json else _Output(file=stdout)
        _set_up_logging(errors)
        outcome = _run(name, body, console, errors, explain)
        document = json.dumps(outcome.document, indent=2) + "\n" if as_json else ""
        lost = _finish(stdout, document)
    if lost is None:
        return int(outcome.exit_code)
    errors.print(f"{name}: standard output: {lost}", style="red", markup=False)
    return int(outcome.exit_code or ExitCode.BAD_INPUT)


def print_help(text: str) -> None:
    """Print a help text as it is written."""
    with _stdout(reserve=False) as stdout:
        _finish(stdout, text.strip("\n") + "\n")


class _Output(Console):
    """A console whose reader may go away: what is under way goes on without it."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        _discard(self.file)


def _finish(stdout: TextIO, text: str) -> OSError | None:
    """Write the last text; an error that lost some of the output, unless its reader went away."""
    try:
        stdout.write(text)
        stdout.flush()
    except BrokenPipeError:
        _discard(stdout)
    except OSError as error:
        _discard(stdout)
        return error
    return None


def _discard(stream: IO[str]) -> None:
    """Lead a stream nowhere, so that closing it does not fail again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _run(
    name: str,
    body: Callable[[Console], Outcome],
    console: Console,
    errors: Console,
    explain: Explain,
) -> Outcome:
    try:
        return _interruptible(body, console)
    except KeyboardInterrupt:
        outcome = outcome_of_error(ExitCode.INTERRUPTED, "KeyboardInterrupt", "interrupted")
    except Mt3Error as error:
        outcome = outcome_of_own_error(error)
    except Exception as error:
        outcome = explain(error) or _outcome_of_foreign(error, errors)
    message = str(outcome.document["error"]["message"])
    errors.print(f"{name}: {message}", style="red", markup=False)
    return outcome


def _outcome_of_foreign(error: Exception, errors: Console) -> Outcome:
    if isinstance(error, OSError):
        return outcome_of_error(ExitCode.BAD_INPUT, type(error).__name__, str(error))
    errors.print_exception()
    what = f"unexpected error, please report it: {error}"
    return outcome_of_error(ExitCode.FAILED, type(error).__name__, what)


def _interruptible(body: Callable[[Console], Outcome], console: Console) -> Outcome:
    """The body's outcome; an error that an interrupt was turned into is an interrupt."""
    try:
        return body(console)
    except Exception as error:
        if was_interrupted():
            raise KeyboardInterrupt from error
        raise


def _set_up_logging(errors: Console) -> None:
    handler = RichHandler(console=errors, show_path=False, show_time=False)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[handler], force=True)


@contextlib.contextmanager
def _stdout(reserve: bool) -> Iterator[TextIO]:
    """Standard output for ourselves; what C libraries print there goes to standard error."""
    if sys.stdout is None:  # closed by who called us
        sys.stdout = os.fdopen(os.dup2(os.open(os.devnull, os.O_WRONLY), 1), "w", encoding="utf-8")
    if not reserve:
        yield sys.stdout
        return
    sys.stdout.flush()
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as stdout:
        os.dup2(2, 1)
        try:
            yield stdout
        finally:
            sys.stdout.flush()
            os.dup2(stdout.fileno(), 1)
