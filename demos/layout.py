"""Which files a demonstration consists of, and what each must be before a byte of it is decoded.

A manifest proves that bytes are as written, not that whoever wrote them meant well: a shape of
terabytes, a codec that runs code, or a missing chunk that reads as zeros can have a matching one.
So the metadata of every group and array are compared with what ``demos.storage`` writes.

Imports neither numpy nor zarr.
"""

import math
import re
import struct
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from demos.description import ATTRIBUTES_NAME, Json, require_known_version, shown
from demos.durable import open_regular, read_json
from mt3.errors import DemoFormatError

MAX_DECODED_BYTES = 1 << 28  # of all arrays that are read as a whole: 17 minutes at 1 kHz
_MAX_METADATA_BYTES = 1 << 16
_BLOSC_HEADER = struct.Struct("<4BIII")  # versions, flags, typesize; nbytes, blocksize, cbytes
_CRC_BYTES = 4
_MAX_FRAMES = 1_000_000  # of a stream: nine hours at 30 Hz
_MAX_FRAMES_PER_SHARD = 1 << 16
_MAX_FRAME_EXCESS_BYTES = 1 << 16  # of a frame that does not compress, its index entry included
_BLOSC_NAMES = ("lz4", "zstd")


@dataclass(frozen=True, slots=True)
class StoredArray:
    """The metadata of one array, found to be what they must be.

    Args:
        name: Path below the demonstration, with slashes.
        folder: Where it is.
        shape: As stored.
        nbytes: Decoded.
        document: Its whole ``zarr.json``.
    """

    name: str
    folder: Path
    shape: tuple[int, ...]
    nbytes: int
    document: Json


@dataclass(frozen=True, slots=True)
class ArrayRule:
    """What one array, or several of a kind, must be.

    Args:
        name: Pattern of its path below the demonstration.
        data_type: As zarr names it.
        item_bytes: Size of one value.
        shape: A number per axis, or None for any from 1 on.
        chunks: Checks how its chunks are stored, and returns the names of all their files below
            the array's folder.
        whole: Whether it is read as a whole, and so counts towards ``MAX_DECODED_BYTES``; else
            it holds the frames of the stream.
    """

    name: str
    data_type: str
    item_bytes: int
    shape: tuple[int | None, ...]
    chunks: Callable[[StoredArray], Collection[str]]
    whole: bool = True


def check_one_blosc_chunk(array: StoredArray) -> Collection[str]:
    """One chunk of blosc, then crc32c, that says of itself that it holds the whole array.

    Raises:
        DemoFormatError: Another grid or codec, or a chunk that is missing or of another size.
    """
    _require(array, "chunk_grid", _regular(array.shape))
    _require_codecs(array, ("bytes", "blosc", "crc32c"))
    name = "/".join(("c", *("0" for _ in array.shape)))
    place = f"{array.name}/{name}"
    try:
        with open_regular(array.folder / name) as file:
            header = file.read(_BLOSC_HEADER.size)
            size = file.seek(0, 2)
    except FileNotFoundError as error:
        raise DemoFormatError(f"{place}: missing") from error
    if len(header) < _BLOSC_HEADER.size:
        raise DemoFormatError(f"{place}: damaged, got {size} bytes, expected more")
    *_, nbytes, _, cbytes = _BLOSC_HEADER.unpack(header)
    if (nbytes, cbytes + _CRC_BYTES) != (array.nbytes, size):
        raise DemoFormatError(
            f"{place}: damaged, got {size} bytes that say they hold {nbytes} in {cbytes}, "
            f"expected {array.nbytes} in {size - _CRC_BYTES}"
        )
    return (name,)


