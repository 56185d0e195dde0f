"""``mt3-run`` as it is typed: exit codes, one JSON document, what is left on disk."""

import json
import shutil
import signal
from pathlib import Path

import pytest

from demos.library import DemoLibrary
from mt3.cli.entry import run_hydra_command
from mt3.cli.run import COMMAND
from mt3.execution.executor import Executor
from mt3.execution.trial_record import TrialRecord
from mt3.motion.clearance import Clearance
from sim.arm import SimArm
from sim.clock import SimClock
from sim.scene import PyBulletScene
from sim.segmenter import SimSegmenter
from sim.workplace import SimJudge

INSTANCES = ("scene.instance_seed=0", "scene.held_instance_seed=0", "seed=2")


@pytest.fixture
def mt3_run(tmp_path, library, capfd, monkeypatch):
    """Types a command in an empty folder; gives exit code, standard output and error."""
    monkeypatch.chdir(tmp_path)

    def typed(*arguments, library=library):
        capfd.readouterr()
        code = run_hydra_command(COMMAND, [*arguments, f"library={library}", *INSTANCES])
        out, err = capfd.readouterr()
        return code, out, err

    return typed


def test_a_task_is_done_and_told_in_one_json_document(mt3_run, tmp_path, library, bytes_of):
    before = bytes_of(library / "demos")
    code, out, _ = mt3_run("task=push the box, please", "output=json")
    document = json.loads(out)
    assert code == document["exit_code"] == 0
    assert document["trial"]["success"] is True
    assert json.loads(Path(document["record"]).read_text()) == document["trial"]
    assert Path(document["picture"]).read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["trials"]
    assert bytes_of(library / "demos") == before


@pytest.mark.parametrize("text", ["push the boxes", "push the blue carton"])
def test_other_words_for_the_object_do_the_task_too(mt3_run, text):
    """Retrieval knew them, and the scene ended with bad input."""
    assert mt3_run(f"task={text}")[0] == 0


def test_a_failed_trial_says_where_why_and_what_to_do(mt3_run):
    """Slashes in a task once led out of the folder of the trials, and brackets were markup."""
    code, out, _ = mt3_run("task=push Anna's ../[/red] box", "scene.base_xyz_yaw=[-0.5,0,0,0]")
    assert code == 1
    assert "push Anna's ../[/red] box" in " ".join(out.split())
    assert "PLAN" in out
    assert "Nothing was touched" in out
    record = json.loads(Path("trials/push-anna-s-red-box-0001/trial.json").read_text())
    assert record["failure_stage"] == "PLAN"


@pytest.mark.parametrize(
    ("owner", "name", "at", "stage"),
    [
        (SimSegmenter, "segment", 1, "OBSERVE"),
        (Clearance, "tool_blocked", 20, "PLAN"),
        (SimArm, "_step_and_check", 100, "APPROACH"),
        (SimClock, "sleep_until", 40, "INTERACT"),
    ],
)
def test_ctrl_c_stops_and_the_record_says_so(
    mt3_run, library, bytes_of, monkeypatch, owner, name, at, stage
):
    before = bytes_of(library / "demos")
    inner, calls = getattr(owner, name), []

    def interrupted(*arguments):
        calls.append(name)
        if len(calls) == at:
            signal.raise_signal(signal.SIGINT)
        return inner(*arguments)

    monkeypatch.setattr(owner, name, interrupted)
    code, out, err = mt3_run("task=push the box", "output=json")
    document = json.loads(out)
    assert code == document["exit_code"] == 130
    assert "interrupted: interrupted" not in err
    record = json.loads(Path(document["record"]).read_text())
    assert (record["outcome"], record["failure_stage"]) == ("interrupted", stage)
    assert record["success"] is None
    assert len(calls) == at, "it went on"
    assert bytes_of(library / "demos") == before


