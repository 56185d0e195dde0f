"""The rules a recording must keep before it becomes a demonstration."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from demos.bottleneck import read_signs
from demos.recording import Recording, Samples, StoredView
from demos.stream.stream_checks import find_stream_defects, max_gap_s
from demos.twist_check import Motion, TwistComparison
from demos.twist_proof import TwistCheck, prove_twists
from mt3.errors import DemoFormatError
from mt3.geometry import compute_body_twists
from mt3.perception.object_view import MIN_MASK_PIXELS
from mt3.perception.rgbd import PLAUSIBLE_DEPTH_M

_MIN_INTERACTION_SAMPLES = 10
_MAX_MASK_SHARE = 0.40
_RIGID_TOLERANCE = 1e-6
_NUMBERS = ("t_s", "T_BE", "joints", "V_BE_E", "opening", "command")


@np.errstate(over="ignore", invalid="ignore")  # what overflows breaks a rule
def find_defects(recording: Recording, with_stream: bool = True) -> list[str]:
    """Every rule that a recording breaks, in words; empty for a sound one.

    Args:
        recording: What to check.
        with_stream: Whether its camera stream was read, and is checked too.
    """
    fatal = [*_array_defects(recording.samples), *_event_defects(recording)]
    fatal = fatal or list(_time_defects(recording))
    defects = [*fatal, *_all_view_defects(recording.views)]
    if fatal:
        return defects
    if with_stream:
        defects += find_stream_defects(recording)
    if skewed := list(_pose_defects(recording)):
        return [*defects, *skewed]
    return [*defects, *_speed_defects(recording), *check_twists(recording).defects()]


def settle_bottleneck(recording: Recording) -> Recording:
    """The recording with its bottleneck by the rule, where none is marked and the rule decides."""
    if recording.events.bottlenecks or not _is_sound_data(recording):
        return recording
    try:
        k = read_signs(recording).choose()
    except DemoFormatError:
        return recording  # find_defects says why
    events = replace(recording.events, bottlenecks=(k,), bottleneck_source="rule")
    return replace(recording, events=events)


def check_twists(recording: Recording) -> TwistCheck:
    """Compare poses with reported twists over the interaction, and over the way there."""
    samples, events = recording.samples, recording.events
    if samples.V_BE_E is None:
        return TwistCheck(TwistComparison(), TwistComparison())
    end = len(samples.t_s) if events.end is None else events.end + 1
    motion = Motion(samples.t_s, samples.T_BE, samples.V_BE_E)
    k = events.bottlenecks[0]
    return prove_twists(motion.cut(k, end), motion.cut(0, k + 1))


def _array_defects(samples: Samples) -> Iterator[str]:
    n = len(samples.t_s)
    if n == 0:
        yield "samples: got none"
    for name in _NUMBERS:
        array = getattr(samples, name)
        if array is None:
            continue
        if len(array) != n:
            yield f"{name}: got {len(array)} samples, expected {n} as t_s"
        if not np.isfinite(array).all():
            yield f"{name}: got {int((~np.isfinite(array)).sum())} NaN or infinite values"
    for name in ("opening", "command"):
        array = getattr(samples, name)
        if array is not None and ((array < -0.01) | (array > 1.01)).any():
            yield (
                f"{name}: got {array.min():.3f} to {array.max():.3f}, "
                "expected a fraction from 0 (closed) to 1 (open)"
            )


def _event_defects(recording: Recording) -> Iterator[str]:
    events, n = recording.events, len(recording.samples.t_s)
    yield from _bottleneck_defects(recording)
    if events.end is None:
        yield "end: never marked, the recording broke off"
    elif events.end >= n:
        yield f"end: got sample {events.end}, expected at most {n - 1}"
    elif len(events.bottlenecks) == 1 and events.end - events.bottlenecks[0] < (
        _MIN_INTERACTION_SAMPLES
    ):
        yield (
            f"interaction: got {events.end - events.bottlenecks[0]} samples after the bottleneck, "
            f"expected at least {_MIN_INTERACTION_SAMPLES}"
        )
    if events.success is False:
        yield f"verdict: {events.judge} judged the demonstration a failure"


def _bottleneck_defects(recording: Recording) -> Iterator[str]:
    marks = len(recording.events.bottlenecks)
    if marks == 0 and _is_sound_data(recording):
        try:
            read_signs(recording).choose()
        except DemoFormatError as error:
            yield str(error)
            return
    if marks != 1:
        yield f"bottleneck: got {marks} marks, expected one"


def _is_sound_data(recording: Recording) -> bool:
    """Whether arrays and views are fit to be looked at."""
    broken = [*_array_defects(recording.samples), *_all_view_defects(recording.views)]
    return not broken


def _time_defects(recording: Recording) -> Iterator[str]:
    t_s = recording.samples.t_s
    if t_s[0] != 0.0:
        yield f"t_s: got a first sample at {t_s[0]:.3f} s, expected 0"
    steps_s = np.diff(t_s)
    limit_s = max_gap_s(recording.header.rate_hz)
    for k in np.flatnonzero(steps_s <= 0)[:1]:
        yield (
            f"t_s: sample {k + 1} is {steps_s[k]:.4f} s after the one before, "
            "expected strictly increasing times"
        )
    for k in np.flatnonzero(steps_s >= limit_s)[:1]:
        yield (
            f"t_s: sample {k + 1} is {steps_s[k]:.3f} s after the one before, "
            f"expected under {limit_s:.3f} s"
        )


def _pose_defects(recording: Recording) -> Iterator[str]:
    T = recording.samples.T_BE
    R = T[:, :3, :3]
    off = np.abs(R @ np.swapaxes(R, 1, 2) - np.eye(3)).max(axis=(1, 2))
    off = np.maximum(off, np.abs(T[:, 3] - (0.0, 0.0, 0.0, 1.0)).max(axis=1))
    broken = (off > _RIGID_TOLERANCE) | (np.linalg.det(R) < 0)
    for k in np.flatnonzero(broken)[:1]:
        yield f"T_base_tool: sample {k} is not a rigid pose (off by {off[k]:.1e})"


def _speed_defects(recording: Recording) -> Iterator[str]:
    samples, limits = recording.samples, recording.header.speed_limits
    twists = compute_body_twists(samples.T_BE, samples.t_s)
    parts = (
        ("linear", twists[:, :3], limits.linear_mps, "m/s"),
        ("angular", twists[:, 3:], limits.angular_radps, "rad/s"),
    )
    for name, part, limit, unit in parts:
        speeds = np.linalg.norm(part, axis=1)
        k = int(speeds.argmax())
        if speeds[k] > limit:
            yield (
                f"{name} speed: got {speeds[k]:.3f} {unit} at sample {k}, "
                f"expected at most {limit:.3f} {unit}"
            )


def _all_view_defects(views: tuple[StoredView, ...]) -> Iterator[str]:
    if not views:
        yield "views: got none, expected at least one"
    for k, view in enumerate(views):
        for defect in _view_defects(view):
            yield f"views/{k}: {defect}"


def _view_defects(view: StoredView) -> Iterator[str]:
    share = float(view.mask.mean())
    with_depth = int((view.mask & (view.depth_mm > 0)).sum())
    if share == 0.0:
        yield "mask: empty"
    elif with_depth < MIN_MASK_PIXELS:
        yield f"mask: got {with_depth} pixels with depth, expected at least {MIN_MASK_PIXELS}"
    if share >= _MAX_MASK_SHARE:
        yield f"mask: covers {share:.0%} of the image, expected under {_MAX_MASK_SHARE:.0%}"
    readings = view.depth_mm[view.depth_mm > 0]
    low, high = (1e3 * limit_m for limit_m in PLAUSIBLE_DEPTH_M)
    if readings.size and not low <= (median := float(np.median(readings))) <= high:
        yield f"depth: got a median of {median:.0f} mm, expected {low:.0f} to {high:.0f} mm"
