"""An Intel RealSense depth camera of the D400 family."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Self

from hardware.cameras.camera_driver import CameraImages
from hardware.cameras.image_grabber import ImageGrabber
from hardware.cameras.realsense_stream import Mode, RealSenseStream
from hardware.extra import import_extra
from mt3.errors import ConfigurationError, DeviceError, Mt3Error, NotConnectedError

_WARM_UP_FRAMES = 30  # until automatic exposure has settled (librealsense, rs-save-to-disk.cpp)
_START_S = 10.0
_LEAVE_S = 3.0

_open_serials: dict[str, str] = {}  # which camera of this program uses a device, by serial number
_opening = threading.Lock()


class RealSenseCamera:
    """Colour, and depth aligned to it, with the factory's intrinsics.

    Args:
        name: What its images and errors call it.
        serial: Serial number of the device; None, that of a configuration which gives none, is
            refused.
        width: Of both images, pixels.
        height: Of both images, pixels.
        rate_hz: Images a second.
        distortion: k1, k2, p1, p2, k3 of the colour image as OpenCV defines them, where you
            measured them; None for the factory's, which some cameras do not state clearly.

    Raises:
        ConfigurationError: The serial number is missing, or no text.
    """

    def __init__(
        self,
        name: str,
        serial: str | None,
        width: int,
        height: int,
        rate_hz: int,
        distortion: Sequence[float] | None = None,
    ) -> None:
        if serial is None:  # of several that are connected, only a person knows which
            raise ConfigurationError(
                f"camera {name}: serial: missing, expected the number on its label, in quotes, for "
                f"example scene.cameras.{name}.driver.serial=\"'123456789012'\"; the SDK's "
                "rs-enumerate-devices -s lists those connected"
            )
        if not isinstance(serial, str):  # YAML takes digits for a number, and drops zeros
            raise ConfigurationError(
                f"camera {name}: serial: got the number {serial!r}, expected text; put it in quotes"
            )
        self.name, self.serial = name, serial
        self._mode: Mode = (width, height, rate_hz)
        self._distortion = distortion
        self._grabber: ImageGrabber | None = None

    def __enter__(self) -> Self:
        """Open the device, and wait until its exposure has settled.

        Raises:
            NotConnectedError: No device has this serial number, or it gives no images.
            ConfigurationError: It lacks this mode, or its distortion is not clear.
            DeviceError: pyrealsense2 is not installed, or the device is in use.
        """
        rs = import_extra("pyrealsense2", "realsense")
        with ExitStack() as undo, _translated(self.name):
            self._claim()
            undo.callback(self._release)
            context = rs.context()
            device = self._find(rs, context.query_devices())
            self._require_mode(rs, device)
            stream = RealSenseStream(self.name, rs, context, device, self._mode, self._distortion)
            grabber = ImageGrabber(self.name, stream.grab, stream.close)
            undo.callback(grabber.stop, _LEAVE_S)
            grabber.start(_START_S, skip=_WARM_UP_FRAMES)
            self._grabber = grabber
            undo.pop_all()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        grabber, self._grabber = self._grabber, None
        if grabber is not None:
            grabber.stop(_LEAVE_S)
            self._release()

    def read(self, max_age_s: float) -> CameraImages:
        """The newest images.

        Raises:
            StaleDataError: They are older than ``max_age_s``.
            NotConnectedError: Outside the ``with`` block, or the stream was lost.
        """
        if self._grabber is None:
            raise NotConnectedError(f"camera {self.name}: not connected, use it inside `with`")
        return self._grabber.read(max_age_s)

    def _claim(self) -> None:
        """Refuse a device that another camera of this program uses."""
        with _opening:
            if self.serial in _open_serials:
                raise DeviceError(
                    f"camera {self.name}: serial number {self.serial} is that of camera "
                    f"{_open_serials[self.serial]} too; each camera needs its own"
                )
            _open_serials[self.serial] = self.name

    def _release(self) -> None:
        _open_serials.pop(self.serial, None)

    def _find(self, rs: Any, devices: Sequence[Any]) -> Any:  # noqa: ANN401  # it has no types
        serial, model = rs.camera_info.serial_number, rs.camera_info.name
        found = {d.get_info(serial): d for d in devices if d.supports(serial)}
        if self.serial not in found:
            names = [f"{key} ({device.get_info(model)})" for key, device in found.items()]
            raise NotConnectedError(
                f"camera {self.name}: no RealSense has the serial number {self.serial}; found "
                f"{', '.join(names) or 'none'}; is it plugged in, and the udev rule installed?"
            )
        return found[self.serial]

    def _require_mode(self, rs: Any, device: Any) -> None:  # noqa: ANN401
        """Refuse a mode that depth and colour do not both have; over USB 2 there are few."""
        modes = _modes(device, rs.stream.depth, rs.format.z16)
        modes &= _modes(device, rs.stream.color, rs.format.rgb8)
        if self._mode in modes:
            return
        usb = rs.camera_info.usb_type_descriptor
        port = f" over USB {device.get_info(usb)}" if device.supports(usb) else ""
        choices = ", ".join(map(_words, sorted(modes))) or "none"
        raise ConfigurationError(
            f"camera {self.name}: got {_words(self._mode)}, expected one of its modes{port}: "
            f"{choices}"
        )


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """Say what the SDK says, which raises plain RuntimeErrors, as an error of ours."""
    try:
        yield
    except Mt3Error:
        raise
    except RuntimeError as error:
        raise DeviceError(
            f"camera {name}: does not start: {error}; is it open in another program, and may you "
            "read its USB device (the udev rule)?"
        ) from error


def _words(mode: Mode) -> str:
    return "{}x{} at {} Hz".format(*mode)


def _modes(device: Any, stream: Any, pixels: Any) -> set[Mode]:  # noqa: ANN401
    """All modes of a stream with a format of pixels."""
    profiles = [
        profile.as_video_stream_profile()
        for sensor in device.query_sensors()
        for profile in sensor.get_stream_profiles()
        if profile.stream_type() == stream and profile.format() == pixels
    ]
    return {(profile.width(), profile.height(), profile.fps()) for profile in profiles}
