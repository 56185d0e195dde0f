"""One simulated demonstration, seen by several recorders whose arms report wrongly."""

import sys
from contextlib import ExitStack
from pathlib import Path

from demos.cli import record as command
from demos.library import DemoLibrary
from demos.recorder import Recorder, take_view
from mt3.cli.entry import run_hydra_command
from mt3.errors import DemoFormatError
from mt3.interfaces import OperatorEvent

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "demos" / "fakes"))

from lying_arm import LIES, LyingArm

PLANTED = (
    "50 Hz timed as 30",
    "base axes",
    "no division by dt",
    "rotation reported as zero",
    "angular part first",
    "a tool offset of 30 mm",
)


def test_each_lie_about_a_simulated_demonstration_is_refused_and_named(tmp_path, monkeypatch):
    refused = {}

    def record_for_all(scene, arm, operator, library, task, segmenter, judge, settings):
        view = take_view(scene, arm, task, segmenter, settings.max_view_age_s)
        arms = [arm, *(LyingArm(arm, LIES[name].change) for name in PLANTED)]
        with ExitStack() as stack:
            true, *lying = (
                stack.enter_context(Recorder(scene, one, library, task, [view], settings))
                for one in arms
            )
            for event in operator.perform():
                for recorder in (true, *lying):
                    recorder.sample()
                    if event is OperatorEvent.BOTTLENECK:
                        recorder.mark_bottleneck()
                    if event is OperatorEvent.END:
                        recorder.end(judge.success(), judge.name)
            for name, recorder in zip(PLANTED, lying, strict=True):
                try:
                    refused[name] = f"saved as {recorder.save().demo_id}"
                except DemoFormatError as error:
                    refused[name] = str(error)
            return true.save()

    monkeypatch.setattr(command, "record", record_for_all)
    path = tmp_path / "library"
    typed = ["task=pick up the hammer", "seed=1", "scene.instance_seed=0", f"library={path}"]
    assert run_hydra_command(command.COMMAND, typed) == 0
    assert {name: LIES[name].reason in reason for name, reason in refused.items()} == (
        dict.fromkeys(PLANTED, True)
    )
    assert len(DemoLibrary.open(path).summaries()) == 1
