"""``mt3-record``: record demonstrations of a task into a library."""

import shlex
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from omegaconf import DictConfig
from rich.console import Console

from demos.cli.record_session import run_session
from demos.cli.record_settings import settings_of
from demos.library import DemoLibrary, require_folder
from demos.recorder import record
from mt3.cli.assembly import build, build_control
from mt3.cli.entry import HydraCommand, run_hydra_command
from mt3.cli.outcome import ExitCode, Outcome
from mt3.cli.settings import require_choices, task_of, whole_number
from mt3.errors import ConfigurationError, DemoFormatError, Mt3Error
from mt3.interfaces import Scene

HELP = """
mt3-record: record demonstrations of tasks into a library.

  mt3-record task="pick up the mug" teleop=keyboard     show it yourself, with keys of the terminal
  mt3-record tasks=tasks.txt teleop=spacemouse          a list of tasks, one per line
  mt3-record task="pick up the mug"                     the simulator's demonstrator shows it
  mt3-record task="push the box" count=3 seed=10        three, in scenes 10, 11 and 12

With teleop= a session begins in the terminal; it needs no display. For each task: take a picture,
accept the outline of the object, go to the bottleneck and mark it, show the motion, end, keep.
The screen lists every key. What is kept is saved at once; a session that was stopped, or killed,
goes on where it stopped when the same command is given again. A recording that breaks a rule is
not lost: it is kept in quarantine/, with the reason beside it.

Settings, as key=value:
  task=TEXT      what is demonstrated; any sentence works as it is
  tasks=FILE     instead: one task per line, # begins a comment
  teleop=DEVICE  keyboard, spacemouse, gamepad, hand_guiding, scripted or demonstrator
  library=PATH   where it goes, made if missing; default $MT3_LIBRARY, else ./library
  seed=N         which scene: instance, placement, distractors (default 0)
  count=N        how many demonstrations of the task, one seed further each (default 1)
  segmenter=NAME what outlines the object: sim, clusters, grabcut, file or model
  session.name=X what to resume; by default the name of the list
  output=json    one JSON document on standard output (default human)
  scene=NAME     which workplace (default sim)
With a real arm, scene=ur5e, xarm6 or franka: connecting may activate a gripper, which then opens
and closes its fingers; may_grip=false forbids it. Name a device, such as teleop=hand_guiding.
  execute=true   let a replay check, too, move it; any key stops it then
  calibrations=unchecked
                 use the cameras' calibrations without a look whether they still hold
Keys are session.keys.ACTION=KEY. A segmenter takes settings too, such as segmenter.click=[u,v].
Every other value can be set as well; --cfg job prints them all.

Afterwards: mt3-demos ls, and mt3-run task="pick up the mug" to do it in a new scene.

Exit codes: 0 success, 1 a recording was refused or a device failed, 3 bad input,
130 interrupted.
"""


def main() -> int:
    """Entry point of the console script."""
    return run_hydra_command(COMMAND)


def _record(cfg: DictConfig, console: Console) -> Outcome:
    """With an operator where a device is named, else by the simulator's demonstrator."""
    require_choices(cfg)
    require_folder(cfg.library)
    if cfg.get("teleop") is not None:
        return run_session(cfg, console)
    if cfg.tasks is not None:
        raise ConfigurationError(
            "tasks: got a list without a teleop=, expected both: the demonstrator does one task"
        )
    return _record_all(cfg, console)


def _record_all(cfg: DictConfig, console: Console) -> Outcome:
    task = task_of(cfg, "mt3-record")
    seed, count = whole_number(cfg, "seed", 0), whole_number(cfg, "count", 1)
    recorded: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    for number in range(count):
        episode = cfg.copy()
        episode.seed = seed + number
        console.print(
            f"recording {number + 1} of {count}: {task.text} (seed {episode.seed})",
            markup=False,
        )
        try:
            recorded.append(record_episode(episode))
            console.print(f"  saved as {recorded[-1]['id']} in {cfg.library}", markup=False)
        except RefusedError as refusal:
            refused.append({"seed": episode.seed, "reason": str(refusal)})
            console.print(f"  {refusal}", style="yellow", markup=False)
        except KeyboardInterrupt:
            console.print(f"  {_left_behind(cfg.library)}", markup=False, soft_wrap=True)
            raise
    code = ExitCode.FAILED if refused else ExitCode.SUCCESS
    document = {"library": str(cfg.library), "recorded": recorded, "refused": refused}
    return Outcome(code, {**document, "exit_code": int(code)})


def _left_behind(path: str) -> str:
    """What an interrupt left, which may have come before the recording began or after its end."""
    try:
        unfinished = DemoLibrary.open(path).unfinished()
    except (Mt3Error, OSError):
        return "nothing was recorded yet"
    option = f"--library {shlex.quote(path)}"
    if not unfinished:
        return f"nothing unfinished is left; mt3-demos ls {option} lists what is saved"
    names = ", ".join(folder.name for folder in unfinished)
    return (
        f"unfinished: {names}; mt3-demos check --recover {option} finishes what is whole "
        "and sets the rest aside"
    )


class RefusedError(DemoFormatError):
    """A recording that broke a rule and went into quarantine."""


def record_episode(cfg: DictConfig) -> dict[str, Any]:
    """Record one demonstration as a configuration says, and return where it went.

    Raises:
        RefusedError: The recording broke a rule.
    """
    task = task_of(cfg, "mt3-record")
    scene: Scene = build(cfg.scene)
    library = DemoLibrary.open_for_recording(cfg.library, scene.robot, scene.backend)
    arm = build_control(cfg, scene).arm
    operator = build(cfg.operator)(scene=scene, arm=arm)
    segmenter = build(cfg.segmenter)(scene=scene)
    judge = build(cfg.judge)(scene=scene)
    # Whoever has to take hold of the arm first does so before anything is recorded.
    hold = operator if isinstance(operator, AbstractContextManager) else nullcontext()
    with scene, hold:
        try:
            settings = settings_of(cfg)
            summary = record(scene, arm, operator, library, task, segmenter, judge, settings)
        except DemoFormatError as error:
            raise RefusedError(str(error)) from error
    return {
        "id": summary.demo_id,
        "content_hash": summary.content_hash,
        "text": task.text,
        "seed": cfg.seed,
        "folder": str(library.folder(summary.demo_id)),
    }


COMMAND = HydraCommand(
    name="mt3-record",
    config_name="record",
    help_text=HELP,
    example='task="pick up the mug"',
    run=_record,
)
