import json

import pytest

from demos.cli import record as command
from demos.cli.record import COMMAND
from demos.library import DemoLibrary
from mt3.cli.entry import run_hydra_command

FAKE = """# @package _global_
scene: {_target_: fake_workplace.scene, task: "${task}", seed: "${seed}"}
model: {_target_: fake_workplace.model}
limits: {_target_: fake_workplace.limits}
control: {_target_: fake_workplace.control, _partial_: true}
segmenter: {_target_: fake_workplace.segmenter}
judge: {_target_: fake_workplace.judge}
operator: {_target_: fake_workplace.operator, seed: "${seed}"}
"""


@pytest.fixture
def cli(tmp_path, capfd, monkeypatch):
    """Runs ``mt3-record`` in the fake workplace; returns exit code, standard output and error."""
    (tmp_path / "configs/scene").mkdir(parents=True)
    (tmp_path / "configs/scene/fake.yaml").write_text(FAKE)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("MT3_LIBRARY", str(tmp_path / "library"))

    def call(*typed, scene="fake"):
        places = ["--config-dir", str(tmp_path / "configs"), f"scene={scene}"]
        code = run_hydra_command(COMMAND, [*places, *typed])
        assert list((tmp_path / "work").iterdir()) == []  # hydra leaves nothing behind
        return code, *capfd.readouterr()

    return call


def test_one_demonstration_for_people(cli, tmp_path):
    code, out, _ = cli("task=pick up Anna's mug, the [red] one")
    assert code == 0
    (summary,) = DemoLibrary.open(tmp_path / "library").summaries()
    assert summary.task.text == "pick up Anna's mug, the [red] one"
    assert f"saved as {summary.demo_id}" in out


def test_several_for_machines_with_a_seed_each(cli, tmp_path):
    code, out, _ = cli("task=pick up the mug", "count=2", "seed=7", "output=json")
    assert code == 0
    document = json.loads(out)
    assert [row["seed"] for row in document["recorded"]] == [7, 8]
    library = DemoLibrary.open(tmp_path / "library")
    recording, content_hash = library.read("pick_up-mug-2")
    assert document["recorded"][1]["content_hash"] == content_hash
    config = recording.header.resolved_config
    assert config["seed"] == config["scene"]["seed"] == 8
    assert "library" not in config
    assert recording.header.software["version"]


def test_a_refused_recording_is_exit_code_1_and_the_others_are_kept(cli, tmp_path):
    marks = "++operator.marks_of_seed={1:2}"
    code, out, _ = cli("task=pick up the mug", "count=3", marks, "output=json")
    assert code == 1
    document = json.loads(out)
    assert [row["seed"] for row in document["recorded"]] == [0, 2]
    assert document["refused"][0]["seed"] == 1
    assert "bottleneck: got 2 marks" in document["refused"][0]["reason"]
    assert len(DemoLibrary.open(tmp_path / "library").quarantined()) == 1


def test_an_interrupt_leaves_the_library_untouched(cli, tmp_path):
    cli("task=pick up the mug")
    code, out, err = cli("task=pick up the mug", "+operator.interrupt_at=30")
    assert code == 130
    assert "--recover" in out
    assert "interrupted" in err
    library = DemoLibrary.open(tmp_path / "library")
    assert [summary.demo_id for summary in library.summaries()] == ["pick_up-mug-1"]
    assert library.damaged() == []


def _interrupt(*arguments, **options):
    raise KeyboardInterrupt


def test_an_interrupt_before_there_is_a_library_says_that_nothing_was_recorded(cli, monkeypatch):
    """It pointed to a recovery in a library that was never made."""
    monkeypatch.setattr(command, "build", _interrupt)
    code, out, _ = cli("task=pick up the mug")
    assert code == 130
    assert "nothing was recorded yet" in out
    assert "--recover" not in out


def test_an_interrupted_recording_is_named_with_the_command_that_recovers_it(cli, tmp_path):
    code, out, _ = cli(
        "task=pick up the mug", f"library={tmp_path}/my library", "+operator.interrupt_at=30"
    )
    assert code == 130
    assert "unfinished: pick_up-mug-1" in out
    assert f"--recover --library '{tmp_path}/my library'" in out


def test_an_interrupt_after_the_end_does_not_deny_what_is_saved(cli, tmp_path, monkeypatch):
    monkeypatch.setattr("demos.intake.DemoSummary", _interrupt)
    code, out, _ = cli("task=pick up the mug")
    assert code == 130
    assert len(DemoLibrary.open(tmp_path / "library").summaries()) == 1
    assert "nothing unfinished is left; mt3-demos ls --library" in out


def test_real_demonstrations_never_enter_a_simulated_library(cli):
    cli("task=pick up the mug")
    code, _, err = cli("task=pick up the mug", "+scene.backend=real")
    assert code == 3
    assert "never mixed" in err


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ((), "task: missing"),
        (("task=frobnicate",), "frobnicate"),
        (("task=pick up the mug", "count=0"), "count: got 0"),
        (("task=pick up the mug", "library=/dev/null/no"), "library: got /dev/null/no, expected"),
        (("task=pick up the mug", "seed=one"), "seed: got 'one'"),
        (("task=pick up the mug", "output=xml"), "output: got 'xml'"),
        (("task=pick up the mug", "sed=1"), "sed"),
        (("task=pick up the mug", "+judge.colour=red"), "colour"),
        (("pick", "up", "the", "mug"), "expected key=value"),
        (("task=pick up the mug", "library=s3://bucket/mugs"), "mt3-demos push s3://bucket/mugs"),
    ],
)
def test_wrong_use_is_exit_code_3_and_one_line(cli, typed, message):
    code, out, err = cli(*typed)
    assert code == 3
    assert "saved" not in out
    assert message in err
    assert "Traceback" not in err


def test_an_unknown_workplace_lists_those_there_are(cli):
    code, _, err = cli("task=pick up the mug", scene="moon")
    assert code == 3
    assert "moon" in err
    assert "fake" in err


def test_help_teaches(capfd):
    assert run_hydra_command(COMMAND, ["--help"]) == 0
    out = capfd.readouterr().out
    assert 'mt3-record task="pick up the mug"' in out
    assert "hydra" not in out
