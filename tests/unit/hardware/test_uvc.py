"""The UVC driver against OpenCV's own capture class, fed by a network camera on loopback."""

import pickle
import time

import numpy as np
import pytest
from live_stream import LiveStream

from hardware.cameras.stand_camera import StandCamera
from hardware.cameras.uvc import UvcCamera
from mt3.errors import ConfigurationError, NotConnectedError, StaleDataError
from mt3.geometry import SE3
from mt3.perception import Intrinsics

INTRINSICS = Intrinsics(150.0, 150.0, 79.5, 59.5, 160, 120)
IMAGE = np.zeros((120, 160, 3), np.uint8)
IMAGE[:, :80] = (200, 40, 90)


@pytest.fixture
def stream():
    with LiveStream(IMAGE) as stream:
        yield stream


def webcam(source, **changes) -> UvcCamera:
    return UvcCamera("side", source, **({"intrinsics": INTRINSICS, "rate_hz": 30.0} | changes))


def until_it_fails(camera, max_age_s: float) -> None:
    due_s = time.monotonic() + 5.0
    while time.monotonic() < due_s:
        camera.read(max_age_s)
        time.sleep(0.02)


def test_colour_is_rgb_and_depth_says_no_reading(stream) -> None:
    with StandCamera(webcam(stream.url), SE3.identity()) as side:
        rgbd = side.read(1.0)
    np.testing.assert_allclose(rgbd.color[60, 20], (200, 40, 90), atol=4)
    assert not rgbd.depth_m.any()
    assert rgbd.camera == "side"


def test_images_are_stamped_on_arrival_and_follow_each_other(stream) -> None:
    with webcam(stream.url) as side:
        first = side.read(1.0)
        assert 0.0 <= time.monotonic() - first.t_s <= 1.0
        time.sleep(0.3)
        assert side.read(1.0).t_s > first.t_s


def test_it_may_be_sent_to_another_process_and_needs_with(stream) -> None:
    side = pickle.loads(pickle.dumps(webcam(stream.url)))
    with pytest.raises(NotConnectedError, match="inside `with`"):
        side.read(1.0)
    with side:
        side.read(1.0)
    with pytest.raises(NotConnectedError, match="inside `with`"):
        side.read(1.0)


def test_a_stalled_stream_is_stale(stream) -> None:
    with webcam(stream.url) as side:
        stream.stall()
        with pytest.raises(StaleDataError, match="camera side"):
            until_it_fails(side, 0.3)
        stream.hang_up()


def test_a_lost_stream_stays_lost(stream) -> None:
    with webcam(stream.url) as side:
        stream.hang_up()
        for _ in range(2):
            with pytest.raises(NotConnectedError, match="stream lost"):
                until_it_fails(side, 10.0)


def test_another_size_is_refused(stream) -> None:
    other = Intrinsics(600.0, 600.0, 319.5, 239.5, 640, 480)
    wrong = webcam(stream.url, intrinsics=other)
    with pytest.raises(ConfigurationError, match="got images of 160x120, expected 640x480"), wrong:
        pass


def test_no_device() -> None:
    missing = webcam("/dev/video-that-is-not-there")
    with pytest.raises(NotConnectedError, match="video devices here"), missing:
        pass


def test_distortion_is_taken_out() -> None:
    """An edge that a wide lens shows at column 40 belongs at 44.6 (by hand, from its formula)."""
    wide = Intrinsics(80.0, 80.0, 79.5, 59.5, 160, 120)
    image = np.zeros((120, 160, 3), np.uint8)
    image[:, :40] = 200
    lens = (0.6, 0.0, 0.0, 0.0, 0.0)
    with (
        LiveStream(image) as stream,
        webcam(stream.url, intrinsics=wide, distortion=lens) as side,
    ):
        row = side.read(1.0).color[60, :, 0].astype(int)
    assert row[43] > 150
    assert row[46] < 50


def test_a_lens_of_fewer_numbers_is_refused(stream) -> None:
    short = webcam(stream.url, distortion=(0.2,))
    with pytest.raises(ConfigurationError, match="five finite numbers"), short:
        pass
