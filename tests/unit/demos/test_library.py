import json
import shutil

import pytest

from demos.intake import begin
from demos.library import DemoLibrary
from demos.manifest import write_manifest
from demos.recovery import recover
from mt3.errors import (
    ConfigurationError,
    DemoFormatError,
    DemoNotFoundError,
    LibraryNotFoundError,
)
from mt3.task import TaskDescription


def test_a_missing_library_names_the_command_that_makes_one(tmp_path):
    with pytest.raises(LibraryNotFoundError, match="mt3-record"):
        DemoLibrary.open(tmp_path / "nowhere")


def test_a_library_opens_as_it_was_created(library):
    opened = DemoLibrary.open(library.path)
    assert (opened.robot, opened.backend) == ("kinematic", "sim")
    assert opened.summaries() == []


def test_reading_makes_no_folder(recorded):
    """A library on read-only media without its empty folders, as git copies it, did not open."""
    for part in ("staging", "quarantine"):
        (recorded.path / part).rmdir()
    opened = DemoLibrary.open(recorded.path)
    assert len(opened.scan()[0]) == 2
    assert (opened.quarantined(), opened.unfinished()) == ([], [])
    assert sorted(path.name for path in opened.path.iterdir()) == ["demos", "library.json"]


def test_writing_makes_the_folders_that_are_missing(recorded):
    for write in (recover, lambda library: library.remove("pick_up-mug-1"), _begin):
        for part in ("staging", "quarantine"):
            shutil.rmtree(recorded.path / part)
        write(recorded)
        assert (recorded.path / "quarantine").is_dir()


def test_a_folder_with_other_things_does_not_become_a_library(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ConfigurationError, match="not empty"):
        DemoLibrary.create(tmp_path, "kinematic", "sim")


@pytest.mark.parametrize("version", [2, 0, "1", None, True])
def test_another_version_of_the_library_is_refused(library, version):
    path = library.path / "library.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": version}))
    with pytest.raises(DemoFormatError, match="schema_version"):
        DemoLibrary.open(library.path)


def test_a_broken_library_file_is_named(library):
    (library.path / "library.json").write_text("{")
    with pytest.raises(DemoFormatError, match=r"library\.json"):
        DemoLibrary.open(library.path)


def test_summaries_come_in_natural_order(recorded):
    shutil.copytree(recorded.path / "demos/pick_up-mug-1", recorded.path / "demos/pick_up-mug-10")
    names = [summary.demo_id for summary in recorded.summaries()]
    assert names == ["pick_up-mug-1", "pick_up-mug-2", "pick_up-mug-10"]


def test_every_flipped_byte_is_found_and_the_others_still_load(recorded):
    bad, good = "pick_up-mug-1", "pick_up-mug-2"
    for path in [path for path in sorted(recorded.folder(bad).rglob("*")) if path.is_file()]:
        original = path.read_bytes()
        path.write_bytes(_flipped(original))
        sound, damaged = recorded.scan()
        assert [summary.demo_id for summary in sound] == [good]
        assert [item.demo_id for item in damaged] == [bad]
        with pytest.raises(DemoFormatError, match="pick_up-mug-1: "):
            recorded.load(bad)
        path.write_bytes(original)
    assert recorded.load(good).demo_id == good
    assert len(recorded.summaries()) == 2


def test_a_listing_reads_no_array_and_loading_finds_the_damage(recorded):
    """Every trial read every byte of the library three times."""
    bad = recorded.folder("pick_up-mug-1")
    before = recorded.summaries()
    assert [s.content_hash for s in before] == [s.content_hash for s in recorded.scan()[0]]
    shutil.rmtree(bad / "views/0/depth/c")
    after = recorded.summaries()
    assert [s.content_hash for s in after] == [s.content_hash for s in before]
    assert [item.demo_id for item in recorded.damaged()] == ["pick_up-mug-1"]
    with pytest.raises(DemoFormatError, match="missing"):
        recorded.load("pick_up-mug-1")


def test_a_demonstration_with_a_damaged_description_is_not_listed(recorded):
    path = recorded.folder("pick_up-mug-1") / "zarr.json"
    path.write_bytes(_flipped(path.read_bytes()))
    assert [summary.demo_id for summary in recorded.summaries()] == ["pick_up-mug-2"]


def test_the_reason_names_the_damaged_file(recorded):
    (recorded.folder("pick_up-mug-1") / "robot/t_s/c/0").unlink()
    (item,) = recorded.damaged()
    assert "robot/t_s/c/0: missing" in item.reason


def test_a_foreign_file_or_link_inside_is_damage(recorded):
    extra = recorded.folder("pick_up-mug-1") / "extra"
    extra.symlink_to("/etc/hostname")
    assert "extra: is a link" in recorded.damaged()[0].reason
    extra.unlink()
    extra.write_text("?")
    assert "extra: not listed" in recorded.damaged()[0].reason


def test_a_demonstration_of_another_version_is_listed_as_damaged(recorded):
    _edit_attributes(recorded.folder("pick_up-mug-1"), schema_version=2)
    (item,) = recorded.damaged()
    assert "schema_version 2, expected 1" in item.reason
    with pytest.raises(DemoFormatError, match="schema_version"):
        recorded.load("pick_up-mug-1")


@pytest.mark.parametrize(
    "edit",
    [
        {"counts": {"views": 1, "samples": 10**9}},
        {"counts": {"views": 2, "samples": 60}},
        {"counts": {}},
        {"events": {}},
        {"events": None},
        {"backend": "dream"},
        {"T_world_base": [[1, 2], [3]]},
        {"T_world_base": [[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]]},
        {"tool_frame": {"gripper": 3}},
        {"rate_hz": {"robot": -60}},
        {"resolved_config": 7},
    ],
)
def test_wrong_attributes_under_a_matching_manifest_are_refused(recorded, edit):
    _edit_attributes(recorded.folder("pick_up-mug-1"), **edit)
    with pytest.raises(DemoFormatError, match="pick_up-mug-1: "):
        recorded.load("pick_up-mug-1")


@pytest.mark.parametrize("demo_id", ["../demos", "..", "", "/etc", "pick_up-mug-1/../x", "A"])
def test_ids_cannot_leave_the_library(recorded, demo_id):
    with pytest.raises(DemoNotFoundError):
        recorded.load(demo_id)
    with pytest.raises(DemoNotFoundError):
        recorded.remove(demo_id)


def test_an_unknown_id_names_the_nearest(recorded):
    with pytest.raises(DemoNotFoundError, match="nearest are pick_up-mug-"):
        recorded.load("pick_up-mugg-1")


def test_remove_deletes_sound_and_damaged_ones_and_nothing_else(recorded):
    shutil.copytree(recorded.path / "demos/pick_up-mug-1", recorded.path / "demos/pick_up-mug-3")
    (recorded.path / "demos/pick_up-mug-2/manifest.sha256").unlink()
    recorded.remove("pick_up-mug-2")
    recorded.remove("pick_up-mug-1")
    assert [summary.demo_id for summary in recorded.summaries()] == ["pick_up-mug-3"]
    assert recorded.damaged() == recorded.unfinished() == []


def _flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0x10]) + data[middle + 1 :]


def _edit_attributes(folder, **changes):
    path = folder / "zarr.json"
    document = json.loads(path.read_text())
    document["attributes"] |= changes
    path.write_text(json.dumps(document))
    write_manifest(folder)


def _begin(library):
    begin(library, TaskDescription.parse("pick up the mug"))
