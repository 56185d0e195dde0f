"""A made-up camera that looks at an empty table with a calibration board on it."""

import time

import numpy as np
from rendered_boards import INTRINSICS, T_WC_STAND, T_WM, render

from hardware.cameras.camera_driver import CameraImages
from mt3.errors import NotConnectedError

_NOISES = 5  # images that differ in their noise, one after another


class TableCamera:
    """A ``CameraDriver`` that is configured as ``RealSenseCamera`` is.

    Args:
        name: What its images call it.
        serial: Its serial number.
        width: Of its images; there are only those of ``INTRINSICS``.
        height: Likewise.
        rate_hz: Images in a second.
    """

    def __init__(self, name: str, serial: str, width: int, height: int, rate_hz: int) -> None:
        if (width, height) != (INTRINSICS.width, INTRINSICS.height):
            raise ValueError(f"got {width} x {height}, expected the size of {INTRINSICS}")
        self.name, self.serial, self._rate_hz = name, serial, rate_hz
        self._colors = []

    def __enter__(self):
        T_CM = T_WC_STAND.inverse() @ T_WM
        self._colors = [render(T_CM, np.random.default_rng(seed)) for seed in range(_NOISES)]
        v, u = np.mgrid[: INTRINSICS.height, : INTRINSICS.width].astype(float)
        down = INTRINSICS.deproject(u, v, np.ones_like(u)) @ T_WC_STAND.R[2]
        self._depth_m = np.where(down < 0, -T_WC_STAND.t[2] / down, 0.0).astype(np.float32)
        return self

    def __exit__(self, *_) -> None:
        self._colors = []

    def read(self, max_age_s: float) -> CameraImages:
        if not self._colors:
            raise NotConnectedError(f"camera {self.name}: not connected, use it inside `with`")
        number = int(time.monotonic() * self._rate_hz)
        color = self._colors[number % _NOISES]
        return CameraImages(color, self._depth_m, INTRINSICS, number / self._rate_hz)
