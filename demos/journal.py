"""An append-only log of samples and events that a killed recorder leaves readable.

One line per entry: the CRC-32 of the JSON text in eight hexadecimal digits, a space, the text.
"""

import fcntl
import json
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from demos.durable import write_all
from mt3.errors import DemoFormatError

Entry = dict[str, Any]


class Journal:
    """The writing end; holds a lock on its file, so that nobody recovers a live recording."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb", buffering=0)
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def append(self, *entries: Entry) -> None:
        """Add entries; they survive the end of this process from here on."""
        write_all(self._file.fileno(), b"".join(_line(entry) for entry in entries))

    def sync(self) -> None:
        """Flush to the disk: it survives a power cut from here on."""
        os.fdatasync(self._file.fileno())

    def close(self) -> None:
        """Flush to the disk, close and unlock; again is harmless."""
        if not self._file.closed:
            try:
                self.sync()
            finally:
                self._file.close()


def is_being_written(path: Path) -> bool:
    """Whether some process still holds a journal open for writing."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def read_journal(path: Path) -> Iterator[Entry]:
    """All whole entries in order; a last line cut short by a kill is dropped.

    Raises:
        DemoFormatError: The file cannot be read, or an entry before the last is damaged.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise DemoFormatError(f"{path.name}: cannot be read ({error})") from error
    for number, line in enumerate(lines[:-1], start=1):
        yield _parse(line, number, path.name)


def _line(entry: Entry) -> bytes:
    text = json.dumps(entry, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _parse(line: bytes, number: int, name: str) -> Entry:
    checksum, _, text = line.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(text):
        raise DemoFormatError(f"{name}: line {number} is damaged")
    entry = json.loads(text)
    if not isinstance(entry, dict):
        raise DemoFormatError(f"{name}: line {number} is not an object")
    return entry
