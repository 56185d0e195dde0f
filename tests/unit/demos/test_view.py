"""Recordings in Rerun: what is in the file, as its own reader sees it."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import rerun
from rerun.chunk import RrdReader

from demos.cli.demos import run
from demos.rerun_view import save_view

FRAMES = 7
ENTITIES = {
    "/world/views/0",
    "/world/views/0/color",
    "/world/views/0/depth",
    "/world/views/0/mask",
    "/world/object",
    "/world/tool",
    "/world/path/way_there",
    "/world/path/interaction",
    "/world/events/15",
    "/world/events/30",
    "/world/events/59",
    "/events",
    "/gripper/opening",
    "/gripper/command",
    "/distance/tool_to_object",
    "/distance/threshold",
    "/twists/linear/from_poses",
    "/twists/linear/reported",
    "/twists/angular/from_poses",
    "/twists/angular/reported",
}


class _Stream:
    """A camera that saw seven frames."""

    camera = "front camera"

    def __init__(self, view) -> None:
        self._view = view
        self.intrinsics = view.intrinsics
        self.t_s = np.arange(FRAMES) / 10.0
        self.T_WC = np.tile(view.T_WC.matrix, (FRAMES, 1, 1))

    def color(self, k):
        return self._view.color

    def depth_mm(self, k):
        return self._view.depth_mm


@pytest.fixture
def cli(recorded, capfd, monkeypatch):
    monkeypatch.setenv("MT3_LIBRARY", str(recorded.path))

    def call(*typed):
        code = run(["view", "pick_up-mug-1", *typed])
        return code, *capfd.readouterr()

    return call


def _rows(path):
    """Rows over time of each entity, and the entities that hold still."""
    rows, still = {}, set()
    for chunk in RrdReader(path).stream():
        if chunk.is_static:
            still.add(chunk.entity_path)
        else:
            rows[chunk.entity_path] = rows.get(chunk.entity_path, 0) + chunk.num_rows
    return rows, still


def test_a_file_holds_all_that_is_stored(cli, tmp_path):
    path = tmp_path / "mug.rrd"
    code, out, _ = cli("--save", str(path))
    assert code == 0
    assert f"rerun {path}" in " ".join(out.split())
    rows, still = _rows(path)
    assert rows.keys() | still >= ENTITIES
    assert rows["/world/tool"] == rows["/gripper/command"] == 60
    assert rows["/twists/linear/from_poses"] == 59
    assert rows["/events"] == 3
    (entry,) = RrdReader(path).recordings()
    assert entry.recording_id == "pick_up-mug-1"
    assert len(RrdReader(path).blueprints()) == 1


def test_the_camera_stream_is_in_it(recorded, tmp_path):
    recording, _ = recorded.read("pick_up-mug-1")
    recording = replace(recording, stream=_Stream(recording.views[0]))
    seen = []

    def track(numbers):
        for k in numbers:
            seen.append(k)
            yield k

    save_view(recording, "pick_up-mug-1", tmp_path / "mug.rrd", track)
    rows, _ = _rows(tmp_path / "mug.rrd")
    base = "/world/stream/front\\ camera"
    assert rows[base] == rows[f"{base}/color"] == rows[f"{base}/depth"] == FRAMES
    assert seen == list(range(FRAMES))


def test_without_reported_twists_the_others_are_shown(recorded, tmp_path):
    recording, _ = recorded.read("pick_up-mug-1")
    samples = replace(recording.samples, V_BE_E=None, opening=None)
    save_view(replace(recording, samples=samples), "mug", tmp_path / "mug.rrd")
    rows, _ = _rows(tmp_path / "mug.rrd")
    assert "/twists/linear/from_poses" in rows
    assert "/twists/linear/reported" not in rows
    assert "/gripper/opening" not in rows


def test_a_viewer_opens_where_there_is_a_display(cli, monkeypatch):
    opened = []
    monkeypatch.setenv("DISPLAY", ":7")
    monkeypatch.setattr(
        rerun.RecordingStream, "spawn", lambda self, **options: opened.append(options)
    )
    assert cli()[0] == 0
    assert len(opened) == 1


def test_without_a_display_the_remedy_is_named(cli, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    code, _, err = cli()
    assert code == 3
    assert "--save FILE.rrd" in err


def test_the_missing_package_is_named_by_its_extra(cli, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "rerun", None)
    code, _, err = cli("--save", str(tmp_path / "mug.rrd"))
    assert code == 3
    assert "pip install 'mt3-robot[view]'" in err
    assert list(tmp_path.glob("*.rrd")) == []


@pytest.mark.parametrize("name", ["mug.mp4", "no/mug.rrd"])
def test_a_file_that_cannot_be_written_is_refused(cli, tmp_path, name):
    code, _, err = cli("--save", str(tmp_path / name))
    assert code == 3
    assert "ending in .rrd" in err
