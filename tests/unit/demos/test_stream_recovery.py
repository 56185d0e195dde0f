"""What a crash left of a camera stream is finished as far as it is whole."""

import json
from dataclasses import replace

import pytest
from streaming import assert_frames_right, cut, record_stream

from demos import intake
from demos.recovery import recover


def broken_off(library, streamed, monkeypatch):
    """The staging folder of a recording that was killed while it was saved."""
    with monkeypatch.context() as patch:
        patch.setattr(intake, "write_manifest", _killed)
        with pytest.raises(KeyboardInterrupt):
            record_stream(library, streamed)
    (staging,) = library.unfinished()
    return staging


def test_recovery_ends_with_the_same_bytes_as_saving(library, streamed, monkeypatch):
    saved = record_stream(library, streamed)
    broken_off(library, streamed, monkeypatch)
    assert recover(library)[0].outcome == "finished"
    assert [s.content_hash for s in library.summaries()] == [saved.content_hash] * 2


@pytest.mark.parametrize("array", ["camera/T_world_camera/c/0/0", "camera/t_s/c", "robot/t_s/c"])
def test_what_a_kill_left_of_a_file_does_not_get_into_the_record(
    library, streamed, monkeypatch, array
):
    """A partial file below camera/ stayed: recovery "finished" what no reader took."""
    staging = broken_off(library, streamed, monkeypatch)
    (staging / "record" / array / "0.9b6d.partial").write_bytes(b"half")
    assert recover(library)[0].outcome == "finished"
    assert library.read("pick_up-mug-1")[1] == library.summaries()[0].content_hash


def log_lines(staging, keep):
    """Keep some lines of the stream's log: the first describes the stream, then one a frame."""
    path = staging / "camera.log"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:keep]))


def test_a_frame_cut_short_by_a_kill_is_cut_off(library, streamed, monkeypatch):
    """Its bytes are there in part, and its line in the log is not."""
    settings = replace(streamed, allow_drops=True)
    staging = broken_off(library, settings, monkeypatch)
    log_lines(staging, 1 + 29)
    cut(staging / "record/camera/depth/c/0/0/0", 10)  # of the index and so of nothing
    assert recover(library)[0].outcome == "finished"
    assert_frames_right(library.read("pick_up-mug-1")[0].stream, False, 29)


def test_a_frame_lost_in_a_power_cut_ends_the_stream(library, streamed, monkeypatch):
    """The log reached the disk, and the frame it speaks of did not: zeros lie there instead."""
    staging = broken_off(library, replace(streamed, allow_drops=True), monkeypatch)
    log_lines(staging, 1 + 30)
    row = json.loads((staging / "camera.log").read_bytes().splitlines()[29][9:])
    _, offset, nbytes = row["color"]
    with (staging / "record/camera/color/c/0/0/0/0").open("r+b") as file:
        file.seek(offset)
        file.write(bytes(nbytes))
    assert recover(library)[0].outcome == "finished"
    assert_frames_right(library.read("pick_up-mug-1")[0].stream, False, 28)


def test_a_stream_of_which_nothing_is_left_is_a_defect(library, streamed, monkeypatch):
    staging = broken_off(library, streamed, monkeypatch)
    log_lines(staging, 0)
    (recovery,) = recover(library)
    assert recovery.outcome == "quarantined"
    assert "got no frame" in recovery.reason


def _killed(_):
    raise KeyboardInterrupt
