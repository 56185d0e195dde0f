"""What recording colour, depth and robot state costs: frames dropped, cores, memory, bytes.

A synthetic camera gives 1280x720 colour and depth with the texture and noise of a real one, 30
times a second; an arm is polled 500 times a second; the recorder captures, encodes, writes and
saves, the disk's flush included, in real time.

  python bench/record_streams.py                 60 seconds
  python bench/record_streams.py --seconds 5     a quick look
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
from machine import describe_machine

from demos.durable import fsync_tree
from demos.library import DemoLibrary
from demos.recorder import Recorder, RecorderProgress, RecorderSettings
from demos.recording import Recording, SpeedLimits, StoredView, as_depth_mm
from demos.stream.image_codec import COLOR_CODECS, DEPTH_CODEC, ImageCodec
from demos.stream.stream_checks import dropped_in_interaction
from mt3.errors import DemoFormatError
from mt3.geometry import SE3
from mt3.interfaces import ArmState, GripperState
from mt3.perception import RGBD, Intrinsics
from mt3.task import TaskDescription
from mt3.tool import ToolFrame
from mt3.types import ColorImage, Float32Array

SECONDS = 60.0
CAMERA_HZ = 30.0
ROBOT_HZ = 500.0
SIZE = (720, 1280)
RING_FRAMES = 12
INTRINSICS = Intrinsics(920.0, 920.0, 639.5, 359.5, SIZE[1], SIZE[0])
T_WC = SE3(np.diag([1.0, -1.0, -1.0, 1.0]))
BOTTLENECK_AFTER_S = 0.5
CHECKED_FRAMES = 20


class RealClock:
    """The computer's monotonic clock."""

    def now_s(self) -> float:
        """Seconds since an arbitrary origin."""
        return time.monotonic()

    def sleep_until(self, t_s: float) -> None:
        """Return when ``now_s() >= t_s``."""
        time.sleep(max(0.0, t_s - time.monotonic()))


class SyntheticCamera:
    """Shows a ring of frames that differ, 30 a second, and counts what that costs itself."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.ring = make_frames(rng)
        self.taken: list[tuple[float, int]] = []
        self.cpu_s = 0.0
        self._start_s = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing to disconnect."""

    def read(self, max_age_s: float) -> RGBD:
        """The newest frame; a camera that runs by itself, so it may be the one read before."""
        start_s = time.thread_time()
        k = int((time.monotonic() - self._start_s) * CAMERA_HZ)
        t_s = self._start_s + k / CAMERA_HZ
        color, depth_m = self.ring[k % RING_FRAMES]
        rgbd = RGBD(color, depth_m, INTRINSICS, T_WC, t_s, "front")
        if not self.taken or self.taken[-1][0] != t_s:
            self.taken.append((t_s, k % RING_FRAMES))
        self.cpu_s += time.thread_time() - start_s
        return rgbd


class SyntheticArm:
    """Moves up and down by the clock."""

    def __init__(self) -> None:
        self._start_s = time.monotonic()

    def state(self) -> ArmState:
        """The state of this moment."""
        t_s = time.monotonic()
        z = 0.3 + 0.05 * np.sin(t_s - self._start_s)
        V_BE_E = np.array([0.0, 0.0, 0.05 * np.cos(t_s - self._start_s), 0.0, 0.0, 0.0])
        return ArmState(t_s, np.full(7, z), SE3.from_translation((0.4, 0.0, z)), V_BE_E)


class SyntheticGripper:
    """Stands open."""

    def state(self) -> GripperState:
        """The state of this moment."""
        return GripperState(time.monotonic(), 1.0, 1.0)


class SyntheticScene:
    """What the recorder asks of a real scene."""

    robot = "synthetic"
    backend = "real"
    tool = ToolFrame(SE3.identity(), "jaw", 0.5, (0.0, 0.0, 0.05))
    T_WB = SE3.identity()

    def __init__(self, camera: SyntheticCamera) -> None:
        self.clock, self.arm, self.gripper = RealClock(), SyntheticArm(), SyntheticGripper()
        self.cameras = {"front": camera}


