"""A recorded camera stream, whose frames are read and decoded one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from demos.recording import DepthImage
from demos.stream.image_codec import Image, ImageCodec
from demos.stream.shards import Chunk, finish_shards, read_chunk
from mt3.errors import DemoFormatError
from mt3.perception import Intrinsics
from mt3.types import ColorImage, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """The frames of one array.

    Args:
        array: Folder of the zarr array.
        codec: How each frame is encoded.
        shape: Of one frame.
        dtype: Of one frame.
        chunks: Where each frame lies.
    """

    array: Path
    codec: ImageCodec
    shape: tuple[int, ...]
    dtype: npt.DTypeLike
    chunks: Sequence[Chunk]

    @property
    def ndim(self) -> int:
        """Axes of the array: one more than a frame has."""
        return 1 + len(self.shape)

    def read(self, k: int) -> Image:
        """Decode one frame.

        Raises:
            DemoFormatError: Its bytes are damaged or missing; names demonstration, array and frame.
        """
        try:
            return self.codec.decode(self.read_bytes(k), self.shape, self.dtype)
        except (OSError, ValueError, RuntimeError) as error:
            group = self.array.parent
            name = f"{group.parent.name}: {group.name}/{self.array.name}"
            raise DemoFormatError(f"{name}: frame {k}: {error}") from error

    def read_bytes(self, k: int) -> bytes:
        """The stored bytes of one frame.

        Raises:
            OSError: The file cannot be read.
            ValueError: It ends before.
        """
        return read_chunk(self.array, self.ndim, self.chunks[k])

    def finish(self) -> None:
        """Make the files whole, so that zarr can read them; again is harmless."""
        finish_shards(self.array, self.ndim, self.chunks)


@dataclass(frozen=True, slots=True, eq=False)
class StoredStream:
    """Implements ``CameraStream`` over shard files, of a demonstration or of one in staging.

    Args:
        camera: Name of the camera.
        intrinsics: Of both images.
        t_s: Times of the frames, (F,), on the clock of the samples.
        T_WC: Pose of the camera in W at each frame, (F, 4, 4).
        color_frames: The colour array.
        depth_frames: The depth array.
    """

    camera: str
    intrinsics: Intrinsics
    t_s: FloatArray
    T_WC: FloatArray
    color_frames: Frames
    depth_frames: Frames

    def finish(self) -> None:
        """Make the files of a stream in staging whole; again is harmless."""
        self.color_frames.finish()
        self.depth_frames.finish()

    def color(self, k: int) -> ColorImage:
        """Colour of one frame, (H, W, 3) uint8.

        Raises:
            DemoFormatError: Its bytes are damaged or missing.
        """
        return cast(ColorImage, self.color_frames.read(k))

    def depth_mm(self, k: int) -> DepthImage:
        """Depth of one frame, (H, W) uint16, millimetres, 0 = no reading.

        Raises:
            DemoFormatError: Its bytes are damaged or missing.
        """
        return cast(DepthImage, np.asarray(self.depth_frames.read(k)))
