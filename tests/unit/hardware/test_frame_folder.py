"""Folders of frames, and what a recording does that is played back."""

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from hardware.cameras.frame_folder import FrameFolder
from hardware.cameras.recorded import RecordedCamera
from mt3.errors import ImageError, NotConnectedError, StaleDataError, StorageError
from mt3.geometry import SE3
from mt3.perception import RGBD, Intrinsics

INTRINSICS = Intrinsics(50.0, 50.0, 19.5, 14.5, 40, 30)
ROOT = Path(__file__).parents[3]
REAL = Path(os.environ.get("MT3_REAL_SEQUENCE", ROOT.parent / "shared/data/real_sequence"))


class Time:
    t_s = 7.0

    def now_s(self) -> float:
        return self.t_s

    def sleep_until(self, t_s: float) -> None:
        self.t_s = t_s


def frame(k: int) -> RGBD:
    rng = np.random.default_rng(k)
    color = rng.integers(0, 256, (30, 40, 3), np.uint8)
    depth_m = np.where(rng.random((30, 40)) < 0.2, 0.0, rng.uniform(0.3, 2.0, (30, 40)))
    T_WC = SE3.from_yaw(0.1 * k, (0.0, 0.0, 0.5))
    return RGBD(color, depth_m.astype(np.float32), INTRINSICS, T_WC, 50.0 + 0.1 * k, "front")


@pytest.fixture
def folder(tmp_path):
    folder = FrameFolder(tmp_path / "recording")
    for k in range(3):
        folder.write(k, frame(k))
    return folder


def test_frames_come_back_as_they_were_written(folder) -> None:
    for k, stored in enumerate(folder.frames()):
        back, truth = stored.load(stored.t_s, "front"), frame(k)
        np.testing.assert_array_equal(back.color, truth.color)
        np.testing.assert_allclose(back.depth_m, truth.depth_m, atol=0.0006)
        assert ((back.depth_m == 0) == (truth.depth_m == 0)).all()
        assert back.T_WC.is_close(truth.T_WC, 1e-9, 1e-9)
        assert back.t_s == truth.t_s
        assert back.intrinsics == INTRINSICS


def test_depth_beyond_16_bits_is_no_reading(folder) -> None:
    depth_m = np.full((30, 40), 1.0, np.float32)
    depth_m[3, 4] = 70.0
    folder.write(3, RGBD(frame(0).color, depth_m, INTRINSICS, SE3.identity(), 60.0, "front"))
    assert folder.frames()[3].load(0.0, "front").depth_m[3, 4] == 0.0


def test_it_plays_at_the_recorded_times_and_then_is_stale(folder) -> None:
    time = Time()
    with pickle.loads(pickle.dumps(RecordedCamera("front", folder.path, time))) as camera:
        time = camera._clock
        for wait_s, k in ((0.0, 0), (0.09, 0), (0.11, 1), (0.25, 2), (0.5, 2)):
            time.t_s = 7.0 + wait_s
            rgbd = camera.read(0.4)
            np.testing.assert_array_equal(rgbd.color, frame(k).color)
            assert rgbd.t_s == pytest.approx(7.0 + 0.1 * k)
            assert rgbd.T_WC.is_close(frame(k).T_WC, 1e-9, 1e-9)
        time.t_s = 7.7
        with pytest.raises(StaleDataError):
            camera.read(0.4)


def test_it_begins_anew_each_time(folder) -> None:
    time = Time()
    camera = RecordedCamera("front", folder.path, time)
    for _ in range(2):
        with camera:
            np.testing.assert_array_equal(camera.read(0.1).color, frame(0).color)
        time.t_s += 10.0
        with pytest.raises(NotConnectedError):
            camera.read(10.0)


def test_a_frame_that_was_not_finished_is_not_there(folder) -> None:
    (folder.path / "000002.json").unlink()
    assert len(folder.frames()) == 2


def test_no_folder_or_an_empty_one(tmp_path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(NotConnectedError, match="000000_color"):
            FrameFolder(path).frames()


def damage_json(path: Path, **changes) -> None:
    file = path / "000001.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: (path / "000001.json").write_text("{"), "000001.json"),
        (lambda path: (path / "000001.json").write_text("{}"), "got no 't_s'"),
        (lambda path: damage_json(path, t_s="soon"), "soon"),
        (lambda path: damage_json(path, t_s=50.0), "more than that of the frame before"),
        (lambda path: damage_json(path, T_world_camera=[[1.0]]), "shape"),
        (lambda path: damage_json(path, intrinsics={"fx": 1.0}), "fy"),
        (lambda path: (path / "notes.json").write_text("{}"), "number of a frame"),
    ],
)
def test_a_damaged_description_is_named(folder, damage, message) -> None:
    damage(folder.path)
    with pytest.raises(ImageError, match=message):
        folder.frames()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: (path / "000000_color.png").unlink(), "missing or damaged"),
        (lambda path: (path / "000000_depth_mm.png").write_bytes(b"PNG"), "missing or damaged"),
        (
            lambda path: (path / "000000_color.png").replace(path / "000000_depth_mm.png"),
            "missing or damaged|expected uint16",
        ),
    ],
)
def test_a_damaged_image_is_named(folder, damage, message) -> None:
    damage(folder.path)
    camera = RecordedCamera("front", folder.path, Time())
    with camera, pytest.raises(ImageError, match=message):
        camera.read(1.0)


def test_what_cannot_be_written_is_an_error(tmp_path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="not written"):
        FrameFolder(tmp_path / "file").write(0, frame(0))


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real frames in {REAL}")
def test_real_frames_play_once_they_have_times(tmp_path) -> None:
    for k, file in enumerate(sorted(REAL.glob("*.json"))):
        about = json.loads(file.read_text()) | {"t_s": k / 30.0}
        (tmp_path / file.name).write_text(json.dumps(about))
        for image in ("color", "depth_mm"):
            (tmp_path / f"{file.stem}_{image}.png").symlink_to(REAL / f"{file.stem}_{image}.png")
    with RecordedCamera("real", tmp_path, Time()) as camera:
        rgbd = camera.read(1.0)
    heights_m = rgbd.points_W(rgbd.depth_m > 0)[:, 2]
    assert rgbd.color.shape == (720, 1280, 3)
    assert abs(float(np.median(heights_m))) < 0.05  # most of it is floor, where z is 0
