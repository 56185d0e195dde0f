import io
import json
import os
import sys

import pytest

from demos.cli.demos import run


@pytest.fixture
def cli(recorded, capfd, monkeypatch):
    """Runs ``mt3-demos`` on a library of two; returns exit code, standard output and error."""
    monkeypatch.setenv("MT3_LIBRARY", str(recorded.path))
    monkeypatch.setenv("COLUMNS", "200")

    def call(*typed):
        code = run(list(typed))
        return code, *capfd.readouterr()

    return call


def _as_json(cli, *typed):
    code, out, _ = cli(*typed, "--json")
    return code, json.loads(out)


def test_ls_lists_for_people_and_for_machines(cli):
    code, out, _ = cli("ls")
    assert code == 0
    assert "pick_up-mug-2" in out
    assert "2 demonstrations of kinematic (sim)" in out
    code, document = _as_json(cli, "ls")
    assert code == 0
    assert [row["id"] for row in document["demonstrations"]] == ["pick_up-mug-1", "pick_up-mug-2"]


@pytest.mark.parametrize("columns", ["80", "30"])
def test_ids_and_hashes_are_whole_on_a_narrow_screen(cli, recorded, monkeypatch, columns):
    """They were cut with an ellipsis at 80 columns, which is also the width of a pipe."""
    monkeypatch.setenv("COLUMNS", columns)
    long_id = "pick_up-a-mug-with-a-name-of-many-words-1"
    (recorded.path / "demos/pick_up-mug-2").rename(recorded.path / "demos" / long_id)
    (recorded.path / "demos" / f"broken-{long_id}").mkdir()
    _, out, _ = cli("ls")
    assert f" {long_id} " in out
    assert f" broken-{long_id} " in out
    assert "…" not in out
    _, shown, _ = cli("show", long_id)
    assert shown.splitlines()[0] == long_id
    values = "".join(line.split("│")[2].strip() for line in shown.splitlines() if "│" in line)
    assert recorded.read(long_id)[1] in values


def test_ls_lists_damaged_descriptions_with_the_reason_and_still_succeeds(cli, recorded):
    (recorded.folder("pick_up-mug-1") / "zarr.json").write_bytes(b"?")
    (recorded.folder("pick_up-mug-2") / "robot/t_s/c/0").write_bytes(b"?")
    code, out, _ = cli("ls")
    assert code == 0
    assert "zarr.json: damaged" in out
    assert "1 demonstration of" in out
    code, out, _ = cli("check")
    assert code == 3
    assert "robot/t_s/c/0: damaged" in out


def test_ls_lists_one_task(cli):
    assert "2 demonstrations" in cli("ls", "--task", "PICK UP mug")[1]
    assert "0 demonstrations" in cli("ls", "--task", "box")[1]


def test_check_draws_its_progress_on_a_terminal_only(cli, monkeypatch):
    from demos.cli import progress

    monkeypatch.setattr(progress, "_PATIENCE_S", -1.0)
    assert "verified" not in cli("check")[1]
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "verified" in cli("check")[1]


def test_hostile_names_and_texts_do_not_reach_the_terminal(cli, recorded):
    """A name that is not UTF-8 was a crash of print, an escape sequence was obeyed."""
    for name in (b"caf\xe9-\x1b[2J-1", b"\n"):
        os.mkdir(os.fsencode(recorded.path) + b"/demos/" + name)
    for _ in range(2):
        code, out, _ = cli("ls")
        assert code == 0
        assert "\x1b[2J" not in out
        assert "not a demonstration" in out
    assert cli("check")[0] == 3


def test_show_tells_all_and_draws(cli, tmp_path):
    picture = tmp_path / "demo.png"
    code, out, _ = cli("show", "pick_up-mug-1", "--picture", str(picture))
    assert code == 0
    assert "fixed judge" in out
    assert picture.read_bytes().startswith(b"\x89PNG")
    code, document = _as_json(cli, "show", "pick_up-mug-1")
    assert code == 0
    assert document["samples"] == 60
    assert document["bottleneck_s"] == 0.25
    assert document["twist_check"]["status"] == "passed"


def test_show_refuses_a_picture_it_cannot_write(cli, tmp_path):
    code, _, err = cli("show", "pick_up-mug-1", "--picture", str(tmp_path / "demo.bmp"))
    assert code == 3
    assert ".png" in err
    code, _, err = cli("show", "pick_up-mug-1", "--picture", str(tmp_path / "no/demo.png"))
    assert code == 3
    assert "cannot write" in err


def test_an_unknown_demonstration_is_exit_code_2(cli):
    code, out, err = cli("show", "pick_up-mugg-1")
    assert (code, out) == (2, "")
    assert "nearest" in err
    code, document = _as_json(cli, "show", "../x")
    assert code == document["exit_code"] == 2
    assert document["error"]["type"] == "DemoNotFoundError"


def test_check_passes_a_sound_library_and_names_what_is_not(cli, recorded):
    assert cli("check")[0] == 0
    (recorded.folder("pick_up-mug-2") / "gripper/command/c/0").unlink()
    code, out, _ = cli("check")
    assert code == 3
    assert "gripper/command/c/0: missing" in out
    assert "1 sound, 1 not" in out


def test_check_recover_deals_with_what_a_crash_left(cli, recorded):
    (recorded.path / "staging/pick_up-mug-3").mkdir()
    code, document = _as_json(cli, "check", "--recover")
    assert code == 0
    assert document["recovered"][0]["outcome"] == "removed"
    assert document["unfinished"] == []


def test_rm_deletes_only_when_told(cli, recorded, monkeypatch):
    code, _, err = cli("rm", "pick_up-mug-1")
    assert code == 3
    assert "--yes" in err
    monkeypatch.setattr(sys, "stdin", _Terminal("n\n"))
    assert cli("rm", "pick_up-mug-1")[0] == 0
    assert len(recorded.summaries()) == 2
    monkeypatch.setattr(sys, "stdin", _Terminal("y\n"))
    assert cli("rm", "pick_up-mug-1")[0] == 0
    assert cli("rm", "pick_up-mug-2", "--yes")[0] == 0
    assert recorded.summaries() == []


def test_rm_of_an_unknown_one_deletes_none(cli, recorded):
    assert cli("rm", "pick_up-mug-1", "nothing-7", "--yes")[0] == 2
    assert len(recorded.summaries()) == 2


def test_a_missing_library_names_the_command_that_makes_one(cli, tmp_path):
    code, out, err = cli("ls", "--library", str(tmp_path / "nowhere"))
    assert (code, out) == (3, "")
    assert "mt3-record" in err


@pytest.mark.parametrize("typed", [("dance",), ("show",), ("ls", "--colour"), ("rm",)])
def test_wrong_use_is_exit_code_3_and_points_to_help(cli, typed):
    code, _, err = cli(*typed)
    assert code == 3
    assert "--help" in err


@pytest.mark.parametrize("typed", [(), ("--help",), ("show", "-h")])
def test_help_teaches_every_subcommand(cli, typed):
    code, out, _ = cli(*typed)
    assert code == 0
    assert all(f"mt3-demos {name}" in out for name in ("ls", "show", "check", "rm"))


class _Terminal(io.StringIO):
    def isatty(self):
        return True
