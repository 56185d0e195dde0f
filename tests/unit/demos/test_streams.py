"""Camera streams: what was seen is what is read back, by us and by plain zarr."""

import configparser
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zarr
from kinematic_scene import KinematicScene, RedSegmenter
from moving_camera import picture
from streaming import MUG, assert_frames_right, record_stream, scene_with
from zarr.storage import MemoryStore

from demos.recorder import Recorder, take_view
from demos.recording import as_depth_mm
from demos.recovery import recover
from demos.stream.image_codec import COLOR_CODECS, DEPTH_CODEC
from demos.stream.jpeg_codec import decode_jpeg, encode_jpeg
from demos.stream.shards import FRAMES_PER_SHARD
from mt3.errors import ConfigurationError, DeviceError, StaleDataError

ROOT = Path(__file__).parents[3]


@pytest.fixture(params=["jpeg", "lossless"])
def either(request, streamed):
    return replace(streamed, color_codec=request.param)


def test_every_frame_comes_back(library, either):
    summary = record_stream(library, either)
    recording, content_hash = library.read(summary.demo_id)
    assert content_hash == summary.content_hash
    stream = recording.stream
    assert_frames_right(stream, either.color_codec == "lossless")
    np.testing.assert_allclose(np.diff(stream.t_s), 1 / 30, atol=1e-9)
    assert stream.t_s[0] == pytest.approx(0.0)
    assert stream.T_WC.shape == (30, 4, 4)
    assert (stream.camera, stream.intrinsics.width) == ("front", 64)


def test_plain_zarr_reads_every_frame(library, either, monkeypatch):
    """Across several shards, the last of them partly filled."""
    for module in ("demos.stream.shards", "demos.stream.sharded_images"):
        monkeypatch.setattr(f"{module}.FRAMES_PER_SHARD", 8)
    folder = library.folder(record_stream(library, either).demo_id)
    group = zarr.open_group(folder, mode="r", zarr_format=3)
    assert group["camera/color"].shards == (8, 48, 64, 3)
    assert len(list((folder / "camera/color/c").iterdir())) == 4
    color, depth_mm = group["camera/color"][...], group["camera/depth"][...]
    stream = library.read(folder.name)[0].stream
    for k in range(30):
        np.testing.assert_array_equal(color[k], stream.color(k))
        np.testing.assert_array_equal(depth_mm[k], picture(k)[1])


@pytest.mark.parametrize(
    ("codec", "image"),
    [(COLOR_CODECS["jpeg"], 0), (COLOR_CODECS["lossless"], 0), (DEPTH_CODEC, 1)],
)
def test_the_bytes_are_those_that_zarr_itself_would_write(codec, image):
    image = picture(3)[image]
    store = MemoryStore()
    array = zarr.create_array(
        store,
        shape=(1, *image.shape),
        dtype=image.dtype,
        chunks=(1, *image.shape),
        **codec.zarr_codecs(),
    )
    array[0] = image
    key = "/".join(["c", *"0" * array.ndim])
    assert codec.encode(image) == store._store_dict[key].to_bytes()
    np.testing.assert_array_equal(
        codec.decode(codec.encode(image), image.shape, image.dtype), array[0]
    )


def test_jpeg_keeps_red_red_and_refuses_another_size():
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 220
    assert decode_jpeg(encode_jpeg(red, 95), (16, 16))[8, 8] == pytest.approx((220, 0, 0), abs=4)
    with pytest.raises(ValueError, match=r"expected \(16, 8, 3\)"):
        decode_jpeg(encode_jpeg(red, 95), (16, 8))
    with pytest.raises(ValueError, match="no image"):
        decode_jpeg(b"no jpeg", (16, 16))


def test_millimetres_survive_metres_exactly():
    depth_mm = np.arange(2**16, dtype=np.uint16)
    np.testing.assert_array_equal(as_depth_mm(depth_mm / np.float32(1000.0)), depth_mm)
    as_float32 = (depth_mm / 1000.0).astype(np.float32)
    np.testing.assert_array_equal(as_depth_mm(as_float32), depth_mm)
    assert as_depth_mm(np.array([70.0, 65.536, 0.0014], np.float32)).tolist() == [0, 0, 1]


def test_the_record_says_what_was_streamed(library, streamed):
    settings = replace(streamed, latency_s={"camera": 0.02}, allow_drops=True)
    folder = library.folder(record_stream(library, settings).demo_id)
    attributes = json.loads((folder / "zarr.json").read_text())["attributes"]
    assert attributes["rate_hz"] == {"robot": 60.0, "gripper": 60.0, "camera": 30.0}
    assert attributes["counts"]["frames"] == 30
    assert attributes["allow_drops"] is True
    recording = library.read(folder.name)[0]
    assert recording.header.latency_s == {"camera": 0.02}
    assert recording.stream.t_s[0] == pytest.approx(-0.02)


