"""Ways in which a library can be damaged, by accident or on purpose."""

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import google_crc32c
import numpy as np
from numcodecs import blosc

from demos.manifest import MANIFEST_NAME, write_manifest

DEMO_IDS = ("pick_up-mug-1", "pick_up-mug-2")
STREAMED = DEMO_IDS[1]  # has a camera stream
_Item = TypeVar("_Item")

_HUGE_BYTES = 1 << 40
_HEAD_BYTES = 16  # of a blosc chunk
_INDEX_BYTES = 16 * 256 + 4  # of a shard, at its end


@dataclass(frozen=True, slots=True)
class Damage:
    """What was done to a library.

    Args:
        kind: For the table.
        demo_id: The demonstration that was damaged, or None where none was.
        file: Named by the reason for which it is refused, where one file is to blame.
        consistent: Whether the manifest matches, so that what loads may differ from what was.
        library: Whether the library itself may refuse to open.
    """

    kind: str
    demo_id: str | None = None
    file: str | None = None
    consistent: bool = False
    library: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """A copy of a library that may be damaged, and a folder outside that must stay as it is."""

    library: Path
    outside: Path
    rng: np.random.Generator

    def choose(self, items: Sequence[_Item]) -> _Item:
        """One of several, each as likely."""
        return items[int(self.rng.integers(len(items)))]

    def demo(self) -> tuple[str, Path]:
        """One of the demonstrations."""
        demo_id = self.choose(DEMO_IDS)
        return demo_id, self.library / "demos" / demo_id

    def file(self, folder: Path, suffix: str = "") -> tuple[str, Path]:
        """One of its files but the manifest, and its name below it."""
        paths = sorted(path for path in folder.rglob(f"*{suffix}") if path.is_file())
        path = self.choose([path for path in paths if path.name != MANIFEST_NAME])
        return path.relative_to(folder).as_posix(), path


def damage(site: Site) -> Damage:
    """Damage a library in one way, drawn by the site's generator."""
    return DAMAGES[int(site.rng.integers(len(DAMAGES)))](site)


def flip_bytes(site: Site) -> Damage:
    """Change one to four bits of a file."""
    demo_id, folder = site.demo()
    name, path = site.file(folder)
    data = bytearray(path.read_bytes())
    positions = site.rng.choice(len(data), size=min(len(data), int(site.rng.integers(1, 5))))
    for position in {int(position) for position in positions}:
        data[position] ^= 1 << int(site.rng.integers(8))
    path.write_bytes(data)
    return Damage("bits flipped", demo_id, name)


def flip_manifest(site: Site) -> Damage:
    """Change a bit of the manifest."""
    demo_id, folder = site.demo()
    data = bytearray((folder / MANIFEST_NAME).read_bytes())
    data[int(site.rng.integers(len(data)))] ^= 1 << int(site.rng.integers(8))
    (folder / MANIFEST_NAME).write_bytes(data)
    return Damage("manifest flipped", demo_id, consistent=True)


def cut_file(site: Site) -> Damage:
    """Cut a file short."""
    demo_id, folder = site.demo()
    name, path = site.file(folder)
    os.truncate(path, int(site.rng.integers(path.stat().st_size)))
    return Damage("file cut", demo_id, name)


def swap_files(site: Site) -> Damage:
    """Exchange a file with another of the same or the other demonstration."""
    demo_id, folder = site.demo()
    while True:
        name, path = site.file(folder)
        _, other = site.file(site.demo()[1])
        if path.read_bytes() != other.read_bytes():
            break
    data = path.read_bytes()
    path.write_bytes(other.read_bytes())
    if other.is_relative_to(folder):
        other.write_bytes(data)
        return Damage("files swapped", demo_id)
    return Damage("files swapped", demo_id, name)


