"""Arrays of frames in a zarr group whose chunks were written beside zarr."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from zarr.codecs import ShardingCodec

from demos.stream.camera_stream import Frames
from demos.stream.image_codec import codec_from_zarr
from demos.stream.shards import FRAMES_PER_SHARD, read_index
from mt3.errors import DemoFormatError


def create_sharded_array(group: zarr.Group, name: str, frames: Frames, unit: str) -> None:
    """Write the metadata of an array whose shard files are in place already."""
    group.create_array(
        name,
        shape=(len(frames.chunks), *frames.shape),
        dtype=frames.dtype,
        chunks=(1, *frames.shape),
        shards=(FRAMES_PER_SHARD, *frames.shape),
        fill_value=0,
        attributes={"unit": unit},
        **frames.codec.zarr_codecs(),
    )


def open_sharded_array(
    array: "zarr.Array[Any]", folder: Path, shape: tuple[int, ...], dtype: npt.DTypeLike
) -> Frames:
    """Find every frame of an array, and decode none.

    Args:
        array: What to read; type and shape were checked.
        folder: Of the array.
        shape: Of one frame.
        dtype: Of one frame.

    Raises:
        DemoFormatError: Not split into one-frame chunks in shards, unknown codecs, or a frame
            that is missing.
    """
    name = f"{folder.parent.name}/{folder.name}"
    metadata = array.metadata
    sharding = getattr(metadata, "codecs", (None,))[0]
    shards = array.shards
    if not isinstance(sharding, ShardingCodec) or shards is None:
        raise DemoFormatError(f"{name}: got no shards, expected shards of one-frame chunks")
    if array.chunks != (1, *shape) or shards[1:] != shape:
        raise DemoFormatError(
            f"{name}: got chunks {array.chunks} in shards {shards}, expected one frame a chunk"
        )
    try:
        codec = codec_from_zarr(sharding.codecs)
    except ValueError as error:
        raise DemoFormatError(f"{name}: {error}") from error
    chunks = read_index(folder, array.ndim, array.shape[0], shards[0])
    return Frames(folder, codec, shape, np.dtype(dtype), chunks)
