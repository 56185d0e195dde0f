"""Shard files of a camera stream, written frame by frame into their final place.

A shard holds the encoded chunks of up to ``FRAMES_PER_SHARD`` frames behind each other and ends in
an index, as zarr's sharding codec wants it. The chunks are appended while recording, the index is
appended when the recording ends; what a kill left is cut to the last whole frame and ends the same
way. So no byte is ever encoded or copied twice.

Source: https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/v1.0.html
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from demos.durable import fsync_path, write_all
from demos.stream.image_codec import with_crc, without_crc
from mt3.errors import DemoFormatError

FRAMES_PER_SHARD = 256
_MISSING = np.uint64(2**64 - 1)
_CRC_BYTES = 4


@dataclass(frozen=True, slots=True)
class Chunk:
    """Where one frame lies.

    Args:
        shard: Number of the shard.
        offset: First byte in it.
        nbytes: How many.
    """

    shard: int
    offset: int
    nbytes: int

    @property
    def end(self) -> int:
        """First byte behind it."""
        return self.offset + self.nbytes


def shard_path(array: Path, shard: int, ndim: int) -> Path:
    """The file of one shard of an array of frames, split along its first axis only."""
    return array.joinpath("c", str(shard), *("0",) * (ndim - 1))


class ShardWriter:
    """Appends the chunks of one array, each on its way to the disk when ``append`` returns.

    Args:
        array: Folder of the zarr array.
        ndim: Its number of axes.
    """

    def __init__(self, array: Path, ndim: int) -> None:
        self._array, self._ndim = array, ndim
        self._count = 0
        self._offset = 0
        self._file: int | None = None

    def append(self, chunk: bytes) -> Chunk:
        """Add the next frame; it survives the end of this process from here on."""
        shard, number = divmod(self._count, FRAMES_PER_SHARD)
        if number == 0:
            self._begin(shard)
        write_all(self._opened(), chunk)
        place = Chunk(shard, self._offset, len(chunk))
        self._offset += len(chunk)
        self._count += 1
        return place

    def sync(self) -> None:
        """Flush to the disk: it survives a power cut from here on."""
        if self._file is not None:
            os.fdatasync(self._file)

    def close(self) -> None:
        """Flush to the disk and close; again is harmless."""
        if self._file is not None:
            file, self._file = self._file, None
            try:
                os.fdatasync(file)
            finally:
                os.close(file)

    def _begin(self, shard: int) -> None:
        self.close()
        path = shard_path(self._array, shard, self._ndim)
        path.parent.mkdir(parents=True)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        self._offset = 0

    def _opened(self) -> int:
        if self._file is None:
            raise OSError("shard: closed already")
        return self._file


def finish_shards(array: Path, ndim: int, chunks: Sequence[Chunk]) -> None:
    """Cut each shard behind its last frame and append its index; doing it again changes nothing.

    Shards that hold no whole frame are removed.

    Args:
        array: Folder of the zarr array.
        ndim: Its number of axes.
        chunks: Of all frames, in order.
    """
    for shard, group in groupby(chunks, key=lambda chunk: chunk.shard):
        places = list(group)
        index = np.full((FRAMES_PER_SHARD, 2), _MISSING, dtype="<u8")
        index[: len(places)] = [(chunk.offset, chunk.nbytes) for chunk in places]
        path = shard_path(array, shard, ndim)
        with path.open("r+b") as file:
            file.truncate(places[-1].end)
            file.seek(places[-1].end)
            file.write(with_crc(index.tobytes()))
        fsync_path(path)
    last = max((chunk.shard for chunk in chunks), default=-1)
    for folder in (array / "c").iterdir():
        if int(folder.name) > last:
            shutil.rmtree(folder)


def read_index(array: Path, ndim: int, frames: int, frames_per_shard: int) -> list[Chunk]:
    """Where every frame of a finished array lies.

    Raises:
        DemoFormatError: A shard or frame is missing, or an index is damaged; names the file.
    """
    chunks: list[Chunk] = []
    for shard in range(-(-frames // frames_per_shard)):
        path = shard_path(array, shard, ndim)
        wanted = min(frames_per_shard, frames - shard * frames_per_shard)
        try:
            chunks += _read_shard_index(path, shard, frames_per_shard, wanted)
        except (OSError, ValueError) as error:
            name = path.relative_to(array.parent.parent).as_posix()
            raise DemoFormatError(f"{name}: {error}") from error
    return chunks


def read_chunk(array: Path, ndim: int, chunk: Chunk) -> bytes:
    """The bytes of one frame.

    Raises:
        OSError: The file cannot be read.
        ValueError: It ends before.
    """
    with shard_path(array, chunk.shard, ndim).open("rb") as file:
        if chunk.end > os.fstat(file.fileno()).st_size:
            raise ValueError("cut short")
        return os.pread(file.fileno(), chunk.nbytes, chunk.offset)


def _read_shard_index(path: Path, shard: int, frames_per_shard: int, wanted: int) -> list[Chunk]:
    size = 16 * frames_per_shard + _CRC_BYTES
    with path.open("rb") as file:
        start = os.fstat(file.fileno()).st_size - size
        if start < 0:
            raise ValueError("cut short, it has no index")
        body = without_crc(os.pread(file.fileno(), size, start))
    index = np.frombuffer(body, dtype="<u8").reshape(frames_per_shard, 2)[:wanted]
    chunks = [Chunk(shard, int(offset), int(nbytes)) for offset, nbytes in index]
    if any(chunk.end > start for chunk in chunks):
        raise ValueError(f"holds fewer than {wanted} frames")
    return chunks
