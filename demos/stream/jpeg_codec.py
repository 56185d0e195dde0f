"""JPEG as a zarr v3 codec, because zarr has none: array to bytes, for 8-bit RGB images.

zarr finds it by the entry point ``mt3_jpeg`` of this distribution, or once this module is imported.
The stored bytes are a plain baseline JPEG file, so any program that reads the chunk can show it.
"""

from dataclasses import dataclass
from typing import Any, Self, TypeAlias, cast

import cv2
import numpy as np
from zarr.abc.codec import ArrayBytesCodec
from zarr.core.array_spec import ArraySpec
from zarr.core.buffer import Buffer, NDBuffer
from zarr.core.chunk_grids import ChunkGrid
from zarr.core.common import JSON
from zarr.core.dtype import TBaseDType, TBaseScalar, ZDType
from zarr.registry import register_codec

from mt3.types import ColorImage

_Dtype: TypeAlias = ZDType[TBaseDType, TBaseScalar]

CODEC_NAME = "mt3_jpeg"
DEFAULT_QUALITY = 95


@dataclass(frozen=True)
class JpegCodec(ArrayBytesCodec):
    """Chunks (..., H, W, 3) uint8 RGB as one JPEG, leading axes stacked below each other.

    Args:
        quality: 1 to 100.
    """

    is_fixed_size = False

    quality: int = DEFAULT_QUALITY

    def __post_init__(self) -> None:
        require_quality(self.quality)

    @classmethod
    def from_dict(cls, data: dict[str, JSON]) -> Self:
        """Read the codec's entry in an array's metadata."""
        configuration = data.get("configuration", {})
        if not isinstance(configuration, dict):
            raise TypeError(
                f"{CODEC_NAME}: got configuration {configuration!r}, expected an object"
            )
        return cls(**cast(dict[str, Any], configuration))

    def to_dict(self) -> dict[str, JSON]:
        """The codec's entry in an array's metadata."""
        return {"name": CODEC_NAME, "configuration": {"quality": self.quality}}

    def validate(self, *, shape: tuple[int, ...], dtype: _Dtype, chunk_grid: ChunkGrid) -> None:
        """Refuse arrays that are no 8-bit RGB images."""
        native = dtype.to_native_dtype()
        if native != np.uint8 or len(shape) < 3 or shape[-1] != 3:
            raise ValueError(f"{CODEC_NAME}: got {native} {shape}, expected uint8 (..., H, W, 3)")

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        """Unknown before the image is encoded."""
        raise NotImplementedError

    async def _encode_single(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> Buffer | None:
        image = chunk_data.as_numpy_array().reshape(-1, *chunk_spec.shape[-2:])
        return chunk_spec.prototype.buffer.from_bytes(encode_jpeg(image, self.quality))

    async def _decode_single(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        height = int(np.prod(chunk_spec.shape[:-2]))
        image = decode_jpeg(chunk_data.to_bytes(), (height, chunk_spec.shape[-2]))
        return chunk_spec.prototype.nd_buffer.from_numpy_array(image.reshape(chunk_spec.shape))


def require_quality(quality: object) -> None:
    """Refuse what is no JPEG quality.

    Raises:
        ValueError: Not a whole number from 1 to 100.
    """
    if isinstance(quality, bool) or not isinstance(quality, int) or not 1 <= quality <= 100:
        raise ValueError(f"quality: got {quality!r}, expected a whole number from 1 to 100")


def encode_jpeg(color: ColorImage, quality: int) -> bytes:
    """One RGB image, (H, W, 3) uint8, as a JPEG file.

    Raises:
        ValueError: It cannot be encoded.
    """
    bgr = cv2.cvtColor(color, cv2.COLOR_RGB2BGR)
    done, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"jpeg: cannot encode {color.dtype} {color.shape}")
    return encoded.tobytes()


def decode_jpeg(encoded: bytes, size: tuple[int, int]) -> ColorImage:
    """The RGB image of a JPEG file, (H, W, 3) uint8.

    Args:
        encoded: The file.
        size: Height and width that it must have.

    Raises:
        ValueError: Not a JPEG file, or of another size.
    """
    if (claimed := _size_of(encoded)) != size:
        got = "no image" if claimed is None else f"an image of {claimed}"
        raise ValueError(f"jpeg: got {got}, expected {(*size, 3)}")
    image = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR_RGB)
    if image is None or image.shape != (*size, 3):
        got = "no image" if image is None else str(image.shape)
        raise ValueError(f"jpeg: got {got}, expected {(*size, 3)}")
    return cast(ColorImage, image)


def _size_of(encoded: bytes) -> tuple[int, int] | None:
    """Height and width in the head of a JPEG file: a few bytes may claim a gigabyte of pixels.

    Source: ITU-T T.81, B.1.1.3 and B.2.2: segments up to the start of frame, FFC0 to FFCF but for
    the tables FFC4, FFC8 and FFCC.
    """
    start = 2
    while encoded[start : start + 1] == b"\xff" and start + 9 <= len(encoded):
        marker = encoded[start + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = encoded[start + 5 : start + 7], encoded[start + 7 : start + 9]
            return int.from_bytes(height, "big"), int.from_bytes(width, "big")
        start += 2 + int.from_bytes(encoded[start + 2 : start + 4], "big")
    return None


register_codec(CODEC_NAME, JpegCodec)
