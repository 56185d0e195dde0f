"""The RealSense driver against the vendor's SDK, fed by its ``software_device``."""

import logging
import pickle
import sys
import time

import cv2
import numpy as np
import pyrealsense2 as rs
import pytest
from software_realsense import SERIAL, SoftwareRealSense

from hardware.cameras.realsense import RealSenseCamera
from mt3.errors import ConfigurationError, DeviceError, NotConnectedError, StaleDataError

MODE = (160, 120, 90)
LENS = (0.3, -0.1, 0.005, -0.003, 0.01)  # moves the dots by 3 pixels
DOTS_PX = ((25.0, 20.0), (130.0, 24.0), (30.0, 100.0), (128.0, 96.0))


def camera(**changes) -> RealSenseCamera:
    width, height, rate_hz = MODE
    kwargs = {"serial": SERIAL, "width": width, "height": height, "rate_hz": rate_hz}
    return RealSenseCamera("front", **(kwargs | changes))


@pytest.fixture
def device(monkeypatch):
    with SoftwareRealSense(mode=MODE).plug_in(monkeypatch) as device:
        yield device


def until_stale(camera, max_age_s: float) -> None:
    due_s = time.monotonic() + 5.0
    while time.monotonic() < due_s:
        camera.read(max_age_s)
        time.sleep(0.02)


def test_it_may_be_sent_to_another_process_before_it_connects(device) -> None:
    with pickle.loads(pickle.dumps(camera())) as copy:
        assert copy.read(1.0).color.shape == (120, 160, 3)


def test_intrinsics_are_the_factory_s(device) -> None:
    with camera() as front:
        i = front.read(1.0).intrinsics
    assert (i.fx, i.fy) == pytest.approx((device.focal_px, device.focal_px))
    assert (i.cx, i.cy) == pytest.approx(device.center_px)
    assert (i.width, i.height) == (160, 120)


def test_depth_is_aligned_to_colour_and_0_where_nothing_was_read(device) -> None:
    with camera() as front:
        depth_m = front.read(1.0).depth_m
    v, u = np.nonzero(depth_m)
    assert len(v) > 0.9 * depth_m.size
    np.testing.assert_allclose(depth_m[v, u], device.true_depth_m(u, v), atol=0.01)
    # The depth sensor is to the right of the colour sensor, and does not see its left rim.
    assert not depth_m[:, 0].any()


def test_another_unit_of_depth_comes_out_in_metres(monkeypatch) -> None:
    tenths = SoftwareRealSense(mode=MODE, depth_unit_m=1e-4)
    with tenths.plug_in(monkeypatch), camera() as front:
        depth_m = front.read(1.0).depth_m
    assert depth_m[60, 80] == pytest.approx(tenths.true_depth_m(80, 60), abs=0.002)


@pytest.mark.parametrize("has_metadata", [True, False])
def test_images_are_stamped_in_the_middle_of_their_exposure(monkeypatch, has_metadata) -> None:
    """Without metadata the readout cannot be known, and remains inside."""
    device = SoftwareRealSense(mode=MODE).plug_in(monkeypatch)
    device.has_metadata = has_metadata
    with device, camera() as front:
        images = front.read(1.0)
        late_s = images.t_s - device.exposed_s[int(images.color[0, 0, 0])]
    expected_s = 0.0 if has_metadata else device.readout_s
    assert late_s == pytest.approx(expected_s, abs=0.004)


def test_stamps_of_the_host_s_clock_are_taken_as_they_are(monkeypatch) -> None:
    device = SoftwareRealSense(mode=MODE).plug_in(monkeypatch)
    device.domain = rs.timestamp_domain.system_time
    with device, camera() as front:
        images = front.read(1.0)
        late_s = images.t_s - device.exposed_s[int(images.color[0, 0, 0])]
    assert late_s == pytest.approx(device.readout_s, abs=0.004)


def test_stamps_of_the_camera_s_own_clock_are_refused(monkeypatch) -> None:
    device = SoftwareRealSense(mode=MODE).plug_in(monkeypatch)
    device.domain = rs.timestamp_domain.hardware_clock
    with device, pytest.raises(DeviceError, match="global_time_enabled"), camera():
        pass


def test_stamps_from_the_future_are_dropped(device, caplog) -> None:
    with camera() as front:
        device.stamp_error_s = 0.1
        with caplog.at_level(logging.WARNING), pytest.raises(StaleDataError):
            until_stale(front, 0.2)
    assert "stamped 0.0" in caplog.text


