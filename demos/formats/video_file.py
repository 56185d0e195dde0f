"""Videos: the only module that knows PyAV, an optional package."""

from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import numpy as np

from mt3.errors import ConfigurationError, DemoFormatError
from mt3.types import ColorImage

CODEC = "h264"
PIXEL_FORMAT = "yuv420p"
_ENCODER = "libx264"
_OPTIONS = {"g": "2", "crf": "23"}  # every second frame is a key frame: quick random access


def require_av() -> ModuleType:
    """The package ``av``.

    Raises:
        ConfigurationError: It is not installed; names the extra.
    """
    try:
        import av
    except ImportError as error:
        raise ConfigurationError(
            "LeRobot datasets: av is missing; pip install 'mt3-robot[lerobot]'"
        ) from error
    return av


def write_video(
    path: Path, frames: Iterable[ColorImage], fps: int, width: int, height: int
) -> None:
    """Write frames (H, W, 3) uint8, RGB, one period apart, the first at 0 s.

    Raises:
        ConfigurationError: An odd width or height, which the pixel format cannot hold.
    """
    if width % 2 or height % 2:
        raise ConfigurationError(
            f"video: got frames of {width}x{height}, expected an even width and height; "
            "add --no-video"
        )
    av = require_av()
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(_ENCODER, rate=fps, options=_OPTIONS)
        stream.width, stream.height, stream.pix_fmt = width, height, PIXEL_FORMAT
        for k, color in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(color), format="rgb24")
            frame.pts = k
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def read_frame(path: Path, t_s: float) -> tuple[ColorImage, float]:
    """The frame shown at a time, (H, W, 3) uint8, RGB, and its own time.

    Raises:
        DemoFormatError: The file cannot be decoded, or ends before that time.
    """
    av = require_av()
    last: tuple[ColorImage, float] | None = None
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            container.seek(int(t_s / stream.time_base), stream=stream)
            for frame in container.decode(stream):
                if frame.time > t_s + 1e-4:
                    break
                last = (frame.to_ndarray(format="rgb24"), float(frame.time))
    except (OSError, IndexError, ValueError, av.FFmpegError) as error:
        raise DemoFormatError(f"{path.name}: cannot be decoded ({error})") from error
    if last is None:
        raise DemoFormatError(f"{path.name}: no frame at {t_s:.3f} s")
    return last