def delete_file(site: Site) -> Damage:
    """Delete a file, a folder or the manifest."""
    demo_id, folder = site.demo()
    name, path = site.file(folder)
    choice = int(site.rng.integers(3))
    if choice == 0:
        path.unlink()
        return Damage("deleted", demo_id, name)
    if choice == 1 and path.parent != folder:
        shutil.rmtree(path.parent)
        return Damage("deleted", demo_id)
    (folder / MANIFEST_NAME).unlink()
    return Damage("deleted", demo_id, MANIFEST_NAME)


def add_file(site: Site) -> Damage:
    """Add a file that no manifest lists, or one that it does and that no demonstration has."""
    demo_id, folder = site.demo()
    name = site.choose(
        ("x", "views/0/color/c/0/0/1", "robot/zarr.json.bak", ".hidden", "z/zarr.json")
    )
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(site.rng.bytes(100))
    if site.rng.random() < 0.5:
        write_manifest(folder)
        return Damage("file added, listed", demo_id, name if "json" not in name else None)
    return Damage("file added", demo_id, name.split("/")[0])


def break_json(site: Site) -> Damage:
    """Put something else in place of a description, with or without a matching manifest."""
    demo_id, folder = site.demo()
    name, path = site.file(folder, "zarr.json")
    path.write_bytes(site.choose(_BROKEN_JSON))
    if site.rng.random() < 0.7:
        write_manifest(folder)
        return Damage("JSON broken, manifest matching", demo_id, None)
    return Damage("JSON broken", demo_id, name)


def edit_array(site: Site) -> Damage:
    """Lie about an array's shape, type, chunks, codecs or anything else; the manifest matches."""
    demo_id, folder = site.demo()
    _, path = _array_document(site, folder)
    document = json.loads(path.read_text())
    key = site.choose(tuple(_HOSTILE_METADATA))
    document[key] = site.choose(_HOSTILE_METADATA[key])
    if key == "shape" and site.rng.random() < 0.5:
        document["chunk_grid"] = {
            "name": "regular",
            "configuration": {"chunk_shape": document["shape"]},
        }
    path.write_text(json.dumps(document))
    write_manifest(folder)
    return Damage("array's metadata, manifest matching", demo_id, consistent=True)


def edit_attributes(site: Site) -> Damage:
    """Put something wrong in place of some attribute, at any depth; the manifest matches."""
    demo_id, folder = site.demo()
    path = site.choose((folder / "zarr.json", folder / "views/0/zarr.json"))
    document = json.loads(path.read_text())
    place: Any = document
    while True:
        key = site.choose(list(place) if isinstance(place, dict) else range(len(place)))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or site.rng.random() < 0.2:
            break
        place = inner
    place[key] = site.choose(_HOSTILE_VALUES)
    path.write_text(json.dumps(document))
    write_manifest(folder)
    return Damage("attributes, manifest matching", demo_id, consistent=True)


def spoil_numbers(site: Site) -> Damage:
    """Write NaN, infinity or absurd numbers into an array; checksum and manifest match."""
    demo_id, folder = site.demo()
    name, path = _chunk(site, folder, ("robot", "gripper"))
    dtype = np.float32 if name.startswith("gripper") else np.float64
    values = np.frombuffer(blosc.decompress(path.read_bytes()[:-4]), dtype).copy()
    at = site.rng.integers(len(values), size=int(site.rng.integers(1, 4)))
    values[at] = site.choose((np.nan, np.inf, -np.inf, 1e30, -1.0, 1e-320))
    _write_chunk(path, bytes(blosc.compress(values.tobytes(), b"zstd", 5, 1, values.itemsize)))
    write_manifest(folder)
    return Damage("numbers, manifest matching", demo_id, consistent=True)


def spoil_chunk(site: Site) -> Damage:
    """Change a compressed chunk, its head above all; checksum and manifest match."""
    demo_id, folder = site.demo()
    _, path = _chunk(site, folder, ("views", "robot", "gripper"))
    data = bytearray(path.read_bytes()[:-4])
    for _ in range(int(site.rng.integers(1, 4))):
        end = _HEAD_BYTES if site.rng.random() < 0.6 else len(data)
        data[int(site.rng.integers(end))] = int(site.rng.integers(256))
    _write_chunk(path, bytes(data))
    write_manifest(folder)
    return Damage("compressed bytes, manifest matching", demo_id, consistent=True)


