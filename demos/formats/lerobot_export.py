"""Writes demonstrations as one LeRobotDataset v3.0: state, action and colour at an even rate.

The layout has no place for a mask, depth or a camera's pose. What it can hold of them, and where
each episode comes from, is in ``meta/mt3.json``, which lerobot leaves alone.
"""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from demos.description import Json
from demos.durable import fsync_tree, move_folder, write_json
from demos.formats.lerobot_frames import EpisodeFrames, FrameLayout, make_frames
from demos.formats.lerobot_layout import (
    ACTION,
    DATA_FILE_MB,
    DATA_PATH,
    EPISODES_PATH,
    FILES_PER_CHUNK,
    INDEX_FEATURES,
    INFO_PATH,
    OWN_PATH,
    STATE,
    STATS_PATH,
    TASKS_PATH,
    VERSION,
    VIDEO_FILE_MB,
    VIDEO_PATH,
    Feature,
    image_key,
    place_of,
    vector_feature,
    video_feature,
)
from demos.formats.lerobot_stats import Stats, combine, describe_images, describe_numbers, sampled
from demos.formats.parquet import ParquetWriter, require_pyarrow, write_indexed_table
from demos.formats.video_file import require_av, write_video
from demos.recording import Recording
from demos.schema import header_as_json, intrinsics_as_json
from mt3.errors import ConfigurationError
from mt3.types import ColorImage


@dataclass(frozen=True, slots=True, eq=False)
class NamedRecording:
    """A recording as a library names it."""

    demo_id: str
    content_hash: str
    recording: Recording


def export_lerobot(
    demos: Iterable[NamedRecording], out: Path, fps: int | None, with_video: bool
) -> Json:
    """Write a dataset into a new folder, as a whole or not at all.

    Args:
        demos: Read one by one; all of one robot, and alike in joints, camera and rate.
        out: The dataset's folder; must not exist.
        fps: Frames a second; None takes the camera stream's.
        with_video: Whether to write the camera stream.

    Returns:
        The dataset's ``info.json``.

    Raises:
        ConfigurationError: The folder exists or cannot be written, a demonstration differs from
            the first, or has no stream where video is wanted.
    """
    require_pyarrow()
    if with_video:
        require_av()
    if out.exists():
        raise ConfigurationError(f"--out: {out} exists, expected a new folder for the dataset")
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        writer = _DatasetWriter(partial, fps, with_video)
        for demo in demos:
            writer.add(demo)
        info = writer.finish()
        fsync_tree(partial)
        move_folder(partial, out)
    except OSError as error:
        raise ConfigurationError(f"--out: cannot write {out} ({error.strerror})") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return info


