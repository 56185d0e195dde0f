"""A RealSense that exists only inside the SDK: its ``software_device``, fed with a drawn scene.

Everything but the USB device is the vendor's: pipeline, synchronizer, alignment, stamps, metadata.
One thing has to be stood in for: the SDK does not list such a device among the connected ones, so
``plug_in`` puts it onto the list that ``context.query_devices`` gives.

The scene is a plane. The depth sensor is another camera beside the colour sensor, so alignment has
something to do.
"""

import threading
import time

import cv2
import numpy as np
import pyrealsense2 as rs

_META = rs.frame_metadata_value
SERIAL = "sw-123"


class SoftwareRealSense:
    """Feeds frames while its ``with`` block lasts.

    Args:
        serial: Serial number.
        mode: Width, height, rate of both streams.
        lens: Distortion model of the colour stream, and its coefficients.
        depth_unit_m: Metres of one step of the depth image.
    """

    normal_C = np.array([0.1, -0.2, 1.0])
    offset_m = 0.7  # normal_C @ p_C of the plane's points

    def __init__(
        self, serial=SERIAL, mode=(640, 480, 30), lens=("none", (0.0,) * 5), depth_unit_m=1e-3
    ) -> None:
        self.width, self.height, self.rate_hz = mode
        self.depth_unit_m = depth_unit_m
        self.lens_coefficients = np.array(lens[1])
        self.focal_px = 0.95 * self.width
        self.center_px = (self.width / 2 - 0.5, self.height / 2 - 0.5)
        self.t_CD = np.array([0.015, 0.0, 0.0])
        self.domain = rs.timestamp_domain.global_time
        self.readout_s = 0.012
        self.has_metadata = True
        self.stamp_error_s = 0.0
        self.color_error_s = 0.0
        self.dots_px = None  # (u, v) where pinhole images show marks, in colour and in depth
        self.exposed_s = {}  # monotonic time of the middle of the exposure, by grey of the frame
        self._stalled, self._leaving = threading.Event(), threading.Event()
        self._build(serial, getattr(rs.distortion, lens[0]))

    def plug_in(self, monkeypatch, *others) -> "SoftwareRealSense":
        """Put it, and others, onto the list of connected devices."""
        devices = [self.device, *(other.device for other in others)]

        class Context(rs.context):
            def query_devices(self) -> list:
                return devices

        monkeypatch.setattr(rs, "context", Context)
        return self

    def __enter__(self) -> "SoftwareRealSense":
        self._thread = threading.Thread(target=self._feed, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving.set()
        self._thread.join(5)

    def stall(self) -> None:
        """Send no more frames."""
        self._stalled.set()

    def resume(self) -> None:
        """Send frames again."""
        self._stalled.clear()

    def true_depth_m(self, u, v):
        """Depth of the plane at pixels of the undistorted colour image."""
        rays = np.stack([*self._slopes(u, v), np.ones(np.shape(u))], axis=-1)
        return self.offset_m / (rays @ self.normal_C)

    def _slopes(self, u, v):
        (cx, cy), f = self.center_px, self.focal_px
        return (np.asarray(u) - cx) / f, (np.asarray(v) - cy) / f

    def _build(self, serial: str, model) -> None:
        self.device = rs.software_device()
        self.device.register_info(rs.camera_info.serial_number, serial)
        self.device.register_info(rs.camera_info.name, "software camera")
        self._depth = self.device.add_sensor("Stereo Module")
        self._color = self.device.add_sensor("RGB Camera")
        none = rs.distortion.brown_conrady, np.zeros(5)
        lens = model, self.lens_coefficients
        self._depth_profile = self._add(self._depth, rs.stream.depth, rs.format.z16, 2, none)
        self._color_profile = self._add(self._color, rs.stream.color, rs.format.rgb8, 3, lens)
        self._depth.add_read_only_option(rs.option.depth_units, self.depth_unit_m)
        extrinsics = rs.extrinsics()
        extrinsics.rotation = np.eye(3).ravel().tolist()
        extrinsics.translation = self.t_CD.tolist()
        self._depth_profile.register_extrinsics_to(self._color_profile, extrinsics)

    def _add(self, sensor, kind, pixels, bytes_each: int, lens):
        stream = rs.video_stream()
        stream.type, stream.uid, stream.fmt, stream.bpp = kind, bytes_each, pixels, bytes_each
        stream.width, stream.height, stream.fps = self.width, self.height, self.rate_hz
        intrinsics = rs.intrinsics()
        intrinsics.width, intrinsics.height = self.width, self.height
        intrinsics.fx = intrinsics.fy = self.focal_px
        intrinsics.ppx, intrinsics.ppy = self.center_px
        intrinsics.model, intrinsics.coeffs = lens[0], list(lens[1])
        stream.intrinsics = intrinsics
        return sensor.add_video_stream(stream)

    def _feed(self) -> None:
        depth, marks = self._draw_depth(), self._draw_marks()
        number, due_s = 0, time.monotonic()
        while not self._leaving.is_set():
            time.sleep(max(0.0, due_s - time.monotonic()))
            due_s = time.monotonic() + 1.0 / self.rate_hz  # no bursts: a camera makes none
            if self._stalled.is_set():
                continue
            number += 1
            grey = number % 200
            color = np.where(marks[..., None], 255, np.full((1, 1, 3), grey)).astype(np.uint8)
            self.exposed_s[grey] = time.monotonic() - 0.03
            stamp_s = time.time() - 0.03 + self.readout_s + self.stamp_error_s
            self._send(self._depth, self._depth_profile, depth, number, stamp_s)
            self._send(
                self._color, self._color_profile, color, number, stamp_s + self.color_error_s
            )

    def _send(self, sensor, profile, pixels, number: int, stamp_s: float) -> None:
        if self.has_metadata:
            middle_us = (number * 33_333 + (1 << 32) - 1_000_000) % (1 << 32)
            readout_us = round(self.readout_s * 1e6)
            sensor.set_metadata(_META.sensor_timestamp, middle_us)
            sensor.set_metadata(_META.frame_timestamp, (middle_us + readout_us) % (1 << 32))
        frame = rs.software_video_frame()
        frame.pixels = pixels
        frame.bpp = pixels.itemsize * (pixels.shape[2] if pixels.ndim == 3 else 1)
        frame.stride = self.width * frame.bpp
        frame.timestamp, frame.domain, frame.frame_number = stamp_s * 1e3, self.domain, number
        frame.profile = profile.as_video_stream_profile()
        frame.depth_units = self.depth_unit_m
        sensor.on_video_frame(frame)

    def _draw_depth(self) -> np.ndarray:
        """The plane as the depth sensor sees it; with marks, only those, 0.6 m away."""
        v, u = np.mgrid[: self.height, : self.width]
        x, y = self._slopes(u, v)
        if self.dots_px is None:
            rays = np.stack([x, y, np.ones_like(x)], axis=-1)
            depth_m = (self.offset_m - self.normal_C @ self.t_CD) / (rays @ self.normal_C)
        else:
            shift_px = self.focal_px * self.t_CD[0] / 0.6
            near = [
                np.maximum(abs(u + shift_px - dot[0]), abs(v - dot[1])) < 3 for dot in self.dots_px
            ]
            depth_m = np.where(np.any(near, axis=0), 0.6, 0.0)
        return np.rint(depth_m / self.depth_unit_m).astype(np.uint16)

    def _draw_marks(self) -> np.ndarray:
        """Marks where the distorted colour image shows them, by OpenCV's formulas."""
        marks = np.zeros((self.height, self.width), np.uint8)
        if self.dots_px is not None:
            x, y = self._slopes(*np.transpose(self.dots_px))
            (cx, cy), f = self.center_px, self.focal_px
            K = np.array([[f, 0.0, cx], [0.0, f, cy], [0.0, 0.0, 1.0]])
            rays = np.stack([x, y, np.ones_like(x)], axis=-1)
            zero = np.zeros(3)
            seen_px, _ = cv2.projectPoints(rays, zero, zero, K, self.lens_coefficients)
            for u, v in np.rint(seen_px.reshape(-1, 2)).astype(int):
                cv2.rectangle(marks, (u - 2, v - 2), (u + 2, v + 2), 1, -1)
        return marks.astype(bool)