def spoil_frame(site: Site) -> Damage:
    """Change a frame of the stream, or where frames lie; checksums and manifest match."""
    folder = site.library / "demos" / STREAMED
    path = folder / site.choose(("camera/color/c/0/0/0/0", "camera/depth/c/0/0/0"))
    data = bytearray(path.read_bytes())
    index = np.frombuffer(bytes(data[-_INDEX_BYTES:-4]), "<u8").reshape(-1, 2).copy()
    k = int(site.rng.integers(10))
    if site.rng.random() < 0.3:
        index[k, int(site.rng.integers(2))] = site.choose((0, 7, 2**40, 2**64 - 1, 2**63))
    else:
        start, length = (int(value) for value in index[k])
        for _ in range(int(site.rng.integers(1, 4))):
            data[start + int(site.rng.integers(min(length - 4, 200)))] = int(site.rng.integers(256))
        body = bytes(data[start : start + length - 4])
        data[start + length - 4 : start + length] = google_crc32c.value(body).to_bytes(4, "little")
    packed = index.tobytes()
    data[-_INDEX_BYTES:] = packed + google_crc32c.value(packed).to_bytes(4, "little")
    path.write_bytes(data)
    write_manifest(folder)
    return Damage("frames, manifest matching", STREAMED, consistent=True)


def plant_bomb(site: Site) -> Damage:
    """Let a small chunk unpack into much memory; everything matches."""
    demo_id, folder = site.demo()
    samples = int(site.choose((10**6, 10**7, 5 * 10**7)))
    path = folder / "robot/t_s/zarr.json"
    document = json.loads(path.read_text())
    document["shape"] = document["chunk_grid"]["configuration"]["chunk_shape"] = [samples]
    path.write_text(json.dumps(document))
    packed = blosc.compress(np.zeros(samples), b"zstd", 1, 1)
    _write_chunk(folder / "robot/t_s/c/0", bytes(packed))
    root = json.loads((folder / "zarr.json").read_text())
    root["attributes"]["counts"]["samples"] = samples
    (folder / "zarr.json").write_text(json.dumps(root))
    write_manifest(folder)
    return Damage("bomb, manifest matching", demo_id, consistent=True)


def trick_paths(site: Site) -> Damage:
    """Lead out of the library by names: of folders, in the manifest, or in the index."""
    demo_id, folder = site.demo()
    choice = int(site.rng.integers(3))
    if choice == 0:
        hostile = site.choose(("..x", "a b", "%2e%2e", "UPPER", "x" * 255, "-rf", "a\x1b[2Jb"))
        shutil.copytree(folder, folder.with_name(hostile))
        return Damage("path tricks")
    if choice == 1:
        lines = (folder / MANIFEST_NAME).read_text()
        name = site.choose(("../../../outside/secret", "/etc/hostname", "./zarr.json", "a//b", ""))
        (folder / MANIFEST_NAME).write_text(f"{lines}{'0' * 64}  {name}\n")
        return Damage("path tricks", demo_id)
    _rewrite_index(
        site, "UPDATE demos SET name = ? WHERE name = ?", b"../../outside", DEMO_IDS[0].encode()
    )
    return Damage("path tricks")


def plant_link(site: Site) -> Damage:
    """Put a link to a file or folder outside, to itself or to nothing, where something was."""
    demo_id, folder = site.demo()
    _, path = site.file(folder)
    choices = (path, path.parent if path.parent != folder else path, folder, folder / MANIFEST_NAME)
    shared = (site.library / "cache", site.library / "library.json")
    chosen = site.choose((*choices, *shared))
    _remove(chosen)
    chosen.symlink_to(site.choose((site.outside / "secret", site.outside, chosen, "nowhere")))
    if chosen in shared:
        return Damage("link", library=chosen.name == "library.json")
    return Damage("link", demo_id)


