"""The rules that the camera stream of a recording must keep."""

from collections.abc import Iterator

import numpy as np

from demos.recording import CameraStream, Recording
from mt3.errors import GeometryError
from mt3.geometry import require_rigid
from mt3.types import FloatArray

_MIN_GAP_S = 0.050
_GAP_PERIODS = 3.0
DROP_PERIODS = 1.5
_MAX_GAP_WITH_DROPS_S = 1.0


def max_gap_s(rate_hz: float) -> float:
    """Time between two entries of one stream that no sound recording reaches."""
    return max(_GAP_PERIODS / rate_hz, _MIN_GAP_S)


def count_dropped(t_s: FloatArray, rate_hz: float) -> int:
    """How many frames are missing between frames, (F,) times: whole periods that gaps hide."""
    periods = np.diff(t_s) * rate_hz
    gaps = periods[periods >= DROP_PERIODS]
    return int(np.rint(gaps - 1.0).sum())


def dropped_in_interaction(recording: Recording) -> int:
    """Frames that are missing between the bottleneck and the end."""
    stream, rate_hz = recording.stream, recording.header.camera_hz
    if stream is None or rate_hz is None:
        return 0
    first_s, last_s = _interaction_s(recording)
    start = max(int(np.searchsorted(stream.t_s, first_s, side="right")) - 1, 0)
    stop = int(np.searchsorted(stream.t_s, last_s, side="left")) + 1
    return count_dropped(stream.t_s[start:stop], rate_hz)


def find_stream_defects(recording: Recording) -> Iterator[str]:
    """Every rule that the stream breaks, in words; the samples were found sound before."""
    stream, rate_hz = recording.stream, recording.header.camera_hz
    if rate_hz is None:
        if stream is not None:
            yield "camera: got a stream, expected rate_hz.camera beside it"
        return
    if stream is None:
        yield f"camera: got no frame, expected {rate_hz:g} a second"
        return
    if fatal := list(_array_defects(stream)):
        yield from fatal
        return
    yield from _gap_defects(recording, stream.t_s, rate_hz)
    yield from _coverage_defects(recording, stream.t_s, rate_hz)


def _array_defects(stream: CameraStream) -> Iterator[str]:
    if not np.isfinite(stream.t_s).all():
        yield "camera/t_s: got NaN or infinite values"
        return
    steps_s = np.diff(stream.t_s)
    for k in np.flatnonzero(steps_s <= 0)[:1]:
        yield (
            f"camera/t_s: frame {k + 1} is {steps_s[k]:.4f} s after the one before, "
            "expected strictly increasing times"
        )
    try:
        require_rigid("camera/T_world_camera", stream.T_WC)
    except GeometryError as error:
        yield str(error)


def _gap_defects(recording: Recording, t_s: FloatArray, rate_hz: float) -> Iterator[str]:
    allowed = recording.header.allow_drops
    if not allowed and (dropped := dropped_in_interaction(recording)):
        yield (
            f"camera: {dropped} frames dropped between bottleneck and end, expected none "
            "(a faster disk or computer, a lower camera_hz, or allow_drops=true)"
        )
    limit_s = _MAX_GAP_WITH_DROPS_S if allowed else max_gap_s(rate_hz)
    steps_s = np.diff(t_s)
    for k in np.flatnonzero(steps_s >= limit_s)[:1]:
        yield (
            f"camera/t_s: frame {k + 1} is {steps_s[k]:.3f} s after the one before, "
            f"expected under {limit_s:.3f} s"
        )


def _coverage_defects(recording: Recording, t_s: FloatArray, rate_hz: float) -> Iterator[str]:
    """The stream must see the whole interaction."""
    first_s, last_s = _interaction_s(recording)
    limit_s = _MAX_GAP_WITH_DROPS_S if recording.header.allow_drops else max_gap_s(rate_hz)
    if t_s[0] >= first_s + limit_s or t_s[-1] <= last_s - limit_s:
        yield (
            f"camera: got frames from {t_s[0]:.3f} to {t_s[-1]:.3f} s, expected them to cover "
            f"the interaction from {first_s:.3f} to {last_s:.3f} s"
        )


def _interaction_s(recording: Recording) -> tuple[float, float]:
    t_s, events = recording.samples.t_s, recording.events
    end = len(t_s) - 1 if events.end is None else events.end
    return float(t_s[events.bottlenecks[0]]), float(t_s[end])
