"""A recording played back keeps the camera's contract; the scene it shows is a known plane."""

import numpy as np
import pytest
from device_contracts import CameraContract

from hardware.cameras.frame_folder import FrameFolder
from hardware.cameras.recorded import RecordedCamera
from mt3.geometry import SE3
from mt3.perception import RGBD, Intrinsics

INTRINSICS = Intrinsics(600.0, 600.0, 319.5, 239.5, 640, 480)
T_WC = SE3.from_yaw(-0.2, (0.4, 0.0, 0.8))


def plane_depth_m(u, v):
    return 0.5 + 2e-4 * np.asarray(u) + 1e-4 * np.asarray(v)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = FrameFolder(tmp_path_factory.mktemp("recording"))
    v, u = np.mgrid[:480, :640]
    depth_m = plane_depth_m(u, v).astype(np.float32)
    for k in range(10):
        color = np.full((480, 640, 3), k, np.uint8)
        folder.write(k, RGBD(color, depth_m, INTRINSICS, T_WC, 100.0 + k / 30.0, "front"))
    return folder.path


class Time:
    """A clock that goes on only while somebody sleeps."""

    t_s = 5.0

    def now_s(self) -> float:
        return self.t_s

    def sleep_until(self, t_s: float) -> None:
        self.t_s = max(self.t_s, t_s)


class TestRecordedCamera(CameraContract):
    @pytest.fixture
    def clock(self):
        return Time()

    @pytest.fixture
    def camera(self, folder, clock):
        return RecordedCamera("front", folder, clock)

    def true_depth_m(self, u, v):
        return plane_depth_m(u, v)

    def true_T_WC(self):
        return T_WC
