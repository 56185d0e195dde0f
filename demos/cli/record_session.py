"""``mt3-record`` with an operator: a session in the terminal, over a list of tasks."""

import shlex
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console

from demos.cli.workbench import Workbench
from demos.library import DemoLibrary
from demos.recovery import recover
from demos.session.key_map import KeyMap
from demos.session.recording_session import RecordingSession
from demos.session.session_log import SessionLog, hold_session
from demos.session.session_screen import TerminalScreen
from demos.session.task_list import read_task_list
from demos.session.task_recording import LoopRules, SessionStoppedError
from mt3.cli.assembly import build
from mt3.cli.keys import TerminalKeys
from mt3.cli.outcome import ExitCode, Outcome
from mt3.cli.settings import positive_number, task_of, whole_number, yes_or_no
from mt3.errors import ConfigurationError
from mt3.task import TaskDescription


def run_session(cfg: DictConfig, console: Console) -> Outcome:
    """Record the configured tasks with an operator at the keys.

    Raises:
        ConfigurationError: There is no terminal, or a setting is refused.
        DeviceError: A device failed; what was kept is saved.
    """
    if not console.is_terminal:
        raise ConfigurationError(
            "teleop: the session needs a terminal to show its keys, and standard output is none "
            "(without teleop= the simulator's demonstrator records by itself)"
        )
    tasks, name, key_map = _tasks(cfg), _session_name(cfg), KeyMap(build(cfg.session["keys"]))
    rules = LoopRules(positive_number(cfg, "session.rate_hz"), yes_or_no(cfg, "session.real_time"))
    screen, stopped = TerminalScreen(console), False
    with ExitStack() as stack:
        keys = stack.enter_context(TerminalKeys())
        bench = stack.enter_context(Workbench(cfg, keys, key_map))
        scene = bench.open_rig(tasks[0], 0)[0].scene
        library = DemoLibrary.open_for_recording(cfg.library, scene.robot, scene.backend)
        _mend(library, console)
        stack.enter_context(hold_session(library, name))
        log = SessionLog.open(library, name, tasks)
        already = len(log.done)
        if already:
            console.print(
                f"session {name} goes on: {already} of {len(tasks)} tasks are over",
                markup=False,
                highlight=False,
            )
        session = RecordingSession(
            library, log, tasks, bench.open_rig, keys, key_map, screen, rules
        )
        try:
            with screen.shown():
                session.run()
        except SessionStoppedError:
            stopped = True
        finally:
            if log.remaining:
                console.print(
                    _resume_hint(cfg, name), markup=False, highlight=False, soft_wrap=True
                )
    return _outcome(cfg, log, already, stopped)


def _tasks(cfg: DictConfig) -> list[TaskDescription]:
    """The list of a file, or the one task."""
    if cfg.tasks is None:
        return [task_of(cfg, "mt3-record")] * whole_number(cfg, "count", 1)
    return read_task_list(Path(str(cfg.tasks)))


def _session_name(cfg: DictConfig) -> str:
    """As given, or the name of the list; a single task has no session to resume."""
    if cfg.session.name is not None:
        return str(cfg.session.name)
    if cfg.tasks is not None:
        return Path(str(cfg.tasks)).stem
    return time.strftime("%Y-%m-%d_%H-%M-%S")


def _mend(library: DemoLibrary, console: Console) -> None:
    """Finish or set aside what an earlier session left behind."""
    for item in recover(library):
        reason = f" ({item.reason})" if item.reason else ""
        console.print(
            f"left behind: {item.demo_id}: {item.outcome}{reason}", markup=False, highlight=False
        )


def _resume_hint(cfg: DictConfig, name: str) -> str:
    tasks = "" if cfg.tasks is None else f" tasks={shlex.quote(str(cfg.tasks))}"
    return (
        f"stopped; the same command with session.name={name}{tasks} goes on from here, in "
        f"{cfg.library}"
    )


def _outcome(cfg: DictConfig, log: SessionLog, already: int, stopped: bool) -> Outcome:
    document = {
        "library": str(cfg.library),
        "session": log.path.stem,
        "recorded": [asdict(item) for item in log.done[already:]],
        "remaining": len(log.remaining),
        "stopped": stopped,
        "exit_code": int(ExitCode.SUCCESS),
    }
    return Outcome(ExitCode.SUCCESS, document)