def check_shards_of_frames(array: StoredArray) -> Collection[str]:
    """Shards of one-frame chunks, each JPEG or blosc, then crc32c, with an index at their end.

    Raises:
        DemoFormatError: Another grid or codec, or a shard larger than its frames could ever be.
    """
    frame = list(array.shape[1:])
    if array.shape[0] > _MAX_FRAMES or array.nbytes // array.shape[0] > MAX_DECODED_BYTES:
        raise DemoFormatError(f"{array.name}: got {array.shape}, expected fewer or smaller frames")
    length = _shard_length(array)
    _require(array, "chunk_grid", _regular((length, *frame)))
    (sharding,) = _require_codecs(array, ("sharding_indexed",))
    inside = sharding.get("configuration", {})
    _require_chain(array, inside.get("index_codecs"), ("bytes", "crc32c"))
    _require_chain(
        array, inside.get("codecs"), ("mt3_jpeg", "crc32c"), ("bytes", "blosc", "crc32c")
    )
    if (inside.get("chunk_shape"), inside.get("index_location")) != ([1, *frame], "end"):
        raise DemoFormatError(
            f"{array.name}: got {shown(inside)}, expected one-frame chunks and an index at the end"
        )
    shards = range(-(-array.shape[0] // length))
    names = tuple("/".join(("c", str(k), *("0" for _ in frame))) for k in shards)
    most_bytes = length * (array.nbytes // array.shape[0] + _MAX_FRAME_EXCESS_BYTES)
    for name in names:
        path = array.folder / name
        if path.exists() and (size := path.stat().st_size) > most_bytes:
            raise DemoFormatError(
                f"{array.name}/{name}: damaged, got {size} bytes, expected at most {most_bytes}"
            )
    return names


def _shard_length(array: StoredArray) -> int:
    """Frames in a shard, as the chunk grid says."""
    try:
        length = array.document["chunk_grid"]["configuration"]["chunk_shape"][0]
    except (KeyError, TypeError, IndexError):
        length = None
    if type(length) is not int or not 1 <= length <= _MAX_FRAMES_PER_SHARD:
        raise DemoFormatError(
            f"{array.name}: got chunk_grid {shown(array.document.get('chunk_grid'))}, expected "
            f"1 to {_MAX_FRAMES_PER_SHARD} frames in a shard"
        )
    return length


# Another array of the record needs its line here, and where it is not one chunk of blosc a
# function like the one above; _GROUPS needs the group it is in.
RULES = (
    ArrayRule(r"views/\d+/color", "uint8", 1, (None, None, 3), check_one_blosc_chunk),
    ArrayRule(r"views/\d+/depth", "uint16", 2, (None, None), check_one_blosc_chunk),
    ArrayRule(r"views/\d+/mask", "bool", 1, (None, None), check_one_blosc_chunk),
    ArrayRule(r"robot/t_s", "float64", 8, (None,), check_one_blosc_chunk),
    ArrayRule(r"robot/T_(base|world)_tool", "float64", 8, (None, 4, 4), check_one_blosc_chunk),
    ArrayRule(r"robot/joints", "float64", 8, (None, None), check_one_blosc_chunk),
    ArrayRule(r"robot/V_BE_E", "float64", 8, (None, 6), check_one_blosc_chunk),
    ArrayRule(r"gripper/opening", "float32", 4, (None,), check_one_blosc_chunk),
    ArrayRule(r"gripper/command", "float32", 4, (None,), check_one_blosc_chunk),
    ArrayRule(r"camera/t_s", "float64", 8, (None,), check_one_blosc_chunk),
    ArrayRule(r"camera/T_world_camera", "float64", 8, (None, 4, 4), check_one_blosc_chunk),
    ArrayRule(
        r"camera/color", "uint8", 1, (None, None, None, 3), check_shards_of_frames, whole=False
    ),
    ArrayRule(
        r"camera/depth", "uint16", 2, (None, None, None), check_shards_of_frames, whole=False
    ),
)
_GROUPS = r"|views|views/\d+|robot|gripper|camera"
_ARRAY_KEYS = frozenset(
    (
        "shape",
        "data_type",
        "chunk_grid",
        "chunk_key_encoding",
        "fill_value",
        "codecs",
        "attributes",
        "zarr_format",
        "node_type",
        "storage_transformers",
        "dimension_names",
    )
)
_GROUP_KEYS = frozenset(("attributes", "zarr_format", "node_type"))


def check_layout(folder: Path, names: Collection[str]) -> frozenset[str]:
    """Check the metadata of a demonstration and the sizes of its chunks; decodes none.

    Args:
        folder: The demonstration.
        names: Its files but the manifest, with slashes; the ``zarr.json`` among them are verified.

    Returns:
        Those of the names that hold frames of the camera stream, which need not be there.

    Raises:
        DemoFormatError: Something is missing, too much, or not as this stack writes it.
    """
    if ATTRIBUTES_NAME not in names:
        raise DemoFormatError(f"{ATTRIBUTES_NAME}: missing")
    root = read_json(folder / ATTRIBUTES_NAME)
    require_known_version(_attributes(root, ATTRIBUTES_NAME), "attributes")
    decoded = 0
    frames: set[str] = set()
    expected = {name for name in names if PurePosixPath(name).name == ATTRIBUTES_NAME}
    for name in sorted(expected):
        node = "" if name == ATTRIBUTES_NAME else PurePosixPath(name).parent.as_posix()
        if re.fullmatch(_GROUPS, node):
            _check_group(folder / name, name)
            continue
        rule = _rule_of(node)
        array = _read_array(folder / node, node, rule)
        files = {f"{node}/{chunk}" for chunk in rule.chunks(array)}
        expected |= files
        if not rule.whole:
            frames |= files
            continue
        decoded += array.nbytes
        if decoded > MAX_DECODED_BYTES:
            raise DemoFormatError(
                f"{node}: got over {MAX_DECODED_BYTES} bytes in all, expected less"
            )
    for name in sorted(set(names) - expected):
        raise DemoFormatError(f"{name}: not a file of a demonstration")
    return frozenset(frames)


def is_frame(name: str) -> bool:
    """Whether a file of a demonstration holds frames of its camera stream."""
    return any(not rule.whole and re.fullmatch(f"{rule.name}/c/.*", name) for rule in RULES)


def _rule_of(node: str) -> ArrayRule:
    for rule in RULES:
        if re.fullmatch(rule.name, node):
            return rule
    raise DemoFormatError(f"{node}: not a part of a demonstration")


def _check_group(path: Path, name: str) -> None:
    document = read_json(path, name=name)
    _attributes(document, name)
    if unknown := document.keys() - _GROUP_KEYS:
        raise DemoFormatError(f"{name}: got {shown(sorted(unknown))}, which no group here has")
    if (document.get("zarr_format"), document.get("node_type")) != (3, "group"):
        raise DemoFormatError(f"{name}: not a zarr v3 group")


def _read_array(folder: Path, name: str, rule: ArrayRule) -> StoredArray:
    path = folder / ATTRIBUTES_NAME
    document = read_json(path, _MAX_METADATA_BYTES, f"{name}/{ATTRIBUTES_NAME}")
    shape = document.get("shape")
    shape = shape if isinstance(shape, list) else []
    fits = (
        isinstance(shape, list)
        and len(shape) == len(rule.shape)
        and all(
            type(have) is int and have >= 1 and want in (None, have)
            for have, want in zip(shape, rule.shape, strict=True)
        )
    )
    if not fits or document.get("data_type") != rule.data_type:
        expected = tuple("any" if n is None else n for n in rule.shape)
        raise DemoFormatError(
            f"{name}: got {shown(document.get('data_type'))} {shown(shape)}, "
            f"expected {rule.data_type} {expected}"
        )
    nbytes = math.prod(shape) * rule.item_bytes
    array = StoredArray(name, folder, tuple(shape), nbytes, document)
    if unknown := document.keys() - _ARRAY_KEYS:
        raise DemoFormatError(f"{name}: got {shown(sorted(unknown))}, which no array here has")
    _attributes(document, name)
    _require(array, "zarr_format", 3)
    _require(array, "node_type", "array")
    _require(array, "fill_value", 0)
    encoding = {"name": "default", "configuration": {"separator": "/"}}
    _require(array, "chunk_key_encoding", encoding)
    for key in ("storage_transformers", "dimension_names"):
        if document.get(key):
            raise DemoFormatError(f"{name}: got {key} {shown(document[key])}, expected none")
    return array


def _attributes(document: Json, name: str) -> Json:
    attributes = document.get("attributes", {})
    if not isinstance(attributes, dict):
        raise DemoFormatError(f"{name}: got attributes {shown(attributes)}, expected an object")
    return attributes


def _regular(chunk_shape: tuple[int, ...]) -> Json:
    return {"name": "regular", "configuration": {"chunk_shape": list(chunk_shape)}}


def _require(array: StoredArray, key: str, expected: object) -> None:
    if (got := array.document.get(key)) != expected:
        raise DemoFormatError(f"{array.name}: got {key} {shown(got)}, expected {shown(expected)}")


def _require_codecs(array: StoredArray, *chains: tuple[str, ...]) -> list[Json]:
    """Compare the array's chain of codecs with those that are allowed; returns it."""
    return _require_chain(array, array.document.get("codecs"), *chains)


def _require_chain(array: StoredArray, codecs: object, *chains: tuple[str, ...]) -> list[Json]:
    """Compare a chain of codecs by name; numbers are little-endian."""
    codecs = codecs if isinstance(codecs, list) else []
    known = all(
        isinstance(codec, dict) and isinstance(codec.get("configuration", {}), dict)
        for codec in codecs
    )
    if not known or tuple(codec.get("name") for codec in codecs) not in chains:
        expected = " or ".join(", ".join(chain) for chain in chains)
        raise DemoFormatError(f"{array.name}: got codecs {shown(codecs)}, expected {expected}")
    if codecs[0].get("configuration", {}).get("endian", "little") != "little":
        raise DemoFormatError(f"{array.name}: got {shown(codecs[0])}, expected little-endian")
    for codec in codecs:
        if (
            codec["name"] == "blosc"
            and codec.get("configuration", {}).get("cname") not in _BLOSC_NAMES
        ):
            raise DemoFormatError(f"{array.name}: got {shown(codec)} as a codec")
    return codecs
