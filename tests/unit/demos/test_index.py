"""The index is a help, never a source: whatever happens to it, the list is what is on the disk."""

import os
import shutil
import subprocess
import sys
import threading

import pytest
from large_library import measure, object_name, write_description

from demos.library import DemoLibrary
from mt3.errors import DemoNotFoundError


@pytest.fixture
def many(library):
    """150 descriptions of two tasks, an index, and time stamps that are no longer young."""
    for number in range(150):
        write_description(library, number)
    return library


def _ids(library, words=""):
    return [summary.demo_id for summary in library.find(words)]


def _age(library):
    """Make everything look as if it had been changed a minute ago, and index it."""
    for path in library.path.rglob("*"):
        os.utime(path, (1.0, 1.0), follow_symlinks=False)
    library.summaries()


def test_a_large_library_is_listed_task_by_task_before_and_after_the_index():
    figures = measure(300)
    assert figures["first"]["listed"] == figures["listed"] == 100
    assert figures["after_another_came"]["listed"] == 100


def test_words_find_their_tasks_in_any_case(many):
    assert len(_ids(many, f"Pick_up {object_name(1).upper()}")) == 50
    assert len(_ids(many, "pick up part aaa")) == 100
    assert len(_ids(many, "par")) == 150
    assert _ids(many, "art") == _ids(many, "pour") == []


def test_what_came_and_went_is_seen(many):
    _age(many)
    many.remove("pick_up-part-aaa-7")
    write_description(many, 150)
    ids = _ids(many)
    assert len(ids) == 150
    assert "pick_up-part-aaa-7" not in ids
    assert "pick_up-part-aab-51" in ids


@pytest.mark.parametrize("where", [0, 0.3, 0.7, -1])
def test_a_damaged_index_shows_no_wrong_row_and_is_built_again(recorded, where):
    expected = recorded.summaries()
    path = recorded.path / "cache/index.sqlite"
    sound = path.read_bytes()
    position = int(len(sound) * where) if where >= 0 else len(sound) - 1
    path.write_bytes(sound[:position] + bytes([sound[position] ^ 1]) + sound[position + 1 :])
    assert recorded.summaries() == expected
    assert (
        path.read_bytes() != sound[:position] + bytes([sound[position] ^ 1]) + sound[position + 1 :]
    )
    path.write_bytes(sound[: len(sound) // 2])
    assert recorded.summaries() == expected


def test_an_index_with_other_tables_is_built_again(recorded):
    import hashlib
    import sqlite3
    from contextlib import closing

    expected = recorded.summaries()
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE demos (name TEXT)")
        body = database.serialize()
    path = recorded.path / "cache/index.sqlite"
    path.write_bytes(body + hashlib.sha256(body).digest())
    assert recorded.summaries() == expected


def test_a_description_damaged_after_it_was_indexed_is_not_listed(recorded):
    _age(recorded)
    path = recorded.folder("pick_up-mug-1") / "zarr.json"
    path.write_bytes(path.read_bytes().replace(b'"mug"', b'"jug"'))
    sound, damaged = recorded.listing()
    assert [summary.demo_id for summary in sound] == ["pick_up-mug-2"]
    assert "zarr.json: damaged" in damaged[0].reason


def test_a_read_only_library_is_listed_and_nothing_is_written(recorded):
    (recorded.path / "cache").write_text("a file where the folder would be")
    assert len(recorded.summaries()) == 2
    assert (recorded.path / "cache").read_text() == "a file where the folder would be"


def test_an_index_is_never_written_through_a_link(recorded, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (recorded.path / "cache").symlink_to(outside)
    assert len(recorded.summaries()) == 2
    assert list(outside.iterdir()) == []


def test_readers_see_every_demonstration_after_its_rename(library, record_mug):
    """Lists while another thread records; what was saved before a listing began is in it."""
    saved, missed, done = [], [], threading.Event()

    def read():
        while not done.is_set():
            before = list(saved)
            missed.extend(set(before) - set(_ids(library)))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for _ in range(4):
        saved.append(record_mug().demo_id)
    done.set()
    for reader in readers:
        reader.join()
    assert missed == []
    assert _ids(library) == saved


def test_two_processes_record_into_one_library_at_once(library):
    """Neither takes the other's name, and both leave sound demonstrations."""
    here = os.path.dirname(__file__)
    code = (
        f"import sys; sys.path[:0] = [{here!r}, {here + '/fakes'!r}]\n"
        "from conftest import _record\n"
        "from demos.library import DemoLibrary\n"
        "library = DemoLibrary.open(sys.argv[1])\n"
        "print(*(_record(library).demo_id for _ in range(4)))\n"
    )
    command = [sys.executable, "-c", code, str(library.path)]
    recorders = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    names = [name for recorder in recorders for name in recorder.communicate()[0].split()]
    assert [recorder.returncode for recorder in recorders] == [0, 0]
    sound, damaged = library.scan()
    assert sorted(names) == sorted(summary.demo_id for summary in sound)
    assert len(set(names)) == 8
    assert damaged == library.unfinished() == []


def test_a_demonstration_removed_while_it_is_read_is_a_typed_error(recorded, monkeypatch):
    """Its files vanished one by one under the reader, who called it damaged."""
    from demos import library as module

    def remove_first(folder, with_frames):
        shutil.rmtree(folder)
        return verify(folder, with_frames)

    verify = module.verify_manifest
    monkeypatch.setattr(module, "verify_manifest", remove_first)
    with pytest.raises(DemoNotFoundError, match="removed while it was read"):
        recorded.load("pick_up-mug-1")
    monkeypatch.setattr(module, "verify_manifest", verify)
    assert DemoLibrary.open(recorded.path).damaged() == []


def test_listing_imports_nothing_heavy(recorded):
    """``mt3-demos ls`` took two seconds of imports."""
    code = (
        "import sys\n"
        "from demos.cli.demos import run\n"
        f"run(['ls', '--library', {str(recorded.path)!r}])\n"
        "heavy = {'numpy', 'scipy', 'zarr', 'hydra', 'matplotlib', 'torch', 'open3d'}\n"
        "sys.exit(str(heavy & sys.modules.keys()) if heavy & sys.modules.keys() else 0)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
