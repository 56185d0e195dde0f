"""Does a task from one recording that is not saved yet, as ``mt3-run`` would."""

from contextlib import nullcontext

from omegaconf import DictConfig

from demos.recording import Recording
from mt3.cli.assembly import build, build_control, build_executor, build_index
from mt3.cli.dead_man import DeadManSwitch
from mt3.control.control import Control
from mt3.demonstration import Demonstration, DemoSummary
from mt3.errors import DemoNotFoundError
from mt3.execution.executor import Executor
from mt3.execution.trial_record import TrialRecord
from mt3.interfaces import Keys, Scene
from mt3.task import TaskDescription

_ID = "this-recording"


class OneRecording:
    """A ``DemoSource`` with one recording.

    Args:
        recording: Without defects.
    """

    def __init__(self, recording: Recording) -> None:
        self._demo = recording.as_demonstration(_ID, "not saved")

    def summaries(self) -> list[DemoSummary]:
        """The one."""
        return [DemoSummary(_ID, self._demo.content_hash, self._demo.task)]

    def load(self, demo_id: str) -> Demonstration:
        """The one.

        Raises:
            DemoNotFoundError: Another was asked for.
        """
        if demo_id != _ID:
            raise DemoNotFoundError(f"{demo_id}: got another id than {_ID}, which is all there is")
        return self._demo


def replay_in(
    cfg: DictConfig, scene: Scene, control: Control, keys: Keys, recording: Recording
) -> str:
    """Do the task from a recording, in the scene as it stands now, or in one staged anew.

    A person puts things back before the check. Nobody can in a simulation, so it is staged again,
    as it was when the picture was taken. Any key stops a real arm, as under ``mt3-run``.

    Args:
        cfg: The configuration of ``mt3-record``.
        scene: Connected.
        control: What all commands to its arm go through.
        keys: The operator's.
        recording: What is done again.

    Returns:
        What came out, in a line.
    """
    if scene.backend == "real" and not cfg.execute:
        return "replay check: not done, it moves the arm by itself; begin with execute=true"
    task, source = recording.header.task, OneRecording(recording)
    index = build_index(cfg, source)
    if scene.backend == "real":
        executor = build_executor(cfg, scene, control, source, index)
        return describe(_run_watched(executor, task, control, keys))
    staged: Scene = build(cfg.scene)
    judge = build(cfg.judge)(scene=staged)
    executor = build_executor(cfg, staged, build_control(cfg, staged), source, index)
    with staged:
        record = executor.run(task)
        return describe(record.judged(judge.success(), judge.name))


def _run_watched(
    executor: Executor, task: TaskDescription, control: Control, keys: Keys
) -> TrialRecord:
    """Do a task with an arm that any key stops; afterwards the operator may move it again."""
    try:
        with DeadManSwitch(nullcontext(keys), control.request_stop):
            return executor.run(task)
    finally:
        control.release_stop()


def describe(record: TrialRecord) -> str:
    """A trial in a line."""
    if record.outcome != "completed":
        stage = record.failure_stage or "the end"
        return f"replay check: {record.outcome} at {stage}: {record.reason}"
    verdict = {True: "done", False: "NOT done", None: "followed to its end"}[record.success]
    error = (
        ""
        if record.interaction is None
        else (f", at most {record.interaction.max_error_m * 1e3:.1f} mm off the recorded path")
    )
    return f"replay check: task {verdict}{error}"
