"""What a library holds, kept between commands in ``cache/index.sqlite`` so that it opens at once.

Never the only copy of anything: every row follows from one demonstration's description, and a file
that is missing, damaged or of another version is built again. The file is a SQLite database and
then the sha256 of its bytes, written beside and renamed: no reader ever sees half of one, nobody
waits for a lock, and no flipped bit can show a wrong row. A row says when its demonstration's
description was last changed, and is read again where that differs.
"""

import hashlib
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from demos.description import ATTRIBUTES_NAME, as_printable
from demos.durable import read_bounded
from demos.manifest import MANIFEST_NAME
from mt3.demo_summary import DemoSummary
from mt3.errors import DemoFormatError, Mt3Error
from mt3.task import TaskDescription

_log = logging.getLogger(__name__)

INDEX_NAME = "index.sqlite"
_VERSION = 1
_DIGEST_BYTES = hashlib.sha256().digest_size
_MAX_BYTES = 1 << 28
_SETTLED_NS = 2_000_000_000  # coarser than any file system's clock: younger stamps may repeat
_TABLES = (
    "CREATE TABLE demos (name BLOB PRIMARY KEY, signature TEXT, content_hash TEXT, skill TEXT, "
    "target_object TEXT, other_object TEXT, text TEXT, words TEXT, reason TEXT) WITHOUT ROWID",
    "CREATE TABLE folder (changed_ns INTEGER)",
)

_DAMAGED = (sqlite3.Error, Mt3Error, TypeError, ValueError)  # what wrong pages raise

