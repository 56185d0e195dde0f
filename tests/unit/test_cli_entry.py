import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import hydra
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from mt3.cli.assembly import build
from mt3.cli.entry import run_hydra_command
from mt3.cli.guarded import run_guarded
from mt3.cli.outcome import ExitCode, Outcome
from mt3.cli.overrides import as_hydra_arguments, quote
from mt3.cli.run import COMMAND
from mt3.cli.software import software_versions
from mt3.errors import (
    ConfigurationError,
    DemoNotFoundError,
    LibraryNotFoundError,
    NoMatchError,
    SafetyViolation,
    TaskError,
)


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs", "Cc"))))
@example('put the mug, the [red] one, on Anna\'s "tray" = done')
@example("don't")
@example("a \\' b \\")
@example("${oc.env:HOME} \\${x} $y ${")
@example("null")
@example("1_000")
@example("{a: b}")
@example("choice(a, b)")
@example("")
def test_any_sentence_reaches_the_configuration_as_it_was_typed(text):
    parsed = hydra.core.override_parser.overrides_parser.OverridesParser.create().parse_override(
        f"task={quote(text)}"
    )
    cfg = OmegaConf.create({"task": None, "scene": {"text": "${task}"}})
    OmegaConf.update(cfg, "task", parsed.value())
    assert cfg.task == text
    assert cfg.scene.text == text
    assert OmegaConf.to_container(cfg, resolve=True)["scene"]["text"] == text


def test_only_sentences_and_paths_are_quoted():
    arguments = as_hydra_arguments(["task=a, b", "seed=3", "scene.distractors=[1,2]"], "seed=1")
    assert arguments[:3] == ["task='a, b'", "seed=3", "scene.distractors=[1,2]"]


@pytest.mark.parametrize("typed", [["pick up the mug"], ["--verbose"], ["-x=1"]])
def test_what_is_not_a_setting_is_refused_with_an_example(typed):
    with pytest.raises(ConfigurationError, match="such as seed=1"):
        as_hydra_arguments(typed, "seed=1")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("sede=3", "sede: no such setting, expected one such as seed"),
        ("scene.distractor=3", "scene.distractor: no such setting, expected one such as scene.dis"),
        ("zzzz=3", "zzzz: no such setting (--cfg job prints them all)"),
    ],
)
def test_an_unknown_setting_is_one_line_in_our_words(capfd, typed, said):
    """It told of hydra's "+sede=3", structs and full keys."""
    assert run_hydra_command(COMMAND, ["task=push the box", typed]) == 3
    err = capfd.readouterr().err
    assert err.startswith(f"mt3-run: {said}")
    assert err.count("\n") == 1
    assert "struct" not in err
    assert "+" not in err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NoMatchError("none", ("pick up the mug",)), 2),
        (DemoNotFoundError("none"), 2),
        (TaskError("what?"), 3),
        (LibraryNotFoundError("where?"), 3),
        (SafetyViolation("too fast", "speed"), 1),
        (PermissionError(13, "Permission denied", "/library"), 3),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError("a bug"), 1),
    ],
)
def test_errors_become_exit_codes_and_one_document(capfd, error, code):
    def body(console):
        raise error

    assert run_guarded("mt3-x", body, as_json=True) == code
    out, err = capfd.readouterr()
    assert json.loads(out)["exit_code"] == code
    assert "mt3-x: " in err


def test_where_nothing_matched_the_document_lists_the_nearest(capfd):
    """Programs had to read them out of the message."""

    def body(console):
        raise NoMatchError("none", ("pick up the mug", "push the box"))

    run_guarded("mt3-x", body, as_json=True)
    error = json.loads(capfd.readouterr().out)["error"]
    assert error["nearest"] == ["pick up the mug", "push the box"]


def test_errors_for_people_are_one_line_on_standard_error(capfd):
    def body(console):
        raise TaskError("no [skill] in 'mug': " + "long " * 60)

    assert run_guarded("mt3-x", body, as_json=False) == 3
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("mt3-x: no [skill] in 'mug': long")
    assert err.count("\n") == 1