def test_latencies_of_arm_and_gripper_are_taken_out(library, settings):
    """A gripper that reports 50 ms late is read where the arm was 50 ms before."""
    plain = library.read(record_stream(library, settings).demo_id)[0].samples
    late = replace(settings, latency_s={"gripper": 0.05})
    scene = KinematicScene()
    scene.gripper.state = lambda state=scene.gripper.state: replace(state(), t_s=scene.arm.t_s)
    shifted = library.read(record_stream(library, late, scene).demo_id)[0].samples
    np.testing.assert_allclose(shifted.opening[:-3], plain.opening[3:], atol=1e-6)
    np.testing.assert_array_equal(shifted.command, plain.command)


def test_saving_encodes_nothing_again(library, streamed, monkeypatch):
    """The second JPEG generation of a copied frame would be worse than the first."""
    encoded = []
    with monkeypatch.context() as patch:
        patch.setattr(
            "demos.stream.image_codec.encode_jpeg",
            lambda *given: encoded.append(encode_jpeg(*given)) or encoded[-1],
        )
        folder = library.folder(record_stream(library, streamed).demo_id)
    assert len(encoded) == 30
    stored = (folder / "camera/color/c/0/0/0/0").read_bytes()
    assert all(body in stored for body in encoded)
    assert len(stored) == sum(len(body) + 4 for body in encoded) + 16 * FRAMES_PER_SHARD + 4


def test_old_records_without_a_stream_stay_readable(recorded):
    recording, _ = recorded.read("pick_up-mug-1")
    assert recording.stream is None
    assert recording.header.camera_hz is None


def test_progress_says_how_it_goes(library, streamed):
    scene = scene_with()
    recorder = Recorder(scene, scene.arm, library, MUG, [], streamed)
    assert recorder.progress.samples == 0
    with recorder:
        for _ in range(11):
            scene.clock.sleep_until(scene.clock.now_s() + 1 / 60)
            recorder.sample()
        progress = recorder.progress
    assert (progress.samples, progress.frames, progress.dropped_frames) == (11, 6, 0)
    assert progress.robot_hz == pytest.approx(60.0)
    assert progress.camera_hz == pytest.approx(30.0)
    assert progress.bytes_written > 1000


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"camera": "wrist"}, "expected one of front, top"),
        ({"color_codec": "png"}, "jpeg or lossless"),
        ({"queue_frames": 0}, "queue_frames"),
        ({"camera_hz": float("nan")}, "camera_hz"),
        ({"latency_s": {"arm": 0.1}}, "robot, gripper, camera"),
    ],
)
def test_wrong_settings_are_refused(library, streamed, changes, message):
    scene = scene_with()
    with pytest.raises(ConfigurationError, match=message):
        Recorder(scene, scene.arm, library, MUG, [], replace(streamed, **changes))


def test_a_camera_unplugged_in_the_middle_ends_the_recording(library, streamed):
    with pytest.raises(StaleDataError, match="plugged in"):
        record_stream(library, streamed, scene_with(unplug_after=10))
    assert library.summaries() == []
    (recovery,) = recover(library)
    assert recovery.outcome == "quarantined"
    assert "never marked" in recovery.reason


@pytest.mark.parametrize("whose", ["arm", "camera"])
def test_time_that_goes_back_ends_the_recording(library, streamed, whose):
    scene = scene_with()
    with Recorder(scene, scene.arm, library, MUG, [], streamed) as recorder:
        sample(recorder, scene, 10)
        if whose == "arm":
            scene.arm.t_s -= 1.0
        else:
            scene.cameras["top"].clock = Stopped()
        with pytest.raises(DeviceError, match="time went back"):
            sample(recorder, scene, 10)
    assert library.summaries() == []


class Stopped:
    def now_s(self):
        return 0.0


def sample(recorder, scene, count):
    for _ in range(count):
        scene.clock.sleep_until(scene.clock.now_s() + 1 / 60)
        recorder.sample()


def test_a_view_and_a_stream_come_from_their_own_cameras(library, streamed):
    scene = scene_with()
    view = take_view(scene, scene.arm, MUG, RedSegmenter(), 1.0)
    assert view.color[25, 30, 0] == 200
    assert scene.cameras["top"].count == 0


READ = """
import sys, numpy, zarr
array = zarr.open_group(sys.argv[1], mode="r")["camera/color"]
print(array[3].sum())
"""


def test_zarr_finds_the_codec_in_a_program_that_knows_nothing_of_us(library, streamed, tmp_path):
    """By the entry point of the distribution, here one made from our setup.cfg."""
    folder = library.folder(record_stream(library, streamed).demo_id)
    setup_cfg = configparser.ConfigParser()
    setup_cfg.read(ROOT / "setup.cfg")
    entry_points = setup_cfg["options.entry_points"]["zarr.codecs"]
    installed = tmp_path / "site" / "codec_of_mt3-1.0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: codec-of-mt3\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text(f"[zarr.codecs]\n{entry_points.strip()}\n")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path / 'site'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-c", READ, str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    color = library.read(folder.name)[0].stream.color(3)
    assert int(done.stdout) == color.sum()