class _DatasetWriter:
    """Appends episodes to a folder, then writes what describes them."""

    def __init__(self, folder: Path, fps: int | None, with_video: bool) -> None:
        self._folder, self._fps, self._with_video = folder, fps, with_video
        self._data = ParquetWriter(folder / DATA_PATH.format(**place_of(0)))
        self._data_files = 1
        self._layout: FrameLayout | None = None
        self._robot = ""
        self._tasks: dict[str, int] = {}
        self._episodes: list[Json] = []
        self._stats: list[dict[str, Stats]] = []
        self._own: list[Json] = []
        self._frames = 0

    def add(self, demo: NamedRecording) -> None:
        """Write one episode."""
        try:
            frames = make_frames(demo.recording, self._fps, self._with_video)
        except ConfigurationError as error:
            raise ConfigurationError(f"{demo.demo_id}: {error}") from error
        self._require_alike(demo, frames.layout)
        number = len(self._episodes)
        text = demo.recording.header.task.text
        rows = self._rows(frames, self._tasks.setdefault(text, len(self._tasks)))
        self._rotate_data()
        self._data.append(rows)
        stats = {name: describe_numbers(_as_matrix(values)) for name, values in rows.items()}
        place = _prefixed("data", place_of(self._data_files - 1))
        if frames.layout.camera is not None:
            key = image_key(frames.layout.camera)
            stats[key] = self._write_video(key, frames, demo.recording)
            place |= _video_place(key, number, frames)
        length = len(frames.t_s)
        self._episodes.append(
            {
                "episode_index": number,
                "tasks": [text],
                "length": length,
                "dataset_from_index": self._frames,
                "dataset_to_index": self._frames + length,
                **place,
                **_prefixed("meta/episodes", place_of(0)),
            }
        )
        self._stats.append(stats)
        self._own.append(_own_episode(number, demo, frames))
        self._frames += length

    def finish(self) -> Json:
        """Write the descriptions of all episodes, and return the dataset's."""
        self._data.close()
        if self._layout is None:
            raise ConfigurationError("export: got no demonstration, expected at least one")
        self._write_episodes()
        tasks = {"task": list(self._tasks), "task_index": list(self._tasks.values())}
        write_indexed_table(self._folder / TASKS_PATH, tasks, index="task")
        combined = {
            name: combine([stats[name] for stats in self._stats]) for name in self._stats[0]
        }
        write_json(self._folder / STATS_PATH, _plain(combined))
        write_json(self._folder / OWN_PATH, {"version": 1, "episodes": self._own})
        info = self._info(self._layout)
        write_json(self._folder / INFO_PATH, info)
        return info

    def _require_alike(self, demo: NamedRecording, layout: FrameLayout) -> None:
        robot = demo.recording.header.robot
        if self._layout is None:
            self._layout, self._robot = layout, robot
        got = {"robot": robot, **asdict(layout)}
        for name, expected in {"robot": self._robot, **asdict(self._layout)}.items():
            if got[name] != expected:
                raise ConfigurationError(
                    f"{demo.demo_id}: got {name} {got[name]}, expected {expected} as in the first "
                    "demonstration; export it into a dataset of its own"
                )

    def _rows(self, frames: EpisodeFrames, task: int) -> dict[str, Any]:
        n = len(frames.t_s)
        return {
            STATE: frames.state.astype(np.float32),
            ACTION: frames.action.astype(np.float32),
            "timestamp": (np.arange(n) / frames.layout.fps).astype(np.float32),
            "frame_index": np.arange(n),
            "episode_index": np.full(n, len(self._episodes)),
            "index": self._frames + np.arange(n),
            "task_index": np.full(n, task),
        }

    def _rotate_data(self) -> None:
        """Begin another file once the one that is written has its size."""
        if self._data.bytes_written >= DATA_FILE_MB * 1024 * 1024:
            self._data.close()
            self._data = ParquetWriter(
                self._folder / DATA_PATH.format(**place_of(self._data_files))
            )
            self._data_files += 1

    def _write_video(self, key: str, frames: EpisodeFrames, recording: Recording) -> Stats:
        """One file for each episode, and the statistics of its images."""
        wanted = set(sampled(len(frames.images)))
        kept: list[ColorImage] = []

        def images() -> Iterator[ColorImage]:
            for k, source in enumerate(frames.images):
                color = recording.stream.color(int(source)) if recording.stream else None
                if color is None:
                    return
                if k in wanted:
                    kept.append(color)
                yield color

        path = VIDEO_PATH.format(video_key=key, **place_of(len(self._episodes)))
        width, height = frames.layout.size
        write_video(self._folder / path, images(), frames.layout.fps, width, height)
        return describe_images(kept)

    def _write_episodes(self) -> None:
        flat = [_flat_stats(stats) for stats in self._stats]
        columns = {name: [row[name] for row in self._episodes] for name in self._episodes[0]}
        columns |= {name: [row[name] for row in flat] for name in flat[0]}
        writer = ParquetWriter(self._folder / EPISODES_PATH.format(**place_of(0)))
        writer.append(columns)
        writer.close()

    def _info(self, layout: FrameLayout) -> Json:
        features: dict[str, Feature] = {
            STATE: vector_feature(layout.state_names),
            ACTION: vector_feature(layout.action_names),
        }
        if layout.camera is not None:
            features[image_key(layout.camera)] = video_feature(*layout.size, layout.fps)
        return {
            "codebase_version": VERSION,
            "robot_type": self._robot,
            "total_episodes": len(self._episodes),
            "total_frames": self._frames,
            "total_tasks": len(self._tasks),
            "chunks_size": FILES_PER_CHUNK,
            "data_files_size_in_mb": DATA_FILE_MB,
            "video_files_size_in_mb": VIDEO_FILE_MB,
            "fps": layout.fps,
            "splits": {"train": f"0:{len(self._episodes)}"},
            "data_path": DATA_PATH,
            "video_path": None if layout.camera is None else VIDEO_PATH,
            "features": {**features, **INDEX_FEATURES},
        }


def _video_place(key: str, number: int, frames: EpisodeFrames) -> Json:
    """Where an episode's video is; each has a file of its own, so it starts at 0 s."""
    span_s = {"from_timestamp": 0.0, "to_timestamp": len(frames.t_s) / frames.layout.fps}
    return _prefixed(f"videos/{key}", {**place_of(number), **span_s})


def _own_episode(number: int, demo: NamedRecording, frames: EpisodeFrames) -> Json:
    """What the layout has no place for."""
    recording = demo.recording
    header = header_as_json(recording.header)
    kept = ("task", "robot", "backend", "T_world_base", "tool_frame", "software")
    return {
        "episode_index": number,
        "demo_id": demo.demo_id,
        "content_hash": demo.content_hash,
        **{name: header[name] for name in kept},
        "start_s": float(frames.t_s[0]),
        "bottleneck_frame": frames.bottleneck_frame,
        "verdict": {"success": recording.events.success, "judge": recording.events.judge},
        "views": [
            {
                "camera": view.camera,
                "intrinsics": intrinsics_as_json(view.intrinsics),
                "T_world_camera": view.T_WC.matrix.tolist(),
            }
            for view in recording.views
        ],
        "stream": _own_stream(recording, frames),
    }


def _own_stream(recording: Recording, frames: EpisodeFrames) -> Json | None:
    stream = recording.stream
    if stream is None or frames.layout.camera is None:
        return None
    poses = stream.T_WC[frames.images]
    return {
        "camera": stream.camera,
        "intrinsics": intrinsics_as_json(stream.intrinsics),
        "T_world_camera": poses[0].tolist(),
        "moves": bool(np.ptp(poses, axis=0).max() > 0.0),  # then the pose is the first frame's
    }


def _as_matrix(values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:  # noqa: ANN401
    matrix = np.asarray(values, dtype=np.float64)
    return matrix if matrix.ndim == 2 else matrix[:, None]


def _prefixed(prefix: str, values: Json) -> Json:
    return {f"{prefix}/{name}": value for name, value in values.items()}


def _flat_stats(stats: dict[str, Stats]) -> Json:
    return {
        f"stats/{feature}/{name}": value.tolist()
        for feature, values in stats.items()
        for name, value in values.items()
    }


def _plain(stats: dict[str, Stats]) -> Json:
    return {
        feature: {name: value.tolist() for name, value in values.items()}
        for feature, values in stats.items()
    }