@pytest.mark.parametrize("text", ["pick up the pan", "fold the towel", "the weather"])
def test_a_task_nobody_showed_names_those_that_are_known(mt3_run, text):
    code, out, err = mt3_run(f"task={text}", "output=json")
    document = json.loads(out)
    assert code == document["exit_code"] == 2
    assert document["error"]["type"] == "NoMatchError"
    assert "pick up the hammer" in document["error"]["message"]
    assert "pick up the hammer" in document["error"]["nearest"]
    assert "pick up the hammer" in " ".join(err.split())
    assert not Path("trials").exists()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ((), "task"),
        (("task=push the box", "output=xml"), "output"),
        (("task=push the box", "scene.distractor=2"), "distractor"),
        (("task=push the box", "scene=moon"), "moon"),
        (("task=push the box", "scene.distractors=-2"), "scene.distractors: got -2"),
        (("task=push the box", "scene.distractors=many"), "scene.distractors: got 'many'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_3(mt3_run, typed, said):
    code, out, err = mt3_run(*typed)
    assert code == 3
    assert said in err
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in out + err
    assert not Path("trials").exists()


def test_a_missing_library_names_the_command_that_makes_one(mt3_run):
    code, _, err = mt3_run("task=push the box", library="nowhere")
    assert code == 3
    assert "mt3-record" in err
    assert len(err.strip().splitlines()) == 1
    assert not Path("nowhere").exists()


def test_a_damaged_demonstration_is_skipped_and_the_others_work(mt3_run, library, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(library, copy)
    stored = [p for p in (copy / "demos" / "pick_up-hammer-1").rglob("*") if p.is_file()]
    victim = max(stored, key=lambda path: path.stat().st_size)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 0xFF
    victim.write_bytes(data)
    (damaged,) = DemoLibrary.open(copy).damaged()
    assert damaged.demo_id == "pick_up-hammer-1"
    assert damaged.reason
    assert mt3_run("task=pick up the hammer", library=copy)[0] == 2
    assert mt3_run("task=push the box", library=copy)[0] == 0


def test_ctrl_c_while_somebody_judges_keeps_the_record(mt3_run, monkeypatch):
    """The trial was over, but its record was lost."""
    monkeypatch.setattr(SimJudge, "success", lambda _: signal.raise_signal(signal.SIGINT))
    code, _, _ = mt3_run("task=push the box", "scene.base_xyz_yaw=[-0.5,0,0,0]")
    assert code == 130
    record = json.loads(Path("trials/push-box-0001/trial.json").read_text())
    assert (record["outcome"], record["success"]) == ("interrupted", None)
    assert record["failure_stage"] == "PLAN"


@pytest.mark.parametrize(
    ("owner", "name", "stage"),
    [
        (PyBulletScene, "__enter__", "OBSERVE"),
        (PyBulletScene, "__exit__", "PLAN"),
        (Executor, "run", "OBSERVE"),
        (TrialRecord, "save", "PLAN"),
    ],
)
def test_ctrl_c_around_the_trial_leaves_a_record_too(mt3_run, monkeypatch, owner, name, stage):
    """The folder of the trial was there, and nothing in it."""
    inner = getattr(owner, name)

    def interrupted(*arguments):
        monkeypatch.setattr(owner, name, inner)
        if name == "__exit__":
            inner(*arguments)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(owner, name, interrupted)
    code, _, _ = mt3_run("task=push the box", "scene.base_xyz_yaw=[-0.5,0,0,0]")
    assert code == 130
    record = json.loads(Path("trials/push-box-0001/trial.json").read_text())
    assert (record["outcome"], record["failure_stage"]) == ("interrupted", stage)


def test_ctrl_c_while_the_picture_is_drawn_tells_of_the_trial_that_was_over(mt3_run, monkeypatch):
    """It said only "interrupted", of a trial whose record says that the task is done."""

    def interrupted(_, path, *arguments):
        path.write_bytes(b"half a picture")
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("mt3.cli.run.draw_trial", interrupted)
    code, out, err = mt3_run("task=push the box", "output=json")
    document = json.loads(out)
    assert code == document["exit_code"] == 130
    assert document["picture"] is None
    assert json.loads(Path(document["record"]).read_text()) == document["trial"]
    said = " ".join(err.split())
    assert "the trial was over: task done (judge: simulator), record at trials/push-box" in said
    assert [path.name for path in Path("trials/push-box-0001").iterdir()] == ["trial.json"]
