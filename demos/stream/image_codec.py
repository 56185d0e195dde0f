"""How one image of a camera stream becomes one chunk of bytes: in zarr's terms, and without zarr.

Frames are encoded outside zarr's event loop, thirty a second, into exactly the bytes that zarr
would write for a chunk of one frame. The last four are a CRC-32C, checked before anything is
decoded: blosc is not safe on damaged bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import google_crc32c
import numpy as np
import numpy.typing as npt
from numcodecs import Blosc
from zarr.codecs import BloscCodec, Crc32cCodec

from demos.stream.jpeg_codec import DEFAULT_QUALITY, JpegCodec, decode_jpeg, encode_jpeg
from mt3.errors import ConfigurationError

Image = npt.NDArray[Any]

_CRC_BYTES = 4
_BLOSC_NBYTES = slice(4, 8)  # of its 16-byte header: size once decompressed
_SHUFFLES = {"noshuffle": Blosc.NOSHUFFLE, "shuffle": Blosc.SHUFFLE, "bitshuffle": Blosc.BITSHUFFLE}


class ImageCodec(Protocol):
    """Encodes and decodes single images of one kind."""

    def encode(self, image: Image) -> bytes:
        """The chunk of an image, its checksum included."""
        ...

    def decode(self, chunk: bytes, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Image:
        """The image of a chunk.

        Raises:
            ValueError: Damaged, or another shape.
        """
        ...

    def zarr_codecs(self) -> dict[str, Any]:
        """The same in the words of ``zarr.Group.create_array``."""
        ...


@dataclass(frozen=True, slots=True)
class JpegImages:
    """Colour as JPEG: small, and not exactly what the camera saw.

    Args:
        quality: 1 to 100.
    """

    quality: int = DEFAULT_QUALITY

    def encode(self, image: Image) -> bytes:
        """The chunk of an image, (H, W, 3) uint8."""
        return with_crc(encode_jpeg(image, self.quality))

    def decode(self, chunk: bytes, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Image:
        """The image of a chunk."""
        return decode_jpeg(without_crc(chunk), (shape[0], shape[1]))

    def zarr_codecs(self) -> dict[str, Any]:
        """The same in the words of ``zarr.Group.create_array``."""
        return {"serializer": JpegCodec(self.quality), "compressors": (Crc32cCodec(),)}


@dataclass(frozen=True, slots=True)
class BloscImages:
    """Any image, without loss.

    Args:
        cname: Name of the compressor.
        clevel: 0 to 9.
        shuffle: ``shuffle``, ``bitshuffle`` or ``noshuffle``.
    """

    cname: str
    clevel: int
    shuffle: str

    def encode(self, image: Image) -> bytes:
        """The chunk of an image of any shape and type."""
        blosc = Blosc(cname=self.cname, clevel=self.clevel, shuffle=_SHUFFLES[self.shuffle])
        return with_crc(bytes(blosc.encode(np.ascontiguousarray(image))))

    def decode(self, chunk: bytes, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Image:
        """The image of a chunk."""
        body = without_crc(chunk)
        expected = int(np.prod(shape)) * np.dtype(dtype).itemsize
        got = int.from_bytes(body[_BLOSC_NBYTES], "little")
        if got != expected:
            raise ValueError(f"blosc: got {got} bytes, expected {expected}")
        return np.frombuffer(Blosc().decode(body), dtype).reshape(shape)

    def zarr_codecs(self) -> dict[str, Any]:
        """The same in the words of ``zarr.Group.create_array``."""
        options: dict[str, Any] = {"cname": self.cname, "shuffle": self.shuffle}
        return {"compressors": (BloscCodec(clevel=self.clevel, **options), Crc32cCodec())}


COLOR_CODECS: dict[str, ImageCodec] = {
    "jpeg": JpegImages(),
    "lossless": BloscImages("lz4", 5, "shuffle"),
}
DEPTH_CODEC = BloscImages("zstd", 1, "bitshuffle")


def color_codec(name: str) -> ImageCodec:
    """The codec of a stream's colour by its name.

    Raises:
        ConfigurationError: No such codec.
    """
    try:
        return COLOR_CODECS[name]
    except KeyError:
        choices = " or ".join(COLOR_CODECS)
        raise ConfigurationError(f"color_codec: got {name!r}, expected {choices}") from None


def codec_from_zarr(codecs: Sequence[Any]) -> ImageCodec:
    """The codec that a stored array's inner codecs amount to.

    Raises:
        ValueError: They are none of ours.
    """
    if codecs and isinstance(codecs[-1], Crc32cCodec):
        for codec in codecs[:-1]:
            if isinstance(codec, JpegCodec):
                return JpegImages(codec.quality)
            if isinstance(codec, BloscCodec):
                return BloscImages(codec.cname.value, codec.clevel, codec.shuffle.value)
    names = ", ".join(type(codec).__name__ for codec in codecs) or "none"
    raise ValueError(f"codecs: got {names}, expected JPEG or blosc, then Crc32cCodec")


def without_crc(chunk: bytes) -> bytes:
    """The chunk's body.

    Raises:
        ValueError: Its checksum is another.
    """
    body, stored = chunk[:-_CRC_BYTES], chunk[-_CRC_BYTES:]
    if len(stored) != _CRC_BYTES or stored != _crc(body):
        raise ValueError("damaged: stored and computed CRC-32C differ")
    return body


def with_crc(body: bytes) -> bytes:
    """A body and its checksum."""
    return body + _crc(body)


def _crc(body: bytes) -> bytes:
    return int(google_crc32c.value(body)).to_bytes(_CRC_BYTES, "little")
