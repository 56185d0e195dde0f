"""A folder of demonstrations: found, verified, loaded, saved, removed.

What reads arrays is imported where an array is read: a library is listed before zarr and scipy
would have been imported.
"""

import difflib
import os
import re
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from demos.description import (
    SCHEMA_VERSION,
    Json,
    as_printable,
    read_attributes,
    require_known_version,
    shown,
    task_from_json,
)
from demos.durable import move_folder, read_bounded, read_json, write_json
from demos.index import LibraryIndex
from demos.manifest import verify_attributes, verify_manifest
from mt3.demo_summary import DemoSummary
from mt3.errors import (
    ConfigurationError,
    DemoFormatError,
    DemoNotFoundError,
    LibraryNotFoundError,
    Mt3Error,
)

if TYPE_CHECKING:
    from demos.recording import Recording
    from mt3.demonstration import Demonstration

LIBRARY_NAME = "library.json"
DEMOS, STAGING, QUARANTINE = "demos", "staging", "quarantine"
REASON_SUFFIX = ".reason.txt"
DEMO_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_REMOVED_SUFFIX = ".removed"
_MAX_REASON_BYTES = 1 << 20

Verification: TypeAlias = Callable[[Path], str]  # of a folder, to its content hash


@dataclass(frozen=True, slots=True)
class SetAside:
    """A recording or demonstration that is not used, and why."""

    demo_id: str
    reason: str


