"""``mt3-record``: record demonstrations of a task into a library."""

import shlex
from typing import Any

from omegaconf import DictConfig
from rich.console import Console

from demos.library import DemoLibrary
from demos.recorder import RecorderSettings, record
from demos.recording import SpeedLimits
from mt3.cli.assembly import build
from mt3.cli.entry import HydraCommand, config_for_record, run_hydra_command
from mt3.cli.outcome import ExitCode, Outcome
from mt3.cli.settings import task_of, whole_number
from mt3.cli.software import software_versions
from mt3.errors import DemoFormatError, Mt3Error
from mt3.interfaces import Scene
from mt3.motion.robot_model import RobotModel
from mt3.safety import GuardedArm, SafetyLimits

HELP = """
mt3-record: record demonstrations of a task into a library.

  mt3-record task="pick up the mug"                     one demonstration in the simulator
  mt3-record task="push the box" count=3 seed=10        three, in scenes 10, 11 and 12
  mt3-record task="put the can on the tray" library=my  into the library in folder my

Any sentence works as it is, with commas, brackets and apostrophes. In the simulator a scripted
demonstrator does the task, through the same recorder and checks as a person on a real arm. A
recording that breaks a rule is not lost: it is kept in quarantine/, with the reason beside it.

Settings, as key=value:
  task=TEXT      what is demonstrated (required)
  library=PATH   where it goes, made if missing; default $MT3_LIBRARY, else ./library
  seed=N         which scene: instance, placement, distractors (default 0)
  count=N        how many demonstrations, one seed further each (default 1)
  output=json    one JSON document on standard output (default human)
  scene=NAME     which workplace (default sim)
  segmenter=NAME what finds the object in the image (default: the scene's own); clusters or grabcut
                 with segmenter.click=[u,v], or centre, or segmenter.box=[u0,v0,u1,v1]; file with
                 segmenter.path=PATH; model with segmenter.function=module:function
Every other value can be set too; --cfg job prints them all.

Afterwards: mt3-demos ls, and mt3-run task="pick up the mug" to do it in a new scene.

Exit codes: 0 success, 1 a recording was refused or the arm could not do it, 3 bad input,
130 interrupted.
"""


def main() -> int:
    """Entry point of the console script."""
    return run_hydra_command(COMMAND)


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
    model: RobotModel = build(cfg.model)
    limits: SafetyLimits = build(cfg.limits)
    arm = GuardedArm(arm=scene.arm, model=model, limits=limits, T_WB=scene.T_WB, clock=scene.clock)
    operator = build(cfg.operator)(scene=scene, arm=arm)
    segmenter = build(cfg.segmenter)(scene=scene)
    judge = build(cfg.judge)(scene=scene)
    with scene:
        try:
            settings = _settings(cfg, limits)
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


def _settings(cfg: DictConfig, limits: SafetyLimits) -> RecorderSettings:
    return RecorderSettings(
        rate_hz=cfg.recorder.rate_hz,
        speed_limits=SpeedLimits(limits.tool.speed_m_s, limits.tool.angular_speed_rad_s),
        max_view_age_s=cfg.recorder.max_view_age_s,
        software=software_versions(),
        resolved_config=config_for_record(cfg),
    )


COMMAND = HydraCommand(
    name="mt3-record",
    config_name="record",
    help_text=HELP,
    example='task="pick up the mug"',
    run=_record_all,
)