def test_chatter_of_libraries_does_not_reach_standard_output(capfd):
    def body(console):
        os.write(1, b"chatter of a C library\n")
        console.print("for people")
        return Outcome(ExitCode.SUCCESS, {"answer": 42})

    assert run_guarded("mt3-x", body, as_json=True) == 0
    out, err = capfd.readouterr()
    assert json.loads(out) == {"answer": 42}
    assert "chatter" in err
    assert run_guarded("mt3-x", body, as_json=False) == 0
    assert capfd.readouterr().out == "for people\n"


def test_the_software_is_named():
    versions = software_versions()
    assert versions.keys() == {"version", "git_revision"}
    assert all(versions.values())


def press_ctrl_c_during_an_import():
    """As an import of some libraries does: the interrupt is taken for a missing module."""
    with contextlib.suppress(BaseException):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1.0)


def test_an_interrupt_that_an_import_swallowed_stops_before_anything_moves(capsys):
    """Ctrl-C while modules were loading was lost, and the arm did the task."""
    moved = []

    def body(console):
        press_ctrl_c_during_an_import()
        build({"_target_": "builtins.dict"})
        moved.append(True)

    assert run_guarded("mt3-run", body, as_json=False) == ExitCode.INTERRUPTED
    assert not moved
    assert "mt3-run: interrupted" in capsys.readouterr().err


def test_an_error_that_an_interrupt_was_turned_into_is_an_interrupt():
    def body(console):
        press_ctrl_c_during_an_import()
        raise ImportError("initialization failed")

    assert run_guarded("mt3-run", body, as_json=False) == ExitCode.INTERRUPTED


def test_a_swallowed_interrupt_is_forgotten_when_its_command_ends():
    """It was kept, and interrupted whatever this process built next."""

    def body(console):
        press_ctrl_c_during_an_import()
        return Outcome(ExitCode.SUCCESS, {})

    run_guarded("mt3-run", body, as_json=False)
    assert build({"_target_": "builtins.int"}) == 0


PRINTS = """
import sys
from mt3.cli.assembly import build
from mt3.cli.guarded import run_guarded
from mt3.cli.outcome import ExitCode, Outcome
def body(console):
    for k in range(5000):
        console.print("line", k)
    return Outcome(ExitCode.FAILED, {"k": k})
sys.exit(run_guarded("mt3-run", body, as_json="json" in sys.argv))
"""


@pytest.mark.parametrize("arguments", [[], ["json"]])
def test_a_reader_that_goes_away_changes_nothing(arguments):
    """`mt3-run | head -1` ended with a traceback and another exit code than the trial's."""
    command = [sys.executable, "-c", PRINTS, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        errors = process.stderr.read().decode()
        assert process.wait(60) == ExitCode.FAILED
    assert "Traceback" not in errors


def test_output_that_cannot_be_written_is_an_error_in_one_line():
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-c", PRINTS]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == ExitCode.BAD_INPUT
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("scene:\n  robot: [1, 2\n", 3, "expected ',' or ']'"),
        ("seed: 1\nseed: 2\n", 2, "duplicate key seed"),
        ("a:\n\tb: 1\n", 2, "cannot start any token"),
    ],
)
def test_a_configuration_that_is_no_yaml_is_named_with_its_line(
    tmp_path, capfd, text, line, problem
):
    """It was a traceback that asked to be reported."""
    path = tmp_path / "scene" / "mine.yaml"
    path.parent.mkdir()
    path.write_text(text)
    typed = ["--config-dir", str(tmp_path), "scene=mine", "task=push the box"]
    assert run_hydra_command(COMMAND, typed) == 3
    err = capfd.readouterr().err
    assert err.startswith(f"mt3-run: {path}, line {line}: cannot be read: ")
    assert problem in err
    assert err.count("\n") == 1
