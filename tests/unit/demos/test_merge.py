"""Merging copies what is not here, verified, and never overwrites or loses anything."""

import json
import shutil

import pytest
from contents import change_content

from demos.cli.demos import run
from demos.library import DemoLibrary
from demos.merging import Merger
from mt3.errors import ConfigurationError


@pytest.fixture
def recorded(recorded):
    """A library of two that differ."""
    change_content(recorded, "pick_up-mug-2", "0.0.2")
    return recorded


@pytest.fixture
def other(recorded, tmp_path):
    """Another copy of it."""
    shutil.copytree(recorded.path, tmp_path / "other")
    return DemoLibrary.open(tmp_path / "other")


def _merged(library, other, **options):
    merger = Merger(library, other)
    return {name: merger.merge(name, **options) for name in merger.names()}


def _ids(library):
    return [summary.demo_id for summary in library.summaries()]


def _renamed(library, old, new):
    (library.path / "demos" / old).rename(library.path / "demos" / new)


def test_everything_is_copied_into_an_empty_library_bit_by_bit(library, other):
    assert [item.outcome for item in _merged(library, other).values()] == ["copied", "copied"]
    assert library.scan()[0] == other.scan()[0]
    assert library.unfinished() == []
    assert [item.outcome for item in _merged(library, other).values()] == ["present", "present"]


def test_the_same_content_is_here_whatever_its_id(recorded, other):
    _renamed(other, "pick_up-mug-2", "pick_up-mug-77")
    merged = _merged(recorded, other)
    assert merged["pick_up-mug-77"].outcome == "present"
    assert len(_ids(recorded)) == 2


def test_another_content_of_the_same_id_gets_the_next_number(recorded, other):
    change_content(other, "pick_up-mug-1", "0.0.9")
    before = recorded.read("pick_up-mug-1")[1]
    merged = _merged(recorded, other)
    assert merged["pick_up-mug-1"].here == "pick_up-mug-3"
    assert recorded.read("pick_up-mug-1")[1] == before
    assert recorded.read("pick_up-mug-3")[1] == other.read("pick_up-mug-1")[1]


def test_what_is_damaged_is_named_and_the_rest_copied(library, other, capfd):
    (other.folder("pick_up-mug-1") / "robot/t_s/c/0").unlink()
    code = run(["merge", str(other.path), "--library", str(library.path)])
    out = capfd.readouterr().out
    assert code == 3
    assert "pick_up-mug-1" in out
    assert "robot/t_s/c" in out
    assert "1 copied" in out
    assert _ids(library) == ["pick_up-mug-2"]


def test_a_dry_run_writes_nothing(library, other, capfd):
    code = run(["merge", str(other.path), "--library", str(library.path), "--dry-run", "--json"])
    assert code == 0
    document = json.loads(capfd.readouterr().out)
    assert [item["outcome"] for item in document["merged"]] == ["copied", "copied"]
    assert _ids(library) == []


def test_an_interrupted_merge_leaves_nothing_and_can_be_repeated(library, other, monkeypatch):
    from demos import merging

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(merging, "fsync_tree", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _merged(library, other)
    monkeypatch.undo()
    assert library.unfinished() == []
    assert _ids(library) == []
    _merged(library, other)
    assert _ids(library) == _ids(other)


def test_libraries_of_other_robots_and_the_same_one_are_refused(recorded, tmp_path):
    real = DemoLibrary.create(tmp_path / "real", "kinematic", "real")
    with pytest.raises(ConfigurationError, match="never mixed"):
        Merger(recorded, real)
    with pytest.raises(ConfigurationError, match="twice"):
        Merger(recorded, DemoLibrary.open(recorded.path))


def test_stats_count_by_task(recorded, capfd):
    assert run(["stats", "--library", str(recorded.path), "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    (task,) = document["tasks"]
    assert (task["skill"], task["target_object"], task["demonstrations"]) == ("pick_up", "mug", 2)
    assert task["samples"] == 120
    assert task["stream_bytes"] == 0
    files = (path for path in recorded.path.joinpath("demos").rglob("*") if path.is_file())
    assert document["total"]["stored_bytes"] == sum(path.stat().st_size for path in files)
    assert run(["stats", "--library", str(recorded.path)]) == 0
    assert "1 tasks" in capfd.readouterr().out