def test_depth_and_colour_of_different_moments_are_dropped(device) -> None:
    with camera() as front:
        device.color_error_s = 0.5
        with pytest.raises(StaleDataError):
            until_stale(front, 0.2)


def test_a_stalled_stream_is_stale_then_lost_and_entering_again_goes_on(device) -> None:
    front = camera()
    with front:
        device.stall()
        with pytest.raises(StaleDataError, match=r"expected at most 0\.3 s"):
            until_stale(front, 0.3)
        with pytest.raises(NotConnectedError, match="stream lost"):
            until_stale(front, 10.0)
        device.resume()
        with pytest.raises(NotConnectedError, match="stream lost"):  # it stays so
            front.read(10.0)
    with front:
        front.read(1.0)


def test_the_first_images_are_dropped_until_exposure_has_settled(device) -> None:
    with camera() as front:
        assert front.read(1.0).color[0, 0, 0] >= 30


@pytest.mark.parametrize(
    ("model", "measured"), [("brown_conrady", None), ("inverse_brown_conrady", LENS)]
)
def test_distortion_is_taken_out_of_colour_and_is_not_in_depth(
    monkeypatch, model, measured
) -> None:
    """Marks are where a pinhole camera shows them, in both images.

    It also pins what the SDK's alignment does: its depth is that of a pinhole camera.
    """
    device = SoftwareRealSense(mode=MODE, lens=(model, LENS)).plug_in(monkeypatch)
    device.dots_px = DOTS_PX
    with device, camera(distortion=measured) as front:
        images = front.read(1.0)
    marks = (images.color[..., 1] > 228).astype(np.uint8)
    near = (images.depth_m > 0).astype(np.uint8)
    # The SDK's alignment leaves lines of one pixel without a reading.
    near = cv2.morphologyEx(near, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    for image in (marks, near):
        _, _, _, centers = cv2.connectedComponentsWithStats(image)
        found = np.array(sorted(centers[1:].tolist()))
        np.testing.assert_allclose(found, sorted(DOTS_PX), atol=1.0)


def test_an_unclear_distortion_is_refused(monkeypatch) -> None:
    device = SoftwareRealSense(mode=MODE, lens=("inverse_brown_conrady", LENS))
    with device.plug_in(monkeypatch):
        with pytest.raises(ConfigurationError, match="measure it with a chessboard"), camera():
            pass
        with camera(distortion=(0.0,) * 5):
            pass


def test_a_distortion_that_the_family_does_not_have_is_refused(monkeypatch) -> None:
    device = SoftwareRealSense(mode=MODE, lens=("kannala_brandt4", LENS))
    with device.plug_in(monkeypatch), pytest.raises(ConfigurationError, match="Brown"), camera():
        pass


def test_an_unknown_serial_number_names_those_found(monkeypatch, device) -> None:
    device.plug_in(monkeypatch, SoftwareRealSense("sw-456", MODE))
    with pytest.raises(NotConnectedError) as caught, camera(serial="789"):
        pass
    for text in ("789", "sw-123 (software camera)", "sw-456", "udev"):
        assert text in str(caught.value)


def test_a_serial_number_that_yaml_took_for_a_number_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="put it in quotes"):
        camera(serial=12345678901)


def test_no_device_at_all() -> None:
    with pytest.raises(NotConnectedError, match="found none"), camera():
        pass


def test_a_mode_that_the_device_lacks_names_those_it_has(device) -> None:
    with pytest.raises(ConfigurationError, match="160x120 at 90 Hz"), camera(width=1280):
        pass
    with camera():  # and nothing is left behind
        pass


def test_two_cameras_with_one_serial_number_are_refused(device) -> None:
    width, height, rate_hz = MODE
    side = RealSenseCamera("side", SERIAL, width, height, rate_hz)
    with camera(), pytest.raises(DeviceError, match="that of camera front too"), side:
        pass
    with side:
        side.read(1.0)


def test_without_the_sdk_the_extra_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pyrealsense2", None)
    with pytest.raises(DeviceError, match=r"mt3-robot\[realsense\]"), camera():
        pass


def test_leaving_hides_no_error(device) -> None:
    with pytest.raises(KeyError, match="mine"), camera():
        raise KeyError("mine")


def test_without_a_serial_number_it_says_where_to_find_it() -> None:
    with pytest.raises(ConfigurationError, match="rs-enumerate-devices") as refused:
        camera(serial=None)
    assert "scene.cameras.front.driver.serial=" in str(refused.value)
