"""A RealSense on a stand keeps the camera's contract; the SDK's ``software_device`` is the camera.

What lies between driver and frames is the vendor's unmodified SDK. No real device was used.
"""

import pytest
from device_contracts import CameraContract
from software_realsense import SERIAL, SoftwareRealSense

from hardware.cameras.realsense import RealSenseCamera
from hardware.cameras.stand_camera import StandCamera
from mt3.control.monotonic_clock import MonotonicClock
from mt3.geometry import SE3

T_WC = SE3.from_yaw(0.3, (0.5, 0.1, 0.9))


class TestRealSenseCamera(CameraContract):
    @pytest.fixture
    def clock(self):
        return MonotonicClock()

    @pytest.fixture
    def camera(self, monkeypatch):
        with SoftwareRealSense().plug_in(monkeypatch) as self.device:
            yield StandCamera(RealSenseCamera("front", SERIAL, 640, 480, 30), T_WC)

    def true_depth_m(self, u, v):
        return self.device.true_depth_m(u, v)

    def true_T_WC(self):
        return T_WC
