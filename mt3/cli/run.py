"""``mt3-run``: do a task that was demonstrated."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from omegaconf import DictConfig
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mt3.cli.assembly import Workplace, build, build_workplace
from mt3.cli.dead_man import DeadManSwitch
from mt3.cli.entry import HydraCommand, run_hydra_command
from mt3.cli.keys import TerminalKeys
from mt3.cli.outcome import ExitCode, Outcome
from mt3.cli.settings import task_of, whole_number, yes_or_no
from mt3.errors import NoMatchError, TaskError
from mt3.execution.executor import TrialEvidence
from mt3.execution.picture import PICTURE_NAME, THINGS_NAME, draw_things, draw_trial
from mt3.execution.trial_record import FailureStage, TrialRecord
from mt3.interfaces import DemoSource
from mt3.task import TaskDescription

HELP = """
mt3-run: do a task that was demonstrated, wherever the object stands now.

  mt3-run task="pick up the mug"                    in a new simulated scene
  mt3-run task="pick up the mug" seed=7             in another one
  mt3-run task="put the can on the tray" library=my with the demonstrations in folder my

It looks at the workplace, retrieves the demonstration that fits words and shape, estimates how
the object has moved since, plans a way to the transferred bottleneck, goes there, proves that it
arrived, replays the interaction and verifies its end. If any stage fails the arm holds still, and
the record says which stage and why.

