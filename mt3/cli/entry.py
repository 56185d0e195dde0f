"""What every command shares: help, output for people or machines, errors as exit codes."""

import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, TextIO

import hydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console
from rich.logging import RichHandler

from mt3.cli.interrupt import remembered_interrupts, was_interrupted
from mt3.cli.outcome import ExitCode, Outcome, outcome_of_error, outcome_of_own_error
from mt3.cli.overrides import as_hydra_arguments, describe_unknown_key
from mt3.errors import ConfigurationError, Mt3Error

_NOT_OF_A_RECORD = ("library", "library_source", "trials", "output", "count")


@dataclass(frozen=True, slots=True)
class HydraCommand:
    """A command whose configuration hydra composes.

    Args:
        name: As typed.
        config_name: Of the YAML file in ``configs/``.
        help_text: What ``--help`` prints.
        example: A right use of an argument, for error messages.
        run: Does the work; gets the configuration, and a console for people.
    """

    name: str
    config_name: str
    help_text: str
    example: str
    run: Callable[[DictConfig, Console], Outcome]


def run_hydra_command(command: HydraCommand, arguments: Sequence[str] | None = None) -> int:
    """Run a command from what was typed, and return its exit code.

    Args:
        command: The command.
        arguments: What was typed after its name; by default this process's arguments.
    """
    typed = list(sys.argv[1:] if arguments is None else arguments)
    if "--help" in typed or "-h" in typed:
        print_help(command.help_text)
        return ExitCode.SUCCESS
    shows_config = any(argument in ("--cfg", "-c") for argument in typed)
    return run_guarded(
        command.name,
        lambda console: _compose_and_run(command, typed, console),
        as_json="output=json" in typed,
        reserve_stdout=not shows_config,
    )


def run_guarded(
    name: str,
    body: Callable[[Console], Outcome],
    as_json: bool,
    reserve_stdout: bool = True,
) -> int:
    """Run the body of a command with output, logging and errors handled; returns its exit code.

    Args:
        name: Of the command, for messages.
        body: Does the work; prints for people on the console it is given.
        as_json: Print one JSON document on standard output, and everything else on standard error.
        reserve_stdout: Keep what libraries print away from standard output.
    """
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    with _stdout(reserve_stdout) as stdout, remembered_interrupts():
        console = errors if as_json else _Output(file=stdout)
        _set_up_logging(errors)
        outcome = _run(name, body, console, errors)
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


def config_for_record(cfg: DictConfig, without: Sequence[str] = ()) -> dict[str, Any]:
    """The resolved configuration as plain values, without how often, where from and to.

    Args:
        cfg: The configuration.
        without: Nodes that have no part in what is recorded; they need not be resolvable.
    """
    left_out = {*_NOT_OF_A_RECORD, *without}
    return {str(key): _plain(cfg[key]) for key in cfg if key not in left_out}


def _plain(value: object) -> Any:  # noqa: ANN401  # whatever the YAML holds
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


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
    name: str, body: Callable[[Console], Outcome], console: Console, errors: Console
) -> Outcome:
    try:
        return _interruptible(body, console)
    except KeyboardInterrupt:
        outcome = outcome_of_error(ExitCode.INTERRUPTED, "KeyboardInterrupt", "interrupted")
    except Mt3Error as error:
        outcome = outcome_of_own_error(error)
    except (HydraException, OmegaConfBaseException) as error:
        outcome = _outcome_of_hydra(error)
    except OSError as error:
        outcome = outcome_of_error(ExitCode.BAD_INPUT, type(error).__name__, str(error))
    except Exception as error:
        errors.print_exception()
        what = f"unexpected error, please report it: {error}"
        outcome = outcome_of_error(ExitCode.FAILED, type(error).__name__, what)
    message = str(outcome.document["error"]["message"])
    errors.print(f"{name}: {message}", style="red", markup=False)
    return outcome


def _interruptible(body: Callable[[Console], Outcome], console: Console) -> Outcome:
    """The body's outcome; an error that an interrupt was turned into is an interrupt."""
    try:
        return body(console)
    except Exception as error:
        if was_interrupted():
            raise KeyboardInterrupt from error
        raise


def _outcome_of_hydra(error: Exception) -> Outcome:
    """An error from composing or instantiating; ours, where one of ours lies beneath."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, Mt3Error):
        cause = cause.__cause__
    if isinstance(cause, Mt3Error):
        return outcome_of_own_error(cause)
    if unknown_key := describe_unknown_key(error.__cause__):
        return outcome_of_own_error(ConfigurationError(unknown_key))
    parts = [str(part) for part in (error, error.__cause__) if part is not None]
    message = " ".join(" ".join(dict.fromkeys(parts)).split())
    return outcome_of_error(ExitCode.BAD_INPUT, type(error).__name__, message)


def _compose_and_run(command: HydraCommand, typed: Sequence[str], console: Console) -> Outcome:
    """Let hydra compose, and keep outcome and errors out of its hands."""
    outcomes: list[Outcome] = []
    errors: list[BaseException] = []

    @hydra.main(version_base=None, config_path="pkg://mt3.configs", config_name=command.config_name)
    def compose(cfg: DictConfig) -> None:
        try:
            _require_known_output(cfg)
            outcomes.append(command.run(cfg, console))
        except BaseException as error:
            errors.append(error)

    with _hydra_process([command.name, *as_hydra_arguments(typed, command.example)]):
        compose()
    if errors:
        raise errors[0]
    return outcomes[0] if outcomes else Outcome(ExitCode.SUCCESS, {})


@contextlib.contextmanager
def _hydra_process(argv: list[str]) -> Iterator[None]:
    """Make hydra read our arguments, and raise its errors instead of printing them."""
    saved_argv, saved_flag = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv, os.environ["HYDRA_FULL_ERROR"] = argv, "1"
    try:
        yield
    finally:
        sys.argv = saved_argv
        del os.environ["HYDRA_FULL_ERROR"]
        if saved_flag is not None:
            os.environ["HYDRA_FULL_ERROR"] = saved_flag


def _require_known_output(cfg: DictConfig) -> None:
    if cfg.output not in ("human", "json"):
        raise ConfigurationError(f"output: got {cfg.output!r}, expected human or json")


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
