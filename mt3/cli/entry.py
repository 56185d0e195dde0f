"""What commands share whose configuration hydra composes."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import hydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console
from yaml import YAMLError

from mt3.cli.guarded import print_help, run_guarded
from mt3.cli.outcome import ExitCode, Outcome, outcome_of_error, outcome_of_own_error
from mt3.cli.overrides import as_hydra_arguments, describe_broken_yaml, describe_unknown_key
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
        explain=_outcome_of_hydra,
    )


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


def _outcome_of_hydra(error: Exception) -> Outcome | None:
    """An error from composing or instantiating, else None; ours, where one of ours lies beneath."""
    if isinstance(error, YAMLError):
        return outcome_of_own_error(ConfigurationError(describe_broken_yaml(error)))
    if not isinstance(error, HydraException | OmegaConfBaseException):
        return None
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
