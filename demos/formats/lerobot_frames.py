"""One recording as the evenly timed frames that a LeRobotDataset consists of."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from demos.recording import CameraStream, Recording
from mt3.errors import ConfigurationError
from mt3.geometry import interpolate_poses
from mt3.types import FloatArray, IntArray

_POSE_NAMES = ("x_m", "y_m", "z_m", "rx_rad", "ry_rad", "rz_rad")
_ROUNDING_S = 1e-6
_NEAR_HALF_TURN_RAD = np.pi - 0.3


@dataclass(frozen=True, slots=True)
class FrameLayout:
    """What all episodes of one dataset have in common.

    Args:
        fps: Frames a second.
        state_names: Of the numbers of the state, with their units.
        action_names: Of those of the action.
        camera: Name of the camera, or None without video.
        size: Width and height of its frames, zeros without video.
    """

    fps: int
    state_names: tuple[str, ...]
    action_names: tuple[str, ...]
    camera: str | None
    size: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class EpisodeFrames:
    """Frames of one recording.

    Args:
        layout: What the numbers are.
        t_s: Times on the clock of the samples, (N,), one period apart.
        state: (N, n): joints where known, tool pose as position and rotation vector, measured
            opening where known.
        action: (N, 7): tool pose and commanded opening of the next frame; the last repeats its own.
        bottleneck_frame: First frame at or after the bottleneck.
        images: Frames of the stream that are nearest in time, (N,); empty without video.
    """

    layout: FrameLayout
    t_s: FloatArray
    state: FloatArray
    action: FloatArray
    bottleneck_frame: int
    images: IntArray


def make_frames(recording: Recording, fps: int | None, with_video: bool) -> EpisodeFrames:
    """Sample a recording evenly, from its start (or the stream's) to its end (or the stream's).

    Positions are interpolated linearly and rotations spherically; a command holds from its sample
    on. Rotation vectors are continuous within an episode, and may exceed half a turn.

    Args:
        recording: Without defects.
        fps: Frames a second; None takes the stream's own rate.
        with_video: Whether the stream's images are wanted.

    Raises:
        ConfigurationError: Images are wanted, or a rate, and there is no stream; or it shares
            fewer than two frames with the samples.
    """
    stream = recording.stream
    if stream is None and (with_video or fps is None):
        raise ConfigurationError(
            "no camera stream was recorded; add --no-video --fps 30 to export state and action "
            "alone"
        )
    fps = fps or _own_rate(stream)
    samples = recording.samples
    t_s = _times(recording, stream if with_video else None, fps)
    T_BE = interpolate_poses(t_s, samples.t_s, samples.T_BE)
    pose = np.concatenate([T_BE[:, :3, 3], continuous_rotation_vectors(T_BE[:, :3, :3])], axis=1)
    rows = np.searchsorted(samples.t_s, t_s + _ROUNDING_S, side="right") - 1
    next_frame = np.minimum(np.arange(len(t_s)) + 1, len(t_s) - 1)
    now = np.column_stack([pose, samples.command[rows]])
    images = _nearest(stream.t_s, t_s) if with_video and stream else np.zeros(0, np.intp)
    bottleneck_s = samples.t_s[recording.events.bottlenecks[0]]
    return EpisodeFrames(
        layout=_layout(recording, fps, with_video),
        t_s=t_s,
        state=_states(recording, t_s, pose),
        action=now[next_frame],
        bottleneck_frame=int(np.searchsorted(t_s, bottleneck_s - _ROUNDING_S)),
        images=images,
    )


def continuous_rotation_vectors(R: FloatArray) -> FloatArray:
    """Rotation vectors, (N, 3), rad, of rotations (N, 3, 3), without jumps between neighbours.

    At half a turn, where a gripper that points down is, a rotation has two vectors of opposite
    sign: the first has its largest element positive, each further one is the nearer of the two.
    """
    vectors = np.array(Rotation.from_matrix(R).as_rotvec()).reshape(-1, 3)
    first = vectors[0]
    largest = first[np.abs(first).argmax()]
    if np.linalg.norm(first) > _NEAR_HALF_TURN_RAD and largest < 0:
        vectors[0] = _other_way_round(first)
    for k in range(1, len(vectors)):
        both = (vectors[k], _other_way_round(vectors[k]))
        vectors[k] = min(both, key=lambda vector: float(np.linalg.norm(vector - vectors[k - 1])))
    return vectors


def _other_way_round(vector: FloatArray) -> FloatArray:
    """The same rotation about the opposite axis; no rotation at all has only one vector."""
    angle = float(np.linalg.norm(vector))
    return vector if angle < _ROUNDING_S else vector * (1.0 - 2.0 * np.pi / angle)


def _own_rate(stream: CameraStream | None) -> int:
    if stream is None or len(stream.t_s) < 2:
        raise ConfigurationError("the camera stream has fewer than two frames; add --fps 30")
    return max(1, round(1.0 / float(np.median(np.diff(stream.t_s)))))


def _times(recording: Recording, stream: CameraStream | None, fps: int) -> FloatArray:
    samples, end = recording.samples, recording.events.end
    first_s, last_s = 0.0, float(samples.t_s[-1 if end is None else end])
    if stream is not None and len(stream.t_s):
        first_s = max(first_s, float(stream.t_s[0]))
        last_s = min(last_s, float(stream.t_s[-1]))
    count = int(np.floor((last_s - first_s + _ROUNDING_S) * fps)) + 1
    if count < 2:
        raise ConfigurationError(
            f"frames: got {max(count, 0)} at {fps} a second, expected at least 2"
        )
    return first_s + np.arange(count) / fps


def _states(recording: Recording, t_s: FloatArray, pose: FloatArray) -> FloatArray:
    samples = recording.samples
    columns = [pose]
    if samples.joints is not None:
        columns.insert(0, _interpolated(t_s, samples.t_s, samples.joints))
    if samples.opening is not None:
        columns.append(_interpolated(t_s, samples.t_s, samples.opening[:, None]))
    return np.concatenate(columns, axis=1)


def _interpolated(at_s: FloatArray, t_s: FloatArray, values: FloatArray) -> FloatArray:
    return np.stack([np.interp(at_s, t_s, column) for column in values.T], axis=1)


def _nearest(frames_s: FloatArray, t_s: FloatArray) -> IntArray:
    after = np.clip(np.searchsorted(frames_s, t_s), 1, max(1, len(frames_s) - 1))
    before = after - 1
    if len(frames_s) == 1:
        return np.zeros(len(t_s), np.intp)
    return np.where(t_s - frames_s[before] <= frames_s[after] - t_s, before, after).astype(np.intp)


def _layout(recording: Recording, fps: int, with_video: bool) -> FrameLayout:
    frame = "world" if recording.header.T_WB is None else "base"
    pose_names = tuple(f"{frame}_tool.{name}" for name in _POSE_NAMES)
    joints, stream = recording.samples.joints, recording.stream
    count = 0 if joints is None else joints.shape[1]
    state_names = (*(f"joint_{k + 1}_rad" for k in range(count)), *pose_names)
    if recording.samples.opening is not None:
        state_names = (*state_names, "gripper.opening")
    camera = stream if with_video else None
    return FrameLayout(
        fps=fps,
        state_names=state_names,
        action_names=(*pose_names, "gripper.command"),
        camera=None if camera is None else camera.camera,
        size=(0, 0) if camera is None else (camera.intrinsics.width, camera.intrinsics.height),
    )
