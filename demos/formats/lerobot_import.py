"""Reads what a LeRobotDataset v3.0 holds of a task: episodes, and trajectories with their times.

It holds no mask, no depth, no camera pose and no bottleneck, without which a demonstration is
nothing to transfer: none can be made of it, and ``missing_for_library`` says so.
"""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from demos.description import Json, format_errors
from demos.durable import read_json
from demos.formats.lerobot_layout import ACTION, INFO_PATH, OWN_PATH, STATE, TASKS_PATH
from demos.formats.parquet import read_table
from demos.formats.video_file import read_frame
from mt3.errors import DemoFormatError, DemoNotFoundError
from mt3.types import ColorImage, FloatArray

_MAJOR = "v3."
_NEEDED = (
    "the mask of the object",
    "its depth image",
    "the camera's pose and intrinsics",
    "the moment of the bottleneck",
)


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode.

    Args:
        number: Its index.
        tasks: What was done, in words.
        length: Its frames.
        demo_id: Name in our library where we exported it, else None.
        content_hash: Likewise.
    """

    number: int
    tasks: tuple[str, ...]
    length: int
    demo_id: str | None
    content_hash: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """State and action of one episode over time.

    Args:
        t_s: Times, (N,), from 0.
        state: (N, n), or (N, 0) where the dataset has none.
        action: (N, m), likewise.
        state_names: Of the columns of the state; as many as it says, else none.
        action_names: Of those of the action.
    """

    t_s: FloatArray
    state: FloatArray
    action: FloatArray
    state_names: tuple[str, ...]
    action_names: tuple[str, ...]


class LeRobotReader:
    """A dataset on disk, its files opened as they are asked for.

    Args:
        folder: Holds ``meta/info.json``.

    Raises:
        DemoFormatError: Not a dataset of version 3, or what describes it is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        if not (folder / INFO_PATH).is_file():
            raise DemoFormatError(f"{folder}: no {INFO_PATH}, expected a LeRobotDataset v3.0")
        self._info = read_json(folder / INFO_PATH)
        version = self._info.get("codebase_version")
        if not isinstance(version, str) or not version.startswith(_MAJOR):
            raise DemoFormatError(
                f"{INFO_PATH}: got codebase_version {version!r}, expected v3.0; convert it with "
                "lerobot's convert_dataset_v21_to_v30"
            )
        self._rows = self._episode_rows()
        own = self._own()
        self.episodes = tuple(_episode(row, own) for row in self._rows)

    @property
    def fps(self) -> int:
        """Frames a second."""
        with format_errors(INFO_PATH):
            return int(self._info["fps"])

    @property
    def robot(self) -> str | None:
        """Type of the robot, where it is named."""
        robot = self._info.get("robot_type")
        return robot if isinstance(robot, str) else None

    @property
    def cameras(self) -> tuple[str, ...]:
        """Names of the features that are videos."""
        features = self._features().items()
        return tuple(name for name, feature in features if feature.get("dtype") == "video")

    def tasks(self) -> tuple[str, ...]:
        """All tasks in words, by their index.

        Raises:
            DemoFormatError: The file is missing or damaged.
        """
        columns = read_table(self._folder / TASKS_PATH)
        with format_errors(TASKS_PATH):
            (words,) = (name for name in columns if name != "task_index")
            ordered = sorted(zip(columns["task_index"], columns[words], strict=True))
            return tuple(str(text) for _, text in ordered)

    def episodes_of(self, task: str) -> tuple[Episode, ...]:
        """The episodes of one task, in its words."""
        return tuple(episode for episode in self.episodes if task in episode.tasks)

    def trajectory(self, number: int) -> Trajectory:
        """State and action of one episode.

        Raises:
            DemoNotFoundError: No such episode.
            DemoFormatError: Its file is missing, damaged or holds another number of rows.
        """
        row, features = self._row(number), self._features()
        path = self._path("data_path", row, "data")
        names = ["episode_index", "timestamp", *(n for n in (STATE, ACTION) if n in features)]
        columns = read_table(path, names)
        kept = [k for k, index in enumerate(columns["episode_index"]) if index == number]
        if len(kept) != row["length"]:
            raise DemoFormatError(
                f"{path.name}: got {len(kept)} rows of episode {number}, expected {row['length']}"
            )
        with format_errors(path.name):
            return Trajectory(
                t_s=np.array([columns["timestamp"][k] for k in kept], dtype=np.float64),
                state=_matrix(columns.get(STATE), kept),
                action=_matrix(columns.get(ACTION), kept),
                state_names=_names(features.get(STATE)),
                action_names=_names(features.get(ACTION)),
            )

    def color(self, number: int, camera: str, t_s: float) -> ColorImage:
        """What a camera showed at a time of an episode, (H, W, 3) uint8.

        Raises:
            DemoNotFoundError: No such episode, or camera.
            DemoFormatError: Its file is missing or damaged.
        """
        row = self._row(number)
        if camera not in self.cameras:
            raise DemoNotFoundError(
                f"camera: got {camera!r}, expected one of {', '.join(self.cameras) or 'none'}"
            )
        path = self._path("video_path", row, f"videos/{camera}", video_key=camera)
        with format_errors("meta/episodes"):
            start_s = float(row[f"videos/{camera}/from_timestamp"])
        return read_frame(path, start_s + t_s)[0]

    def missing_for_library(self, episode: Episode) -> str:
        """Why no demonstration can be made of an episode, and what to do instead."""
        reason = f"a LeRobotDataset does not hold {', '.join(_NEEDED[:-1])} or {_NEEDED[-1]}"
        if episode.demo_id is None:
            return f"{reason}; record the task with mt3-record"
        return (
            f"{reason}; it was exported from {episode.demo_id} (content hash "
            f"{episode.content_hash}): copy that from its library"
        )

    def _features(self) -> dict[str, Json]:
        with format_errors(INFO_PATH):
            return {str(name): dict(value) for name, value in self._info["features"].items()}

    def _episode_rows(self) -> list[Json]:
        rows: list[Json] = []
        for path in sorted((self._folder / "meta/episodes").glob("*/*.parquet")):
            columns = read_table(path)
            kept = {name: values for name, values in columns.items() if name[:6] != "stats/"}
            count = len(next(iter(kept.values()), []))
            rows += [{name: values[k] for name, values in kept.items()} for k in range(count)]
        with format_errors("meta/episodes"):
            return sorted(rows, key=lambda row: int(row["episode_index"]))

    def _own(self) -> dict[int, Json]:
        path = self._folder / OWN_PATH
        if not path.is_file():
            return {}
        with format_errors(OWN_PATH):
            return {int(row["episode_index"]): row for row in read_json(path)["episodes"]}

    def _row(self, number: int) -> Json:
        for row in self._rows:
            if row["episode_index"] == number:
                return row
        raise DemoNotFoundError(f"episode: got {number}, expected 0 to {len(self._rows) - 1}")

    def _path(self, template: str, row: Json, prefix: str, **names: str) -> Path:
        """A file of the dataset; one outside its folder is refused."""
        with format_errors(INFO_PATH):
            relative = str(self._info[template]).format(
                chunk_index=int(row[f"{prefix}/chunk_index"]),
                file_index=int(row[f"{prefix}/file_index"]),
                **names,
            )
        if PurePosixPath(relative).is_absolute() or ".." in PurePosixPath(relative).parts:
            raise DemoFormatError(f"{INFO_PATH}: {template} leads outside of the dataset")
        return self._folder / relative


def _episode(row: Json, own: dict[int, Json]) -> Episode:
    with format_errors("meta/episodes"):
        number = int(row["episode_index"])
        ours = own.get(number, {})
        return Episode(
            number=number,
            tasks=tuple(str(task) for task in row["tasks"]),
            length=int(row["length"]),
            demo_id=ours.get("demo_id"),
            content_hash=ours.get("content_hash"),
        )


def _matrix(rows: list[Any] | None, kept: list[int]) -> FloatArray:
    if rows is None:
        return np.zeros((len(kept), 0))
    return np.array([rows[k] for k in kept], dtype=np.float64).reshape(len(kept), -1)


def _names(feature: Json | None) -> tuple[str, ...]:
    """Names of a vector's elements; some datasets nest the list under a word, or have none."""
    names = None if feature is None else feature.get("names")
    if isinstance(names, dict):
        names = next(iter(names.values()), None)
    return tuple(str(name) for name in names) if isinstance(names, list) else ()