Describe = Callable[[str], DemoSummary]
_Row = tuple[bytes, str, str, str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One folder below ``demos/``: a demonstration, or the reason why it is not one."""

    name: str
    summary: DemoSummary | None
    reason: str


class LibraryIndex:
    """The entries of one library, as they are on the disk now.

    Args:
        library: The library's folder.
        demos: The folder of the demonstrations.
        describe: Reads one demonstration's description, or raises ``DemoFormatError``.
    """

    def __init__(self, library: Path, demos: Path, describe: Describe) -> None:
        self._cache = library / "cache"
        self._demos = demos
        self._describe = describe

    def entries(self, words: Sequence[str] = ()) -> list[Entry]:
        """All entries, or those whose task has every one of some words, and the unsound ones.

        A word may be the beginning of one: "mug" finds mugs.

        Needs no right to write: what is learnt is then forgotten.

        Raises:
            DemoFormatError: The folder of the demonstrations cannot be read.
        """
        stored = self._stored()
        if stored:
            with (
                suppress(sqlite3.Error, Mt3Error, TypeError, ValueError),
                _database(stored) as database,
            ):
                return self._current(database, words)
            _log.warning("%s: damaged, built again", self._cache / INDEX_NAME)
        with _database(b"") as database:
            return self._current(database, words)

    def _current(self, database: sqlite3.Connection, words: Sequence[str]) -> list[Entry]:
        """Bring a database up to date as far as a question needs it, and answer."""
        before = database.total_changes
        self._follow_folder(database)
        rows = _select(database, words)
        names = [os.fsdecode(name) for name, *_ in rows]
        if any("/" in name for name in names):
            raise sqlite3.DatabaseError("a name with a slash")
        stale = [
            name
            for name, (_, signature, *_) in zip(names, rows, strict=True)
            if signature != self._signature(name)
        ]
        if stale:
            self._refresh(database, stale)
            rows = _select(database, words)
        entries = [_entry(row) for row in rows]
        if database.total_changes != before:
            self._store(database)
        return entries

    def _follow_folder(self, database: sqlite3.Connection) -> None:
        """Read what came, and forget what went, where the folder's time stamp says that any did."""
        changed_ns = _settled(_changed_ns(self._demos))
        (known_ns,) = database.execute("SELECT changed_ns FROM folder").fetchone()
        if changed_ns and changed_ns == known_ns:
            return
        names = set(_names(self._demos))
        known = {os.fsdecode(name) for (name,) in database.execute("SELECT name FROM demos")}
        self._refresh(database, sorted(names ^ known))
        if changed_ns != known_ns:
            database.execute("UPDATE folder SET changed_ns = ?", (changed_ns,))

    def _refresh(self, database: sqlite3.Connection, names: Sequence[str]) -> None:
        for name in names:
            signature = self._signature(name)
            row = self._read(name)
            if row is None:
                database.execute("DELETE FROM demos WHERE name = ?", (os.fsencode(name),))
            else:
                values = (os.fsencode(name), signature if self._is_settled(name) else "", *row)
                database.execute(
                    "INSERT OR REPLACE INTO demos VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values
                )

    def _read(self, name: str) -> tuple[str, ...] | None:
        """A row but for its name and signature; None where there is no such entry any more."""
        try:
            summary = self._describe(name)
        except DemoFormatError as error:
            if not os.path.lexists(self._demos / name):
                return None
            return ("", "", "", "", "", "", as_printable(str(error)))
        task = summary.task
        other, words = task.other_object or "", summary.words()
        return (summary.content_hash, task.skill, task.target_object, other, task.text, words, "")

    def _signature(self, name: str) -> str:
        """Changes whenever the description of a demonstration does."""
        return ";".join(_stamp(path) for path in self._paths(name))

    def _is_settled(self, name: str) -> bool:
        return all(_settled(_changed_ns(path)) for path in self._paths(name))

    def _paths(self, name: str) -> Iterator[str]:
        folder = f"{self._demos}/{name}"
        yield f"{folder}/{MANIFEST_NAME}"
        yield f"{folder}/{ATTRIBUTES_NAME}"

    def _stored(self) -> bytes:
        """The bytes of the database as it was stored; none where there is no sound one."""
        try:
            data = read_bounded(self._cache / INDEX_NAME, _MAX_BYTES)
        except (OSError, DemoFormatError):
            return b""
        body, digest = data[:-_DIGEST_BYTES], data[-_DIGEST_BYTES:]
        return body if hashlib.sha256(body).digest() == digest else b""

    def _store(self, database: sqlite3.Connection) -> None:
        """Write the file, if that is allowed; never through a link."""
        database.commit()
        body = database.serialize()
        partial = self._cache / f".{INDEX_NAME}.{os.getpid()}.{time.monotonic_ns()}.partial"
        try:
            self._cache.mkdir(exist_ok=True)
            if self._cache.is_symlink():
                return
            with partial.open("xb") as file:
                file.write(body)
                file.write(hashlib.sha256(body).digest())
            partial.replace(self._cache / INDEX_NAME)
        except OSError as error:
            _log.debug("%s: index not kept (%s)", self._cache, error)
            with suppress(OSError):
                partial.unlink(missing_ok=True)


@contextmanager
def _database(stored: bytes) -> Iterator[sqlite3.Connection]:
    """A database in memory with our tables; ``sqlite3.DatabaseError`` where it has others."""
    with closing(sqlite3.connect(":memory:")) as database:
        if stored:
            database.deserialize(stored)
        else:
            for table in _TABLES:
                database.execute(table)
            database.execute("INSERT INTO folder VALUES (0)")
            database.execute(f"PRAGMA user_version = {_VERSION}")
            database.commit()
        tables = tuple(sql for (sql,) in database.execute("SELECT sql FROM sqlite_master"))
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if (tables, version) != (_TABLES, _VERSION):
            raise sqlite3.DatabaseError("other tables")
        yield database


def _select(database: sqlite3.Connection, words: Sequence[str]) -> list[_Row]:
    has_words = " AND ".join("instr(words, ?)" for _ in words) or "TRUE"
    query = (
        "SELECT name, signature, content_hash, skill, target_object, other_object, text, reason "
        f"FROM demos WHERE reason <> '' OR ({has_words})"
    )
    return database.execute(query, [f" {word.lower()}" for word in words]).fetchall()


def _entry(row: _Row) -> Entry:
    stored, _, content_hash, skill, target, other, text, reason = row
    name = os.fsdecode(stored)
    if reason:
        return Entry(name, None, reason)
    return Entry(
        name,
        DemoSummary(name, content_hash, TaskDescription(skill, target, other or None, text)),
        "",
    )


def _names(folder: Path) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            yield from (entry.name for entry in entries if not entry.name.startswith("."))
    except FileNotFoundError:
        return  # copies lose empty folders
    except OSError as error:
        raise DemoFormatError(f"{folder}: cannot be read ({error})") from error


def _stamp(path: str) -> str:
    try:
        status = os.lstat(path)
    except OSError:
        return "-"
    return f"{status.st_mode} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _changed_ns(path: Path | str) -> int:
    """When a file or folder was last changed; 1 where there is none."""
    try:
        status = os.lstat(path)
    except OSError:
        return 1
    return max(status.st_mtime_ns, status.st_ctime_ns)


def _settled(changed_ns: int) -> int:
    """A time stamp that no later change can have again, else 0."""
    return changed_ns if changed_ns < time.time_ns() - _SETTLED_NS else 0
