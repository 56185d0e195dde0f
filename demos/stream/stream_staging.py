"""A camera stream being recorded: chunks in their final files, and a log that says what is whole.

The log gets a frame's line once the frame's bytes are written. A stream that ended as it should has
a last line that says so; of one that was broken off, each frame's checksum is verified and the
stream ends before the first that is damaged.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from demos.description import format_errors
from demos.durable import storage_errors
from demos.journal import Entry, Journal, read_journal
from demos.recording import as_depth_mm
from demos.schema import intrinsics_as_json, intrinsics_from_json
from demos.stream.camera_stream import Frames, StoredStream
from demos.stream.image_codec import COLOR_CODECS, DEPTH_CODEC, color_codec, without_crc
from demos.stream.shards import Chunk, ShardWriter
from mt3.errors import DemoFormatError, DeviceError
from mt3.perception import RGBD, Intrinsics

LOG_NAME = "camera.log"
GROUP = "camera"
_SYNC_FRAMES = 32


def frame_folders(record: Path) -> tuple[Path, Path]:
    """Where the chunks of colour and of depth lie, in a record that is being made."""
    return record / GROUP / "color", record / GROUP / "depth"


class FrameWriter:
    """Encodes and appends frames.

    Args:
        staging: Folder of the recording; the log lies in it.
        record: Folder of the record to be; the chunks lie in it.
        codec_name: ``jpeg`` or ``lossless``, for colour.
    """

    def __init__(self, staging: Path, record: Path, codec_name: str) -> None:
        self._staging = staging
        self._codec_name, self._codec = codec_name, color_codec(codec_name)
        color, depth = frame_folders(record)
        self._color, self._depth = ShardWriter(color, ndim=4), ShardWriter(depth, ndim=3)
        self._log = Journal(staging / LOG_NAME)
        self._intrinsics: Intrinsics | None = None
        self.frames = 0
        self.bytes_written = 0

    def write(self, t_s: float, rgbd: RGBD) -> None:
        """Add one frame; it survives the end of this process from here on.

        Args:
            t_s: Its time, on the clock of the samples.
            rgbd: The frame.

        Raises:
            DeviceError: The camera's intrinsics changed.
            StorageError: It cannot be written.
        """
        with storage_errors("camera stream", self._staging):
            self._write(t_s, rgbd)

    def _write(self, t_s: float, rgbd: RGBD) -> None:
        if self._intrinsics is None:
            self._log.append(_stream_entry(rgbd, self._codec_name))
            self._intrinsics = rgbd.intrinsics
        elif rgbd.intrinsics != self._intrinsics:
            raise DeviceError(
                f"camera {rgbd.camera}: got {rgbd.intrinsics} in the middle of a recording, "
                f"expected {self._intrinsics} as before"
            )
        color = self._color.append(self._codec.encode(rgbd.color))
        depth = self._depth.append(DEPTH_CODEC.encode(as_depth_mm(rgbd.depth_m)))
        self._log.append(_frame_entry(t_s, rgbd, color, depth))
        self.frames += 1
        self.bytes_written += color.nbytes + depth.nbytes
        if self.frames % _SYNC_FRAMES == 0:
            self._sync()

    def finish(self) -> None:
        """Say that the stream ended as it should, flush to the disk and close.

        Raises:
            StorageError: It cannot be written.
        """
        with storage_errors("camera stream", self._staging):
            self._sync()
            self._log.append({"kind": "end"})
            self.close()

    def close(self) -> None:
        """Flush to the disk and close; again is harmless."""
        for part in (self._color, self._depth, self._log):
            part.close()

    def _sync(self) -> None:
        for part in (self._color, self._depth, self._log):
            part.sync()


def read_staged_stream(staging: Path, record: Path, origin_s: float) -> StoredStream | None:
    """The stream of a recording as far as it got; None where no frame was recorded.

    Args:
        staging: Folder of the recording.
        record: Folder of the record to be.
        origin_s: Time of the first sample.

    Raises:
        DemoFormatError: The log is damaged.
    """
    if not (staging / LOG_NAME).exists():
        return None
    entries = list(read_journal(staging / LOG_NAME))
    rows = [entry for entry in entries if entry.get("kind") == "frame"]
    if not rows:
        return None
    with format_errors(LOG_NAME):
        stream = _stream(record, entries[0], rows, origin_s)
        if entries[-1].get("kind") != "end":
            stream = _stream(record, entries[0], rows[: _whole_frames(stream)], origin_s)
    return stream if len(stream.t_s) else None


def _stream(record: Path, first: Entry, rows: Sequence[Entry], origin_s: float) -> StoredStream:
    if first.get("kind") != "stream":
        raise DemoFormatError(f"{LOG_NAME}: line 1 does not describe the stream")
    intrinsics = intrinsics_from_json(first["intrinsics"])
    size = (intrinsics.height, intrinsics.width)
    color_folder, depth_folder = frame_folders(record)
    color, depth = (
        [Chunk(*(int(value) for value in row[name])) for row in rows] for name in ("color", "depth")
    )
    codec = COLOR_CODECS[first["color_codec"]]
    return StoredStream(
        camera=str(first["camera"]),
        intrinsics=intrinsics,
        t_s=np.array([row["t_s"] for row in rows], dtype=np.float64) - origin_s,
        T_WC=np.array([row["T_WC"] for row in rows], dtype=np.float64).reshape(-1, 4, 4),
        color_frames=Frames(color_folder, codec, (*size, 3), np.uint8, color),
        depth_frames=Frames(depth_folder, DEPTH_CODEC, size, np.uint16, depth),
    )


def _whole_frames(stream: StoredStream) -> int:
    """How many frames from the first on have their bytes as they were written."""
    for k in range(len(stream.t_s)):
        try:
            for frames in (stream.color_frames, stream.depth_frames):
                without_crc(frames.read_bytes(k))
        except (OSError, ValueError):
            return k
    return len(stream.t_s)


def _stream_entry(rgbd: RGBD, codec_name: str) -> Entry:
    return {
        "kind": "stream",
        "camera": rgbd.camera,
        "intrinsics": intrinsics_as_json(rgbd.intrinsics),
        "color_codec": codec_name,
    }


def _frame_entry(t_s: float, rgbd: RGBD, color: Chunk, depth: Chunk) -> Entry:
    return {
        "kind": "frame",
        "t_s": t_s,
        "T_WC": rgbd.T_WC.matrix.ravel().tolist(),
        "color": [color.shard, color.offset, color.nbytes],
        "depth": [depth.shard, depth.offset, depth.nbytes],
    }
