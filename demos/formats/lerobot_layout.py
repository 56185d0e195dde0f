"""File names and features of a LeRobotDataset v3.0.

Source: the layout that lerobot 0.4.4 writes and reads (``codebase_version`` v3.0).
"""

from typing import Any

from demos.formats.video_file import CODEC, PIXEL_FORMAT

VERSION = "v3.0"
INFO_PATH = "meta/info.json"
STATS_PATH = "meta/stats.json"
TASKS_PATH = "meta/tasks.parquet"
OWN_PATH = "meta/mt3.json"  # ours; lerobot reads the files it knows by name
EPISODES_PATH = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
FILES_PER_CHUNK = 1000
DATA_FILE_MB, VIDEO_FILE_MB = 100, 200
STATE, ACTION = "observation.state", "action"
_IMAGES = "observation.images."

Feature = dict[str, Any]

INDEX_FEATURES: dict[str, Feature] = {
    name: {"dtype": dtype, "shape": [1], "names": None}
    for name, dtype in (
        ("timestamp", "float32"),
        ("frame_index", "int64"),
        ("episode_index", "int64"),
        ("index", "int64"),
        ("task_index", "int64"),
    )
}


def image_key(camera: str) -> str:
    """The name of a camera's feature; slashes would make folders of it."""
    return _IMAGES + camera.replace("/", "_")


def vector_feature(names: tuple[str, ...]) -> Feature:
    """A vector of named numbers."""
    return {"dtype": "float32", "shape": [len(names)], "names": list(names)}


def video_feature(width: int, height: int, fps: int) -> Feature:
    """Colour of one camera."""
    info = {
        "video.height": height,
        "video.width": width,
        "video.codec": CODEC,
        "video.pix_fmt": PIXEL_FORMAT,
        "video.is_depth_map": False,
        "video.fps": fps,
        "video.channels": 3,
        "has_audio": False,
    }
    names = ["height", "width", "channels"]
    return {"dtype": "video", "shape": [height, width, 3], "names": names, "info": info}


def place_of(number: int) -> dict[str, int]:
    """Chunk and file of the n-th file of a kind."""
    return {"chunk_index": number // FILES_PER_CHUNK, "file_index": number % FILES_PER_CHUNK}