def plant_fifo(site: Site) -> Damage:
    """Put a pipe that nobody writes to where a file was."""
    chosen, found = _any_file(site)
    _remove(chosen)
    os.mkfifo(chosen)
    return found("pipe")


def plant_folder(site: Site) -> Damage:
    """Put a folder where a file was."""
    chosen, found = _any_file(site)
    _remove(chosen)
    chosen.mkdir()
    return found("folder for a file")


def make_huge(site: Site) -> Damage:
    """Make a file a terabyte long that takes no space."""
    chosen, found = _any_file(site)
    os.truncate(chosen, _HUGE_BYTES)
    return found("sparse terabyte")


def damage_index(site: Site) -> Damage:
    """Flip, cut or replace the index, or change a row and make the checksum match its pages."""
    path = site.library / "cache/index.sqlite"
    data = bytearray(path.read_bytes())
    choice = int(site.rng.integers(4))
    if choice == 0:
        data[int(site.rng.integers(len(data)))] ^= 1 << int(site.rng.integers(8))
    elif choice == 1:
        data = data[: int(site.rng.integers(len(data)))]
    elif choice == 2:
        data = bytearray(site.rng.bytes(5000))
    else:
        body = data[:-32]
        for _ in range(20):
            body[int(site.rng.integers(100, len(body)))] = int(site.rng.integers(256))
        data = body + hashlib.sha256(body).digest()
        path.write_bytes(data)
        return Damage("index, checksum matching")
    path.write_bytes(data)
    return Damage("index")


def damage_library_file(site: Site) -> Damage:
    """Damage ``library.json``, or a folder of the library."""
    path = site.library / "library.json"
    choice = int(site.rng.integers(3))
    if choice == 0:
        path.write_bytes(site.choose(_BROKEN_JSON))
    elif choice == 1:
        document = json.loads(path.read_text())
        document[site.choose(list(document))] = site.choose(_HOSTILE_VALUES)
        path.write_text(json.dumps(document))
    else:
        shutil.rmtree(site.library / "demos")
        kind = site.choose(("file", "pipe", "missing"))
        if kind == "file":
            (site.library / "demos").write_text("?")
        elif kind == "pipe":
            os.mkfifo(site.library / "demos")
        return Damage("library's folders", library=True)
    return Damage("library.json", library=True)


DAMAGES: tuple[Callable[[Site], Damage], ...] = (
    flip_bytes,
    flip_manifest,
    cut_file,
    swap_files,
    delete_file,
    add_file,
    break_json,
    edit_array,
    edit_array,
    edit_attributes,
    edit_attributes,
    spoil_numbers,
    spoil_chunk,
    spoil_frame,
    plant_bomb,
    trick_paths,
    plant_link,
    plant_fifo,
    plant_folder,
    make_huge,
    damage_index,
    damage_library_file,
)