def make_frames(rng: np.random.Generator) -> list[tuple[ColorImage, Float32Array]]:
    """Colour and depth in metres: texture at every scale, edges, noise of a sensor, holes."""
    texture = sum(
        cv2.resize(
            rng.normal(0.0, 60.0 / 2**octave, (9 * 2**octave, 16 * 2**octave, 3)),
            SIZE[::-1],
            interpolation=cv2.INTER_CUBIC,
        )
        for octave in range(6)
    )
    depth_m = 0.9 + cv2.resize(
        rng.normal(0, 0.1, (9, 16)), SIZE[::-1], interpolation=cv2.INTER_AREA
    )
    frames = []
    for k in range(RING_FRAMES):
        seen, deep = np.roll(texture, 9 * k, axis=1) + 120.0, np.roll(depth_m, 9 * k, axis=1)
        for _ in range(12):
            x, y = (int(rng.integers(0, n - 150)) for n in SIZE[::-1])
            seen[y : y + 150, x : x + 100] += rng.normal(0.0, 60.0, 3)
            deep[y : y + 150, x : x + 100] -= 0.1
        seen += rng.normal(0.0, 4.0, seen.shape)
        deep += rng.normal(0.0, 0.0015, deep.shape) * deep**2
        deep[rng.random(deep.shape) < 0.02] = 0.0
        color = np.clip(seen, 0, 255).astype(np.uint8)
        frames.append((color, (np.rint(deep * 1000.0) / 1000.0).astype(np.float32)))
    return frames


def measure(seconds: float) -> dict[str, Any]:
    """Record, save, read back and compare; then the table of codecs.

    ``refused`` says why where the recording broke a rule: on a computer busy with other things.

    Args:
        seconds: How long to capture.
    """
    camera = SyntheticCamera(np.random.default_rng(0))
    baseline_mib = _reset_peak_mib()
    with tempfile.TemporaryDirectory() as folder:
        library = DemoLibrary.create(Path(folder) / "library", "synthetic", "real")
        figures = _record(library, camera, seconds)
        figures["peak_rss_mib"] = _peak_mib()
        figures["rss_before_mib"] = baseline_mib
        for summary in library.summaries():
            start_s = time.perf_counter()
            recording, _ = library.read(summary.demo_id)
            figures["read_back_s"] = time.perf_counter() - start_s
            figures |= _compare(recording, camera)
    return {**figures, "codecs": measure_codecs(camera.ring)}


def measure_codecs(ring: list[tuple[ColorImage, Float32Array]]) -> dict[str, Any]:
    """Time and bytes per frame of each way to store colour, and of depth."""
    color = [color for color, _ in ring]
    depth = [as_depth_mm(depth_m) for _, depth_m in ring]
    table = {f"color {name}": _codec_row(codec, color) for name, codec in COLOR_CODECS.items()}
    return {**table, "depth": _codec_row(DEPTH_CODEC, depth)}


def _codec_row(codec: ImageCodec, images: list[np.ndarray]) -> dict[str, float]:
    encoded = [codec.encode(image) for image in images]
    start_s = time.thread_time()
    for image in images:
        codec.encode(image)
    encode_s = (time.thread_time() - start_s) / len(images)
    start_s = time.thread_time()
    for chunk, image in zip(encoded, images, strict=True):
        codec.decode(chunk, image.shape, image.dtype)
    decode_s = (time.thread_time() - start_s) / len(images)
    nbytes = float(np.mean([len(chunk) for chunk in encoded]))
    return {
        "encode_ms": 1e3 * encode_s,
        "decode_ms": 1e3 * decode_s,
        "bytes_per_frame": nbytes,
        "mb_per_s": nbytes * CAMERA_HZ / 1e6,
        "share_of_a_core": encode_s * CAMERA_HZ,
    }


def settings_at(robot_hz: float) -> RecorderSettings:
    """Samples at a rate, and every frame of the camera; dropped ones are counted."""
    return RecorderSettings(
        rate_hz=robot_hz,
        speed_limits=SpeedLimits(0.5, 2.0),
        max_view_age_s=1.0,
        software={},
        resolved_config={},
        camera_hz=CAMERA_HZ,
        allow_drops=True,
    )


