import json
import os
import shutil

import pytest
from damaged_libraries import measure
from streaming import record_stream

from demos.manifest import write_manifest
from mt3.errors import DemoFormatError


def test_no_damage_crashes_hangs_lies_or_reaches_outside():
    """200 of the 2,000 of the bench; a sparse index was read whole, an index row led outside.

    The bench counts 2 s as a hang; a computer busy with other tests takes longer.
    """
    figures = measure(200, seed=0, limit_s=60.0)
    faults = ("signals", "hangs", "unexpected", "wrong", "not_listed", "touched_outside")
    assert {name: figures[name] for name in faults} == dict.fromkeys(faults, 0), figures["cases"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("codecs", [{"name": "numcodecs.pickle"}]),
        ("chunk_grid", {"name": "regular", "configuration": {"chunk_shape": [10**15]}}),
        ("consolidated_metadata", {"kind": "inline", "metadata": {}}),
        ("shape", [10**12]),
    ],
)
def test_an_array_that_is_not_as_we_write_it_is_not_decoded(recorded, key, value):
    """The manifest matches, and zarr would have done what the metadata say."""
    folder = recorded.folder("pick_up-mug-1")
    path = folder / "robot/t_s/zarr.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    write_manifest(folder)
    with pytest.raises(DemoFormatError, match="pick_up-mug-1: robot/t_s: "):
        recorded.load("pick_up-mug-1")


def test_a_missing_chunk_under_a_matching_manifest_is_not_read_as_zeros(recorded):
    folder = recorded.folder("pick_up-mug-1")
    shutil.rmtree(folder / "views/0/depth/c")
    write_manifest(folder)
    with pytest.raises(DemoFormatError, match="views/0/depth/c/0/0: missing"):
        recorded.load("pick_up-mug-1")


def test_a_link_in_place_of_a_demonstration_is_damage_and_can_be_deleted(recorded, tmp_path):
    """It was "no demonstration 'x'; the nearest are x", and stayed for ever."""
    target = recorded.path / "demos/pick_up-mug-1"
    target.rename(tmp_path / "elsewhere")
    target.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DemoFormatError, match="pick_up-mug-1: is a link"):
        recorded.load("pick_up-mug-1")
    recorded.remove("pick_up-mug-1")
    assert len(list((tmp_path / "elsewhere").iterdir())) > 0
    assert [summary.demo_id for summary in recorded.summaries()] == ["pick_up-mug-2"]


def test_a_shard_of_a_terabyte_is_refused_unread(library, streamed):
    """Its sha256 was computed first, for hours."""
    folder = library.folder(record_stream(library, streamed).demo_id)
    os.truncate(folder / "camera/depth/c/0/0/0", 1 << 40)
    with pytest.raises(DemoFormatError, match="camera/depth/c/0/0/0: damaged, got 1099511627776"):
        library.read(folder.name)