_BROKEN_JSON = (
    b"",
    b"{",
    b"null",
    b"[]",
    b"{}",
    b"[" * 200_000,
    b'{"a":' * 200_000,
    b'{"attributes": {"schema_version": ' + b"9" * 5000 + b"}}",
    b'{"attributes": {"schema_version": 1e999}}',
    b'{"attributes": {"schema_version": NaN}, "zarr_format": 3, "node_type": "group"}',
    b'{"attributes": [], "zarr_format": 3, "node_type": "group"}',
    b'{"attributes": {}, "zarr_format": 2}',
    b"\xff\xfe{}",
    b'{"attributes": {"schema_version": 1, "task": {"skill": "pick_up", "target_object": '
    b'"\\ud800", "other_object": null, "text": "x"}}, "zarr_format": 3, "node_type": "group"}',
)
_HOSTILE_VALUES = (
    None,
    True,
    -1,
    0,
    10**9,
    10**30,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "x",
    "../../outside/secret",
    "\ud800",
    "\x1b[2J",
    "x" * 100_000,
    [],
    {},
    [[[[[[]]]]]],
    [float("nan")] * 4,
    {"__class__": "os.system"},
    list(range(50_000)),
)
_HOSTILE_CODECS = (
    [],
    [{"name": "bytes"}],
    [{"name": "bytes", "configuration": {"endian": "big"}}, {"name": "blosc"}, {"name": "crc32c"}],
    [{"name": "numcodecs.pickle"}],
    [{"name": "vlen-utf8"}],
    [{"name": "bytes"}, {"name": "gzip", "configuration": {"level": 1}}],
    [{"name": "bytes"}, {"name": "zstd", "configuration": {"level": 1}}],
    [{"name": "bytes"}, {"name": "numcodecs.lzma"}, {"name": "crc32c"}],
    [{"name": "transpose", "configuration": {"order": [0]}}, {"name": "bytes"}],
    [{"name": "sharding_indexed", "configuration": {"chunk_shape": [1]}}],
    [{"name": "bytes"}] * 1000,
    ["bytes", "blosc", "crc32c"],
    {"name": "bytes"},
    "bytes",
    None,
)
_HOSTILE_METADATA: dict[str, tuple[Any, ...]] = {
    "shape": ([10**12], [10**6, 4, 4], [-1], [0], [2**63], [1.5], ["60"], [60] * 40, [], None, 60),
    "data_type": ("object", "string", "float16", "int64", "complex128", "r8", "", None, 8, []),
    "chunk_grid": (
        {"name": "regular", "configuration": {"chunk_shape": [1]}},
        {"name": "regular", "configuration": {"chunk_shape": [0]}},
        {"name": "regular", "configuration": {"chunk_shape": [10**15]}},
        {"name": "rectilinear", "configuration": {}},
        {"name": "regular"},
        None,
    ),
    "chunk_key_encoding": (
        {"name": "v2", "configuration": {"separator": "."}},
        {"name": "default", "configuration": {"separator": "../"}},
        None,
    ),
    "fill_value": (7, "NaN", None, [], "x" * 10_000),
    "codecs": _HOSTILE_CODECS,
    "attributes": (None, [], {"unit": "x" * 60_000}, {"unit": [[[]]]}),
    "zarr_format": (2, 4, "3", None),
    "node_type": ("group", "x", None),
    "storage_transformers": ([{"name": "x"}], {}, None),
    "consolidated_metadata": ({"kind": "inline", "metadata": {}},),
    "extra": (1,),
}


def _array_document(site: Site, folder: Path) -> tuple[str, Path]:
    name, path = _chunk(site, folder, ("views", "robot", "gripper", "camera"))
    while path.name != "c":
        path = path.parent
    return name, path.parent / "zarr.json"


def _chunk(site: Site, folder: Path, groups: tuple[str, ...]) -> tuple[str, Path]:
    paths = [path for group in groups for path in sorted((folder / group).rglob("c/**/0"))]
    path = site.choose([path for path in paths if path.is_file()])
    return path.relative_to(folder).as_posix(), path


def _write_chunk(path: Path, data: bytes) -> None:
    path.write_bytes(data + google_crc32c.value(data).to_bytes(4, "little"))


def _any_file(site: Site) -> tuple[Path, Callable[[str], Damage]]:
    """A file of a demonstration or of the library, and what its damage must lead to."""
    demo_id, folder = site.demo()
    name, path = site.file(folder)
    choice = int(site.rng.integers(8))
    if choice == 0:
        return site.library / "library.json", lambda kind: Damage(kind, library=True)
    if choice == 1:
        return site.library / "cache/index.sqlite", Damage
    if choice == 2:
        return site.library / "quarantine/old-1.reason.txt", Damage
    if choice == 3:
        return folder / MANIFEST_NAME, lambda kind: Damage(kind, demo_id, MANIFEST_NAME)
    return path, lambda kind: Damage(kind, demo_id, name)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _rewrite_index(site: Site, statement: str, *values: bytes) -> None:
    """Change a row of the index, and its checksum with it."""
    path = site.library / "cache/index.sqlite"
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(path.read_bytes()[:-32])
        database.execute(statement, values)
        database.commit()
        body = database.serialize()
    path.write_bytes(body + hashlib.sha256(body).digest())