def _record(library: DemoLibrary, camera: SyntheticCamera, seconds: float) -> dict[str, Any]:
    scene = SyntheticScene(camera)
    settings = settings_at(ROBOT_HZ)
    task = TaskDescription.parse("pick up the mug")
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    with Recorder(scene, scene.arm, library, task, [view_of(camera)], settings) as recorder:
        most_queued = _wait(recorder, BOTTLENECK_AFTER_S)
        recorder.mark_bottleneck()
        most_queued = max(most_queued, _wait(recorder, seconds - BOTTLENECK_AFTER_S))
        recorder.end(True, "bench")
        capture_s, cpu_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
        progress: RecorderProgress = recorder.progress
        start_s = time.perf_counter()
        try:
            recorder.save()
            refused = None
        except DemoFormatError as error:
            refused = str(error)
        save_s = time.perf_counter() - start_s
    start_s = time.perf_counter()
    fsync_tree(library.path)
    stored = sum(path.stat().st_size for path in library.path.rglob("*") if path.is_file())
    return {
        "seconds": seconds,
        "refused": refused,
        "samples": progress.samples,
        "robot_hz": progress.robot_hz,
        "frames": progress.frames,
        "camera_hz": progress.camera_hz,
        "dropped_frames": progress.dropped_frames,
        "most_queued_frames": most_queued,
        "capture_s": capture_s,
        "cores": cpu_s / capture_s,
        "cores_of_the_camera": camera.cpu_s / capture_s,
        "save_s": save_s,
        "left_to_flush_s": time.perf_counter() - start_s,
        "stored_mb": stored / 1e6,
        "mb_per_s": stored / 1e6 / capture_s,
    }


def _wait(recorder: Recorder, seconds: float) -> int:
    """Look after a recording for some time; the largest number of frames that waited."""
    most_queued = 0
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        time.sleep(0.02)
        recorder.sample()
        most_queued = max(most_queued, recorder.progress.queued_frames)
    return most_queued


def view_of(camera: SyntheticCamera) -> StoredView:
    """What the task begins with."""
    color, depth_m = camera.ring[0]
    mask = np.zeros(SIZE, bool)
    mask[300:400, 600:700] = True
    depth_mm = as_depth_mm(depth_m)
    t_s = time.monotonic()
    return StoredView(color, depth_mm, mask, INTRINSICS, T_WC, SE3.identity(), t_s, "front", "box")


def _compare(recording: Recording, camera: SyntheticCamera) -> dict[str, Any]:
    """Frames that are not what the camera showed at their time, of a sample of all."""
    stream = recording.stream
    if stream is None:
        raise SystemExit("the recording has no stream")
    shown = np.array([t_s for t_s, _ in camera.taken])
    origin_s = shown[0] - stream.t_s[0]
    wrong, errors = 0, []
    for k in np.linspace(0, len(stream.t_s) - 1, CHECKED_FRAMES).astype(int):
        nearest = int(np.abs(shown - origin_s - stream.t_s[k]).argmin())
        color, depth_m = camera.ring[camera.taken[nearest][1]]
        errors.append(float(np.abs(stream.color(k).astype(int) - color).mean()))
        same_depth = np.array_equal(stream.depth_mm(k), as_depth_mm(depth_m))
        wrong += not (same_depth and errors[-1] < 8.0)
    return {
        "dropped_in_interaction": dropped_in_interaction(recording),
        "frames_compared": CHECKED_FRAMES,
        "frames_wrong": wrong,
        "mean_color_error": float(np.mean(errors)),
    }


def _reset_peak_mib() -> float:
    """Forget the peak of this process's memory, and return what it holds now."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _peak_mib()


def _peak_mib() -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (peak,) = (line for line in lines if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=SECONDS)
    figures = measure(parser.parse_args().seconds)
    print(json.dumps({**figures, "machine": describe_machine()}, indent=1))


if __name__ == "__main__":
    main()
