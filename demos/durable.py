"""Files that survive a power cut: written, flushed to the disk, then renamed."""

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any

from mt3.errors import DemoFormatError, Mt3Error, StorageError

MAX_JSON_BYTES = 16 * 1024 * 1024


@contextmanager
def storage_errors(what: str, folder: Path) -> Iterator[None]:
    """Turn what the system says of files into an error that says what to do.

    Raises:
        StorageError: No space, no permission, no disk, or a file that is gone.
    """
    try:
        yield
    except Mt3Error:
        raise  # some of ours are errors of the system by kind
    except OSError as error:
        raise StorageError(
            f"{what}: cannot write to {folder} ({error.strerror or error}): make space or give "
            "it permissions, then mt3-demos check --recover; what was saved before is untouched"
        ) from error


def fsync_path(path: Path) -> None:
    """Flush one file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_tree(folder: Path) -> None:
    """Flush a folder and everything below it to the disk."""
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            fsync_path(Path(parent, name))
        fsync_path(Path(parent))


def write_all(file: int, data: bytes) -> None:
    """Write everything to a descriptor: a disk nearly full takes a part without an error."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def write_text(path: Path, text: str) -> None:
    """Put a text file in place as a whole or not at all, on the disk on return."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with partial.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    fsync_path(path.parent)


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Put a JSON file in place as a whole or not at all."""
    write_text(path, json.dumps(document, indent=2) + "\n")


def open_regular(path: Path) -> BufferedReader:
    """Open a file for reading that may have been tampered with: no link, and no pipe to wait for.

    Raises:
        OSError: It cannot be opened, or is a link.
        DemoFormatError: It is no regular file.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    file = os.fdopen(os.open(path, flags), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise DemoFormatError(f"{path.name}: is neither a file nor a folder")
    return file


def read_bounded(path: Path, max_bytes: int, name: str = "") -> bytes:
    """Read a whole file that may have been tampered with.

    Args:
        path: The file.
        max_bytes: It can have at most, else nothing is read.
        name: What messages call it; its own name where that says enough.

    Raises:
        OSError: It cannot be read, or is a link.
        DemoFormatError: It is no regular file, or holds more than was asked for.
    """
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > max_bytes:
            raise DemoFormatError(f"{name or path.name}: got over {max_bytes} bytes, expected less")
        return file.read(max_bytes)


def read_json(path: Path, max_bytes: int = MAX_JSON_BYTES, name: str = "") -> dict[str, Any]:
    """Read a JSON object; for the arguments see ``read_bounded``.

    Raises:
        DemoFormatError: Not a readable JSON object, or absurdly large.
    """
    name = name or path.name
    try:
        data = read_bounded(path, max_bytes, name)
    except OSError as error:
        raise DemoFormatError(f"{name}: cannot be read ({error})") from error
    return parse_json(data, name)


def parse_json(data: bytes, name: str) -> dict[str, Any]:
    """A JSON object from its bytes; the name is for messages.

    Raises:
        DemoFormatError: Not a readable JSON object.
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DemoFormatError(f"{name}: cannot be read as JSON ({error})") from error
    if not isinstance(document, dict):
        raise DemoFormatError(f"{name}: got {type(document).__name__}, expected an object")
    return document


def move_folder(source: Path, target: Path) -> None:
    """Rename a folder in one step and flush both parents to the disk.

    Raises:
        FileExistsError: The target exists.
    """
    if target.exists():
        raise FileExistsError(f"{target} exists already")
    source.rename(target)
    fsync_path(target.parent)
    fsync_path(source.parent)