Settings, as key=value:
  task=TEXT      what to do (required)
  library=PATH   demonstrations; default $MT3_LIBRARY, else ./library
  seed=N         which scene: instance, placement, distractors (default 0)
  trials=PATH    where record and picture go (default ./trials)
  output=json    one JSON document on standard output (default human)
  scene=NAME     which workplace (default sim)
  segmenter=NAME what finds the object in the image (default: the scene's own); clusters takes what
                 stands on the table: the only thing that fits a demonstration, or what is pointed
                 at with segmenter.click=[u,v] or segmenter.box=[u0,v0,u1,v1]; grabcut refines
                 that by colour; model asks segmenter.function=module:function; file reads
                 segmenter.path=PATH
  speed=0.3      share of all speed limits that is used (default 1)
On a real arm, with scene=ur5e, xarm6 or franka:
  execute=true   move; without it mt3-run looks, plans, draws what it would do, and ends
  until=approach go to the bottleneck and no further; until=plan only plans
  calibrations=unchecked
                 use the cameras' calibrations without a look whether they still hold
With execute=true any key stops the arm, from before it connects, and so does the end of this
program; dead_man=false leaves the keys out, for runs without a terminal.

Useful others: scene.instance_seed=N keeps one shape of the object, scene.distractors=N.
Every value can be set; --cfg job prints them all.

First record a demonstration: mt3-record task="pick up the mug"

Exit codes: 0 success, 1 the trial failed, 2 no demonstration for this task, 3 bad input,
130 interrupted.
"""

_LONGEST_NAME = 80

_BEFORE_APPROACH = "Nothing was touched; the arm is at rest."
_SINCE_APPROACH = (
    "Arm and fingers are at rest. Take out of the hand what it holds before you move the arm."
)
_AS_ASKED = {
    "planned": "planned; nothing moved. execute=true moves a real arm, until=approach only to the "
    "bottleneck, speed=0.3 slower",
    "approached": "the tool is at the bottleneck, and goes no further because of until=approach",
}
_MEND = {
    FailureStage.OBSERVE: "Mend what the reason names, then run again.",
    FailureStage.RETRIEVE: "Record this task with mt3-record.",
    FailureStage.ALIGN: "Turn the object so that its features are seen, or record it once more "
    "from this side.",
    FailureStage.PLAN: "Move the object nearer, or make room around it.",
    FailureStage.APPROACH: "Check what stood in the way.",
    FailureStage.ARRIVE: "Check the calibration of the arm.",
}


def main() -> int:
    """Entry point of the console script."""
    return run_hydra_command(COMMAND)


def _run(cfg: DictConfig, console: Console) -> Outcome:
    whole_number(cfg, "seed", 0)
    dead_man = yes_or_no(cfg, "dead_man")
    task = _known_task(cfg)
    with console.status(Text(f"setting up {task.text}")):
        workplace = build_workplace(cfg)
    folder = _new_folder(Path(cfg.trials), task)
    with console.status(Text(task.text)) as status:
        record = run_trial(workplace, task, status.stop, dead_man=dead_man)
        record_path = _save(record, folder)
    _print_stages(record, console)
    _print_clusters(record, console)
    console.print(f"record  {record_path}", markup=False)
    code, picture = _exit_code(record), folder / PICTURE_NAME
    files: dict[str, str | None] = {"record": str(record_path), "picture": str(picture)}
    try:
        files |= _draw(record, workplace.executor.evidence, folder, console)
    except KeyboardInterrupt:
        # The trial is over and saved: its verdict stands, and only the picture is missing.
        picture.unlink(missing_ok=True)
        code, files["picture"] = ExitCode.INTERRUPTED, None
        said = f"interrupted; the trial was over: {_verdict(record)}, record at {record_path}"
        console.print(said, style="red", markup=False, soft_wrap=True)
    return Outcome(code, {"exit_code": int(code), **files, "trial": record.as_dict()})


def _draw(
    record: TrialRecord, evidence: TrialEvidence, folder: Path, console: Console
) -> dict[str, str | None]:
    """Draw the trial, and what may have been meant where nobody said; paths of the extra files."""
    extra: dict[str, str | None] = {}
    if len(evidence.things) > 1:
        chosen = [one.number - 1 for one in record.clusters if one.trusted]
        path = folder / THINGS_NAME
        draw_things(evidence.things, path, chosen[0] if len(chosen) == 1 else None)
        console.print(f"things  {path}", markup=False)
        extra["things"] = str(path)
    picture = folder / PICTURE_NAME
    draw_trial(record, picture, evidence.demo, evidence.live_view)
    console.print(f"picture {picture}", markup=False)
    return extra


def _known_task(cfg: DictConfig) -> TaskDescription:
    """What was asked for; words that name no skill are a task that nobody demonstrated."""
    try:
        return task_of(cfg, "mt3-run")
    except TaskError as error:
        source: DemoSource = build(cfg.library_source)
        texts = list(dict.fromkeys(found.task.text for found in source.summaries()))
        nearest = tuple(get_close_matches(str(cfg.task), texts, n=5, cutoff=0.0))
        known = ", ".join(f'"{text}"' for text in nearest)
        raise NoMatchError(f"{error}; nearest known tasks: {known or 'none'}", nearest) from error


def run_trial(
    workplace: Workplace,
    task: TaskDescription,
    before_verdict: Callable[[], None] = lambda: None,
    *,
    dead_man: bool = True,
) -> TrialRecord:
    """One trial from connecting to the verdict; a failed trial is judged too.

    Ctrl-C ends it as interrupted, while connecting, judging and disconnecting too. From before a
    real arm that may move is connected, any key of the terminal stops it.

    Args:
        workplace: Where it happens.
        task: What is to be done.
        before_verdict: Makes room on the terminal for the question of a judge who is a person.
        dead_man: Whether keys are watched; a run without a terminal has none.
    """
    record: TrialRecord | None = None
    executor, judge = workplace.executor, workplace.judge
    try:
        # Watched before anything connects: a gripper that is activated moves its fingers.
        with ExitStack() as watching:
            watching.enter_context(_watched(workplace, dead_man))
            with workplace.scene:
                record = executor.run(task)
                watching.close()  # the judge may ask at the same terminal
                if record.outcome in ("completed", "failed"):
                    before_verdict()
                    record = record.judged(judge.success(), judge.name)
    except KeyboardInterrupt:
        record = executor.interrupted(task) if record is None else record.interrupted()
    return record


def _watched(workplace: Workplace, dead_man: bool) -> AbstractContextManager[object]:
    """Any key stops an arm that is real and may move; a simulated one has Ctrl-C."""
    if not dead_man or not workplace.moves_real_arm:
        return nullcontext()
    return DeadManSwitch(TerminalKeys(), workplace.control.request_stop)


def _save(record: TrialRecord, folder: Path) -> Path:
    """Save a record, once more if Ctrl-C comes meanwhile."""
    try:
        return record.save(folder)
    except KeyboardInterrupt:
        record.interrupted().save(folder)
        raise


def _exit_code(record: TrialRecord) -> ExitCode:
    if record.outcome == "interrupted":
        return ExitCode.INTERRUPTED
    ended_as_asked = record.outcome in ("completed", "planned", "approached")
    done = ended_as_asked and record.success is not False
    return ExitCode.SUCCESS if done else ExitCode.FAILED


def _new_folder(trials: Path, task: TaskDescription) -> Path:
    """A folder of its own for each trial, numbered per task."""
    words = f"{task.skill} {task.target_object}".lower()
    stem = re.sub(r"[^a-z0-9_]+", "-", words).strip("-")[:_LONGEST_NAME]
    number = 1
    while True:
        folder = trials / f"{stem}-{number:04d}"
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            return folder


def _print_stages(record: TrialRecord, console: Console) -> None:
    title = Text(record.task.text, "table.title")
    table = Table(title=title, title_justify="left", show_edge=False)
    table.add_column("stage")
    table.add_column("", no_wrap=True)
    table.add_column("figures")
    table.add_column("time", justify="right")
    for stage in FailureStage:
        if stage not in record.timings_s:
            continue
        ended = stage == record.failure_stage
        mark = f"[red]{record.outcome}[/red]" if ended else "[green]ok[/green]"
        table.add_row(stage, mark, _figures(record, stage), f"{record.timings_s[stage]:.2f} s")
    console.print(table)
    if record.failure_stage is not None:
        console.print(_end(record), style="red", markup=False)
        console.print(next_step(record, record.failure_stage), markup=False)
    console.print(_AS_ASKED.get(record.outcome) or _verdict(record), markup=False)


def _print_clusters(record: TrialRecord, console: Console) -> None:
    """What each thing in view scored, where nobody had said which is meant."""
    if not record.clusters:
        return
    table = Table(title="things in view", title_justify="left", show_edge=False)
    for heading in ("", "to mean it, type", "probability", "trusted", "why not"):
        table.add_column(heading, no_wrap="type" in heading)
    for one in record.clusters:
        click = Text(f"segmenter.click=[{one.pixel[0]},{one.pixel[1]}]")
        mark = "yes" if one.trusted else "no"
        table.add_row(str(one.number), click, f"{one.probability:.2f}", mark, Text(one.reason))
    console.print(table)


def _end(record: TrialRecord) -> str:
    """How a trial ended, and why where that says more."""
    return ": ".join(dict.fromkeys((record.outcome, record.reason)))


def _verdict(record: TrialRecord) -> str:
    """Whether the task was done, and who says so."""
    verdict = {True: "done", False: "not done", None: "not judged"}[record.success]
    return f"task {verdict}" + (f" (judge: {record.judge})" if record.judge else "")


def next_step(record: TrialRecord, ended_in: FailureStage) -> str:
    """What somebody can safely do after a trial that ended in a stage.

    It is true whether or not the arm has left the view, and whether or not the hand is full.
    """
    approached = FailureStage.APPROACH in record.timings_s
    state = _SINCE_APPROACH if approached else _BEFORE_APPROACH
    mend = _MEND.get(ended_in, "") if record.outcome == "failed" else ""
    return f"{state} {mend}".strip()


def _figures(record: TrialRecord, stage: FailureStage) -> str:
    """What a stage found, in a few figures; empty where it found nothing."""
    match stage:
        case FailureStage.OBSERVE if seen := record.observation:
            return f"object on {seen.mask_pixels} pixels, mask from {seen.segmenter}"
        case FailureStage.RETRIEVE if found := record.retrieval:
            return f"{found.demo_id}, best of {len(found.candidates)}"
        case FailureStage.ALIGN if fit := record.registration:
            return (
                f"probability {fit.probability:.3f}, overlap {fit.overlap:.2f}, RMSE "
                f"{fit.rmse_m * 1e3:.1f} mm, violation {fit.violation_m * 1e3:.1f} mm, margin "
                f"{fit.margin:.2f}, symmetry {fit.symmetry}"
            )
        case FailureStage.PLAN if plan := record.plan:
            return (
                f"choice {plan.choice + 1} of {plan.choices}, {plan.duration_s:.1f} s, "
                f"interaction slowed {plan.slowdown:.2f} times"
            )
        case FailureStage.ARRIVE if arrival := record.arrival:
            return f"{arrival.error_m * 1e3:.2f} mm, {np.rad2deg(arrival.error_rad):.2f} deg off"
        case FailureStage.INTERACT if done := record.interaction:
            return f"{done.duration_s:.1f} s, at most {done.max_error_m * 1e3:.1f} mm off"
    return ""


COMMAND = HydraCommand(
    name="mt3-run",
    config_name="run",
    help_text=HELP,
    example='task="pick up the mug"',
    run=_run,
)
