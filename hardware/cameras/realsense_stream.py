"""The running stream of a RealSense: sets of frames in, aligned images without distortion out."""

import logging
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from hardware.cameras.camera_driver import CameraImages
from hardware.cameras.realsense_time import MAX_EARLY_S, exposure_time_s
from hardware.cameras.rectification import Rectification
from mt3.errors import ConfigurationError, NotConnectedError
from mt3.perception import Intrinsics

_log = logging.getLogger(__name__)

_WAIT_MS = 100
_SILENT_S = 2.0  # without a frame for so long, the stream is lost
_MAX_SKEW_PERIODS = 1.0  # between depth and colour of one set

Mode = tuple[int, int, int]  # width, height, images a second


class RealSenseStream:
    """Depth aligned to colour, of one camera; starts it.

    Frames go to a queue, not through ``pipeline.wait_for_frames``: that one connects a camera
    anew by itself after it was unplugged (librealsense, src/pipeline/pipeline.cpp).

    Args:
        name: Of the camera, for messages.
        rs: The module pyrealsense2.
        context: The SDK's, that found the device.
        device: The camera.
        mode: Of both streams.
        distortion: Of the colour stream as somebody measured it; None for the factory's.

    Raises:
        ConfigurationError: Its distortion cannot be taken out of its images.
        RuntimeError: The SDK's, where the device does not start.
    """

    def __init__(
        self,
        name: str,
        rs: Any,  # noqa: ANN401  # pyrealsense2 has no types
        context: Any,  # noqa: ANN401
        device: Any,  # noqa: ANN401
        mode: Mode,
        distortion: Sequence[float] | None,
    ) -> None:
        self._name, self._rs, self._device = name, rs, device
        self._period_s = 1.0 / mode[2]
        self._queue = rs.frame_queue(1)
        self._pipeline = rs.pipeline(context)
        self._pipeline.set_device(device)
        profile = self._pipeline.start(_config(rs, mode), self._queue)
        try:
            lens = profile.get_stream(rs.stream.color).as_video_stream_profile().get_intrinsics()
            self._intrinsics = Intrinsics(
                lens.fx, lens.fy, lens.ppx, lens.ppy, lens.width, lens.height
            )
            coefficients = _distortion(name, rs, lens, distortion)
            self._rectification = Rectification(name, self._intrinsics, coefficients)
            self._depth_unit_m = device.first_depth_sensor().get_depth_scale()
        except BaseException:
            self.close()
            raise
        self._align = rs.align(rs.stream.color)
        self._heard_s = time.monotonic()
        self._newest_s = -np.inf

    def close(self) -> None:
        """Stop the camera."""
        self._pipeline.stop()

    def grab(self) -> CameraImages | None:
        """The next images; None where none came for a moment, or where they were no good.

        Raises:
            NotConnectedError: No frame came for two seconds.
        """
        arrived, frame = self._queue.try_wait_for_frame(_WAIT_MS)
        if not arrived:
            self._require_life()
            return None
        self._heard_s = time.monotonic()
        frames = frame.as_frameset()
        depth, color = frames.get_depth_frame(), frames.get_color_frame()
        if not depth or not color:
            return None  # the first set may lack one
        t_s = exposure_time_s(self._rs, depth)
        if not self._is_usable(t_s, abs(depth.get_timestamp() - color.get_timestamp()) * 1e-3):
            return None
        self._newest_s = t_s
        return self._images(self._align.process(frames), t_s)

    def _images(self, frames: Any, t_s: float) -> CameraImages:  # noqa: ANN401
        # Copies: the SDK uses its memory again.
        color = self._rectification.color(np.array(frames.get_color_frame().get_data()))
        depth = np.asanyarray(frames.get_depth_frame().get_data())
        depth_m = depth.astype(np.float32) * np.float32(self._depth_unit_m)
        return CameraImages(color, depth_m, self._intrinsics, t_s)

    def _is_usable(self, t_s: float, skew_s: float) -> bool:
        """Whether a set of frames was taken at one moment, and that is after the one before."""
        early_s = t_s - time.monotonic()
        if early_s > MAX_EARLY_S:
            _log.warning("camera %s: dropped images stamped %.3f s ahead", self._name, early_s)
        elif skew_s > _MAX_SKEW_PERIODS * self._period_s:
            _log.warning("camera %s: dropped depth and colour %.3f s apart", self._name, skew_s)
        else:
            return t_s > self._newest_s
        return False

    def _require_life(self) -> None:
        silent_s = time.monotonic() - self._heard_s
        if silent_s > _SILENT_S:
            plugged = self._device.is_connected()
            state = "still plugged in; is it on a USB 3 port?" if plugged else "it was unplugged"
            raise NotConnectedError(
                f"camera {self._name}: stream lost, no images for {silent_s:.1f} s, {state}; leave "
                "its with block and enter it again"
            )


def _config(rs: Any, mode: Mode) -> Any:  # noqa: ANN401
    width, height, rate_hz = mode
    config = rs.config()
    config.enable_stream(rs.stream.depth, width, height, rs.format.z16, rate_hz)
    config.enable_stream(rs.stream.color, width, height, rs.format.rgb8, rate_hz)
    return config


def _distortion(
    name: str,
    rs: Any,  # noqa: ANN401
    lens: Any,  # noqa: ANN401
    measured: Sequence[float] | None,
) -> Sequence[float]:
    """Coefficients by which the colour image is distorted, in OpenCV's order and sense.

    The depth image is not distorted: the SDK aligns it to a pinhole camera for all models here
    (librealsense, src/proc/sse/sse-align.cpp; the tests check the installed SDK).

    A D455 or D405 reports the inverse model with coefficients that are not zero. In which sense
    they hold is open: the SDK projects with them as with the plain model, and its maker considered
    to rename the model, and did not (librealsense, issues 7335 and 8810, pull request 13833). Some
    5 pixels at the rim depend on it, so nobody guesses here.
    """
    models = rs.distortion
    if lens.model not in (models.none, models.brown_conrady, models.inverse_brown_conrady):
        raise ConfigurationError(
            f"camera {name}: got the distortion model {lens.model}, expected Brown-Conrady as of "
            "the D400 family"
        )
    if measured is not None:
        return measured
    if lens.model == models.inverse_brown_conrady and any(lens.coeffs):
        raise ConfigurationError(
            f"camera {name}: its factory says inverse Brown-Conrady distortion "
            f"{[round(c, 4) for c in lens.coeffs]}, and its maker leaves open in which sense that "
            "holds; measure it with a chessboard, and give k1, k2, p1, p2, k3 of OpenCV as "
            "distortion (zeros leave the image as it is)"
        )
    return list(lens.coeffs) if lens.model == models.brown_conrady else [0.0] * 5
