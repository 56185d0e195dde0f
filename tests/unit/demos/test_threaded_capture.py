"""Capturing in real time: threads take samples and frames, and what stops one stops all."""

import errno
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from kinematic_scene import KinematicScene, RedSegmenter
from moving_camera import CountingCamera, FreeRunningCamera, RealArm, RealClock, RealGripper
from streaming import MUG, assert_frames_right

from demos.library import DemoLibrary
from demos.recorder import Recorder, take_view
from demos.recovery import recover
from demos.stream.stream_staging import FrameWriter
from mt3.errors import DemoFormatError, DeviceError, StaleDataError, StorageError

RATE_HZ, CAMERA_HZ = 25.0, 60.0  # samples so slow that a busy computer is no gap of theirs


@pytest.fixture
def library(tmp_path):
    return DemoLibrary.create(tmp_path / "library", "kinematic", "real")


def real_scene(camera=CountingCamera, **options):
    scene = KinematicScene("real")
    scene.clock = RealClock()
    scene.arm, scene.gripper = RealArm(scene.clock), RealGripper(scene.clock)
    scene.cameras["top"] = camera(scene.clock, **options)
    return scene


@pytest.fixture
def recording(library, streamed):
    """Begins a recording in a real scene; keyword arguments change the settings."""

    @contextmanager
    def begin(scene, **changes):
        settings = replace(streamed, rate_hz=RATE_HZ, camera_hz=CAMERA_HZ, **changes)
        view = KinematicScene()
        view = take_view(view, view.arm, MUG, RedSegmenter(), 1.0)
        with Recorder(scene, scene.arm, library, MUG, [view], settings) as recorder:
            yield recorder
        assert not [t for t in threading.enumerate() if t.name.startswith("recorder-")]

    return begin


def wait_until(condition):
    for _ in range(2000):
        if condition():
            return
        time.sleep(0.005)
    raise AssertionError("nothing came")


def demonstrate(recorder, frames=8):
    wait_until(lambda: recorder.progress.frames >= 2)
    recorder.mark_bottleneck()
    samples = recorder.samples
    wait_until(lambda: recorder.progress.frames >= frames and recorder.samples >= samples + 15)
    recorder.end(True, "test")


def test_samples_and_frames_come_by_themselves(library, recording):
    scene = real_scene()
    with recording(scene, allow_drops=True) as recorder:
        demonstrate(recorder)
        summary = recorder.save()
    stored, _ = library.read(summary.demo_id)
    assert len(stored.samples.t_s) == recorder.progress.samples
    assert len(stored.stream.t_s) == recorder.progress.frames
    assert recorder.progress.dropped_frames >= scene.cameras["top"].count - recorder.progress.frames
    assert_frames_right(stored.stream, False, recorder.progress.frames)
    assert stored.stream.t_s[-1] >= stored.samples.t_s[stored.events.end]
    np.testing.assert_allclose(
        stored.samples.T_BE[:, 2, 3] - stored.samples.T_BE[0, 2, 3],
        0.05 * stored.samples.t_s,
        atol=1e-9,
    )


def test_a_late_camera_still_covers_the_end(library, recording):
    scene = real_scene(FreeRunningCamera, rate_hz=CAMERA_HZ, delay_s=0.07)
    with recording(scene, allow_drops=True) as recorder:
        demonstrate(recorder)
        summary = recorder.save()
    stored, _ = library.read(summary.demo_id)
    assert stored.stream.t_s[-1] >= stored.samples.t_s[stored.events.end]
    assert (np.diff(stored.stream.t_s) > 0).all()


def test_a_slow_disk_drops_frames_and_blocks_nothing(library, recording, monkeypatch):
    """The writer stands still; samples go on, the queue fills, frames are counted as dropped."""
    go_on, write = threading.Event(), FrameWriter.write
    monkeypatch.setattr(
        FrameWriter, "write", lambda self, *frame: (go_on.wait(), write(self, *frame))
    )
    with recording(real_scene(), queue_frames=3) as recorder:
        wait_until(lambda: recorder.samples >= 1)
        recorder.mark_bottleneck()
        wait_until(lambda: recorder.progress.dropped_frames >= 4)
        progress = recorder.progress
        assert (progress.frames, progress.queued_frames) == (0, 3)
        before = progress.samples
        wait_until(lambda: recorder.samples > before + 12)
        go_on.set()
        wait_until(lambda: recorder.progress.frames >= 8)
        recorder.end(True, "test")
        with pytest.raises(DemoFormatError, match="dropped between bottleneck and end"):
            recorder.save()
    assert library.summaries() == []


def latched(recording, scene, error, message, break_it=lambda: None):
    """Every call after the failure raises it, and nothing is saved."""
    with recording(scene) as recorder:
        break_it()
        with pytest.raises(error, match=message):
            wait_until(recorder.sample)
        with pytest.raises(error, match=message):
            recorder.mark_bottleneck()
        with pytest.raises(error, match=message):
            recorder.end(True, "test")
        with pytest.raises(error, match=message):
            recorder.save()


def test_a_camera_unplugged_in_the_middle(library, recording):
    latched(recording, real_scene(unplug_after=3), StaleDataError, "plugged in")
    assert recover(library)[0].outcome == "quarantined"


def test_a_camera_that_is_not_there_begins_nothing(library, recording):
    with pytest.raises(StaleDataError, match="plugged in"), recording(real_scene(unplug_after=0)):
        pass
    assert library.unfinished() == []


def test_a_clock_that_goes_back(recording):
    scene = real_scene()

    def turn_back():
        scene.clock.jump_s = -10.0

    latched(recording, scene, DeviceError, "time went back", turn_back)


def test_an_arm_that_falls_silent(recording):
    scene = real_scene()
    state = scene.arm.state()

    def fall_silent():
        frozen = replace(state, t_s=scene.clock.now_s() + 0.1)
        scene.arm.state = lambda: frozen

    latched(recording, scene, StaleDataError, "no new state", fall_silent)


def test_a_disk_that_is_full(library, recording, monkeypatch):
    def full(self, chunk):
        raise OSError(errno.ENOSPC, "No space left on device")

    def fill():
        monkeypatch.setattr("demos.stream.shards.ShardWriter.append", full)

    latched(recording, real_scene(), StorageError, "No space left on device.*untouched", fill)
    assert library.summaries() == []


def test_an_error_on_its_way_is_not_masked(recording):
    """Leaving the block with a person's Ctrl-C while the camera has failed too."""
    scene = real_scene(unplug_after=2)
    with pytest.raises(KeyboardInterrupt):
        interrupt_after_failure(recording, scene)


def interrupt_after_failure(recording, scene):
    with recording(scene) as recorder:
        with pytest.raises(StaleDataError):
            wait_until(recorder.sample)
        raise KeyboardInterrupt