class DemoLibrary:
    """Demonstrations of one robot, all simulated or all real; see ``create`` and ``open``."""

    def __init__(self, path: Path, robot: str, backend: str) -> None:
        self.path = path
        self.robot = robot
        self.backend = backend

    @classmethod
    def create(cls, path: Path | str, robot: str, backend: str) -> "DemoLibrary":
        """Make an empty library in a folder that is new or empty.

        Raises:
            ConfigurationError: The folder holds something or cannot be made, or ``backend`` is
                not sim or real.
        """
        path = Path(path)
        if backend not in ("sim", "real"):
            raise ConfigurationError(f"backend: got {backend!r}, expected sim or real")
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise ConfigurationError(f"{path}: not empty, expected a new folder for a library")
        library = cls(path, robot, backend)
        try:
            library.make_parts()
        except OSError as error:
            raise ConfigurationError(
                f"library: got {path}, expected a folder that can be made ({error.strerror})"
            ) from error
        document = {
            "schema_version": SCHEMA_VERSION,
            "library_id": str(uuid.uuid4()),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "robot": robot,
            "backend": backend,
        }
        write_json(path / LIBRARY_NAME, document)
        return library

    @classmethod
    def open(cls, path: Path | str) -> "DemoLibrary":
        """Open a library that exists; nothing is written.

        Raises:
            ConfigurationError: An address of an object store; see ``open_library``.
            LibraryNotFoundError: There is none in this folder.
            DemoFormatError: Its ``library.json`` is damaged or of another version.
        """
        require_folder(path)
        path = Path(path)
        if not (path / LIBRARY_NAME).is_file():
            raise LibraryNotFoundError(
                f"{path}: no demonstration library here; "
                f'mt3-record task="pick up the mug" library={path} makes one'
            )
        robot, backend = require_library_document(read_json(path / LIBRARY_NAME))
        return cls(path, robot, backend)

    @classmethod
    def open_for_recording(cls, path: Path | str, robot: str, backend: str) -> "DemoLibrary":
        """Open a library, or make it, for new recordings of one robot.

        Raises:
            ConfigurationError: It belongs to another robot, or holds simulated demonstrations
                and these are real, or the other way round.
        """
        require_folder(path)
        if not (Path(path) / LIBRARY_NAME).exists():
            return cls.create(path, robot, backend)
        library = cls.open(path)
        library.require_matches(robot, backend)
        return library

    def make_parts(self) -> None:
        """Make the folders that are missing: before writing, never to read."""
        for name in (DEMOS, STAGING, QUARANTINE):
            (self.path / name).mkdir(parents=True, exist_ok=True)

    def require_matches(self, robot: str, backend: str) -> None:
        """Refuse recordings of another robot or backend.

        Raises:
            ConfigurationError: Either differs from the library's.
        """
        if (robot, backend) != (self.robot, self.backend):
            raise ConfigurationError(
                f"{self.path}: holds {self.backend} demonstrations of {self.robot}, got "
                f"{backend} ones of {robot}: give another library= (never mixed)"
            )

    def summaries(self) -> list[DemoSummary]:
        """Demonstrations by id whose description is sound; arrays are verified by ``load``."""
        return self.listing()[0]

    def find(self, words: str) -> list[DemoSummary]:
        """Those whose skill, objects or text have every one of some words, in any case."""
        return self.listing(words)[0]

    def listing(self, words: str = "") -> tuple[list[DemoSummary], list[SetAside]]:
        """What ``find`` finds, and every demonstration whose description is damaged.

        Reads descriptions that changed since the index was written, no array, and nothing else.
        """
        index = LibraryIndex(self.path, self.path / DEMOS, self._describe)
        entries = sorted(index.entries(words.split()), key=lambda entry: natural_order(entry.name))
        sound = [entry.summary for entry in entries if entry.summary is not None]
        damaged = [set_aside(entry.name, entry.reason) for entry in entries if entry.reason]
        return sound, damaged

    def damaged(self) -> list[SetAside]:
        """Demonstrations that are skipped because what is stored is damaged, with the reason."""
        return self.scan()[1]

    def scan(self) -> tuple[list[DemoSummary], list[SetAside]]:
        """Sound and damaged demonstrations, every stored byte verified, no array decoded."""
        sound: list[DemoSummary] = []
        damaged: list[SetAside] = []
        for name in self.names(DEMOS):
            try:
                sound.append(self.verify(name))
            except DemoFormatError as error:
                damaged.append(set_aside(name, str(error)))
            except DemoNotFoundError:
                continue  # removed meanwhile
        return sound, damaged

    def verify(self, name: str) -> DemoSummary:
        """Verify every stored byte of one entry of ``demos/``; decodes no array.

        Raises:
            DemoFormatError: It is no demonstration, or a damaged one.
            DemoNotFoundError: It was removed meanwhile.
        """
        try:
            return self._summary(name, verify_manifest)
        except DemoFormatError as error:
            self._require_still_there(name, error)
            raise

    def load(self, demo_id: str) -> "Demonstration":
        """One demonstration; its camera stream is not looked at.

        Raises:
            DemoNotFoundError: No such id, or it was removed meanwhile.
            DemoFormatError: Its stored bytes are damaged, or break the record's rules.
        """
        recording, content_hash = self._read(demo_id, with_stream=False)
        return as_demonstration(recording, demo_id, content_hash)

    def load_verified(self, summary: DemoSummary) -> "Demonstration":
        """One demonstration that ``verify`` just found to be as it was written.

        Raises:
            DemoNotFoundError: It was removed meanwhile.
            DemoFormatError: It breaks the record's rules.
        """
        try:
            recording = read_verified(self.path / DEMOS / summary.demo_id)
        except DemoFormatError as error:
            self._require_still_there(summary.demo_id, error)
            raise DemoFormatError(f"{summary.demo_id}: {error}") from error
        return as_demonstration(recording, summary.demo_id, summary.content_hash)

    def read(self, demo_id: str) -> "tuple[Recording, str]":
        """Everything stored of one demonstration, and its content hash.

        Raises:
            DemoNotFoundError: No such id, or it was removed meanwhile.
            DemoFormatError: Its stored bytes are damaged, or break the record's rules.
        """
        return self._read(demo_id, with_stream=True)

    def _read(self, demo_id: str, with_stream: bool) -> "tuple[Recording, str]":
        folder = self.folder(demo_id)
        try:
            return read_sound(folder, with_stream)
        except DemoFormatError as error:
            self._require_still_there(demo_id, error)
            raise DemoFormatError(f"{demo_id}: {error}") from error

    def _require_still_there(self, name: str, error: DemoFormatError) -> None:
        if not os.path.lexists(self.path / DEMOS / name):
            raise DemoNotFoundError(
                f"{self.path}: demonstration {as_printable(name)!r} was removed while it was read"
            ) from error

    def folder(self, demo_id: str) -> Path:
        """Where one demonstration is stored.

        Raises:
            DemoNotFoundError: No such id; names the nearest.
        """
        folder = self.path / DEMOS / demo_id
        if not DEMO_ID.fullmatch(demo_id) or not os.path.lexists(folder):
            near = difflib.get_close_matches(demo_id, self.names(DEMOS), n=3, cutoff=0.0)
            hint = f"; the nearest are {', '.join(near)}" if near else "; it holds none yet"
            raise DemoNotFoundError(f"{self.path}: no demonstration {demo_id!r}{hint}")
        return folder

    def remove(self, demo_id: str) -> None:
        """Delete one demonstration, sound or damaged, in one step.

        Raises:
            DemoNotFoundError: No such id.
        """
        self.make_parts()
        doomed = self.path / STAGING / f"{demo_id}{_REMOVED_SUFFIX}"
        _delete(doomed)
        move_folder(self.folder(demo_id), doomed)
        _delete(doomed)

    def quarantined(self) -> list[SetAside]:
        """Recordings that a check refused, with the reason."""
        return [set_aside(name, self._reason(name)) for name in self.names(QUARANTINE)]

    def unfinished(self) -> list[Path]:
        """Staging folders: recordings in progress, or left by one that was killed."""
        return [self.path / STAGING / name for name in self.names(STAGING)]

    def _describe(self, name: str) -> DemoSummary:
        return self._summary(name, verify_attributes)

    def _summary(self, name: str, verify: Verification) -> DemoSummary:
        folder = self.path / DEMOS / name
        if not DEMO_ID.fullmatch(name) or folder.is_symlink() or not folder.is_dir():
            raise DemoFormatError("not a demonstration's folder")
        content_hash = verify(folder)
        attributes = read_attributes(folder)
        require_known_version(attributes, "attributes")
        return DemoSummary(name, content_hash, task_from_json(attributes))

    def demo_names(self) -> list[str]:
        """Entries of ``demos/``, sound or not, in natural order.

        Raises:
            DemoFormatError: It cannot be read as a folder.
        """
        return self.names(DEMOS)

    def sizes(self, summary: DemoSummary) -> dict[str, int]:
        """Size of every file of a demonstration, by its name below it."""
        folder = self.folder(summary.demo_id)
        files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
        return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}

    def names(self, part: str) -> list[str]:
        """Entries of one part of the library, in natural order; copies lose empty folders.

        Raises:
            DemoFormatError: It cannot be read as a folder.
        """
        try:
            names = os.listdir(self.path / part)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise DemoFormatError(f"{part}: cannot be read as a folder ({error})") from error
        return sorted((name for name in names if _is_entry(name)), key=natural_order)

    def _reason(self, name: str) -> str:
        path = self.path / QUARANTINE / f"{name}{REASON_SUFFIX}"
        try:
            return read_bounded(path, _MAX_REASON_BYTES).decode(errors="replace").strip()
        except (OSError, DemoFormatError):
            return "unknown"


