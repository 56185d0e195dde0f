"""A camera stream that is damaged or breaks a rule is refused, and the message says in what way."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from streaming import cut, record_stream

from demos.checks import find_defects
from demos.library import DemoLibrary
from demos.manifest import write_manifest
from demos.stream.image_codec import with_crc
from demos.stream.shards import FRAMES_PER_SHARD, read_index
from demos.stream.stream_checks import count_dropped
from mt3.errors import DemoFormatError


@pytest.fixture(scope="module")
def damageable(tmp_path_factory, streamed):
    path = tmp_path_factory.mktemp("damage") / "library"
    library = DemoLibrary.create(path, "kinematic", "sim")
    record_stream(library, streamed)
    return library


@pytest.fixture
def damaged(damageable, tmp_path):
    shutil.copytree(damageable.path, tmp_path / "copy")
    return DemoLibrary.open(tmp_path / "copy")


def test_a_frame_damaged_after_it_was_opened_is_never_decoded(damaged):
    folder = damaged.folder("pick_up-mug-1")
    stream = damaged.read("pick_up-mug-1")[0].stream
    place = read_index(folder / "camera/color", 4, 30, FRAMES_PER_SHARD)[7]
    flip(folder / "camera/color/c/0/0/0/0", place.offset + 20)
    with pytest.raises(DemoFormatError, match="camera/color: frame 7: damaged"):
        stream.color(7)
    assert stream.color(8).shape == (48, 64, 3)
    (folder / "camera/depth/c/0/0/0").unlink()
    with pytest.raises(DemoFormatError, match="camera/depth: frame 8"):
        stream.depth_mm(8)


def flip(path, offset):
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)


def _without_a_frame(folder):
    """An index that says that a frame was never written; zarr alone would return zeros."""
    path = folder / "camera/color/c/0/0/0/0"
    content = path.read_bytes()
    index = np.frombuffer(content[-16 * FRAMES_PER_SHARD - 4 : -4], "<u8").copy()
    index[20:22] = 2**64 - 1
    path.write_bytes(content[: -len(index) * 8 - 4] + with_crc(index.tobytes()))


def _edit_json(path, edit):
    document = json.loads(path.read_text())
    edit(document)
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_without_a_frame, "camera/color/c/0/0/0/0: holds fewer than 30"),
        (lambda f: (f / "camera/depth/c/0/0/0").unlink(), "camera/depth/c"),
        (lambda f: cut(f / "camera/depth/c/0/0/0", 1), "CRC-32C"),
        (lambda f: cut(f / "camera/depth/c/0/0/0", 10**6), "no index"),
        (
            lambda f: _edit_json(
                f / "zarr.json", lambda d: d["attributes"]["counts"].update(frames=31)
            ),
            "camera/t_s: got float64",
        ),
        (
            lambda f: _edit_json(
                f / "zarr.json", lambda d: d["attributes"]["counts"].update(frames=0)
            ),
            "camera: got no frame",
        ),
        (
            lambda f: _edit_json(
                f / "camera/zarr.json",
                lambda d: d["attributes"]["intrinsics"].update(width=10**6),
            ),
            "camera/color: got uint8",
        ),
        (lambda f: shutil.rmtree(f / "camera"), "camera: "),
    ],
)
def test_what_is_wrong_with_a_stream_is_said(damaged, damage, reason):
    """Even where the manifest was written anew over it."""
    folder = damaged.folder("pick_up-mug-1")
    damage(folder)
    with pytest.raises(DemoFormatError, match=r"pick_up-mug-1: .*(camera|manifest)"):
        damaged.read(folder.name)
    (folder / "manifest.sha256").unlink()
    write_manifest(folder)
    with pytest.raises(DemoFormatError, match=reason):
        damaged.read(folder.name)


@pytest.fixture(scope="module")
def sound(damageable):
    return damageable.read("pick_up-mug-1")[0]


class Edited:
    def __init__(self, stream, **changes):
        self._stream, self._changes = stream, changes

    def __getattr__(self, name):
        return self._changes.get(name, getattr(self._stream, name))


def with_times(recording, edit, **header):
    t_s = edit(np.array(recording.stream.t_s))
    stream = Edited(recording.stream, t_s=t_s, T_WC=recording.stream.T_WC[: len(t_s)])
    return replace(recording, stream=stream, header=replace(recording.header, **header))


def test_a_sound_stream_has_no_defects(sound):
    assert find_defects(sound) == []


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda t: np.delete(t, 15), "1 frames dropped between bottleneck and end"),
        (lambda t: np.delete(t, slice(15, 20)), "5 frames dropped"),
        (lambda t: np.delete(t, slice(1, 4)), "frame 1 is 0.133 s after"),
        (lambda t: t[:25], "cover the interaction"),
        (lambda t: np.r_[t[:5], t[4:]][:30], "strictly increasing"),
        (lambda t: np.where(t > 0.5, np.nan, t), "NaN"),
    ],
)
def test_a_stream_with_holes_is_a_defect(sound, edit, reason):
    assert reason in "; ".join(find_defects(with_times(sound, edit)))


def test_drops_outside_the_interaction_are_none(sound):
    assert find_defects(with_times(sound, lambda t: np.delete(t, 2))) == []


def test_drops_are_kept_where_they_are_allowed(sound):
    holes = with_times(sound, lambda t: np.delete(t, slice(15, 20)), allow_drops=True)
    assert find_defects(holes) == []


def test_a_camera_pose_that_is_none_is_a_defect(sound):
    T_WC = np.array(sound.stream.T_WC)
    T_WC[3, :3, :3] *= 1.1
    broken = replace(sound, stream=Edited(sound.stream, T_WC=T_WC))
    assert any("T_world_camera" in defect for defect in find_defects(broken))


def test_jitter_is_no_drop_and_a_long_gap_is_several():
    t_s = np.arange(10) / 30.0
    jitter = t_s + np.array([0, 0.008] * 5)
    assert count_dropped(jitter, 30.0) == 0
    assert count_dropped(np.delete(t_s, [3, 4, 7]), 30.0) == 3
    assert count_dropped(t_s[:1], 30.0) == 0