def is_remote(path: Path | str) -> bool:
    """Whether a library's address is that of an object store."""
    return re.match(r"[a-z0-9]+:/", str(path)) is not None


def require_folder(path: Path | str) -> None:
    """Refuse the address of an object store where something is going to be written.

    Raises:
        ConfigurationError: It is one; the message says what to do.
    """
    if is_remote(path):
        raise ConfigurationError(
            f"library: got {path}, expected a folder: an object store has no rename, so nothing is "
            f"recorded there; use a folder, and then: mt3-demos push {path}"
        )


def require_library_document(document: Json) -> tuple[str, str]:
    """Robot and backend of a ``library.json``.

    Raises:
        DemoFormatError: It is damaged or of another version.
    """
    require_known_version(document, LIBRARY_NAME)
    robot, backend = document.get("robot"), document.get("backend")
    if not isinstance(robot, str) or backend not in ("sim", "real"):
        raise DemoFormatError(
            f"{LIBRARY_NAME}: got robot {shown(robot)} and backend {shown(backend)}, "
            "expected a name, and sim or real"
        )
    return robot, backend


def read_sound(folder: Path, with_stream: bool) -> "tuple[Recording, str]":
    """Everything stored of the demonstration in a folder, and its content hash.

    Args:
        folder: Of the demonstration.
        with_stream: Whether to verify and read its camera stream too, where it has one.

    Raises:
        DemoFormatError: Its stored bytes are damaged, or break the record's rules.
    """
    content_hash = verify_manifest(folder, with_stream)
    return read_verified(folder, with_stream), content_hash


def read_verified(folder: Path, with_stream: bool = True) -> "Recording":
    """Everything stored of a demonstration whose stored bytes were verified.

    Raises:
        DemoFormatError: It breaks the record's rules.
    """
    from demos.checks import find_defects
    from demos.storage import read_recording

    try:
        recording = read_recording(folder, with_stream)
        defects = find_defects(recording, with_stream)
    except MemoryError as error:
        raise DemoFormatError("does not fit into memory") from error
    if defects:
        raise DemoFormatError("; ".join(defects))
    return recording


def as_demonstration(recording: "Recording", demo_id: str, content_hash: str) -> "Demonstration":
    """What the method needs of a sound recording.

    Raises:
        DemoFormatError: It cannot be had after all; names the id.
    """
    try:
        return recording.as_demonstration(demo_id, content_hash)
    except Mt3Error as error:
        raise DemoFormatError(f"{demo_id}: {error}") from error


def set_aside(name: str, reason: str) -> SetAside:
    """An entry that is not used; its name and reason are made fit to be printed."""
    return SetAside(as_printable(name), as_printable(reason))


def _delete(path: Path) -> None:
    """Delete a folder, or what stands where one should be."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _is_entry(name: str) -> bool:
    return not name.startswith(".") and not name.endswith(REASON_SUFFIX)


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """Sort key that puts mug-2 before mug-10."""
    parts = re.findall(r"\d+|\D+", name)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
