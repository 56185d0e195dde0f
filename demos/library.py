"""A folder of demonstrations: found, verified, loaded, saved, removed."""

import difflib
import re
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from demos.checks import find_defects
from demos.durable import move_folder, read_json, write_json
from demos.manifest import verify_attributes, verify_manifest
from demos.recording import Recording
from demos.schema import SCHEMA_VERSION, require_known_version, task_from_json
from demos.storage import read_attributes, read_recording
from mt3.demonstration import Demonstration, DemoSummary
from mt3.errors import (
    ConfigurationError,
    DemoFormatError,
    DemoNotFoundError,
    LibraryNotFoundError,
    Mt3Error,
)

LIBRARY_NAME = "library.json"
DEMOS, STAGING, QUARANTINE = "demos", "staging", "quarantine"
REASON_SUFFIX = ".reason.txt"
_DEMO_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_REMOVED_SUFFIX = ".removed"

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
            LibraryNotFoundError: There is none in this folder.
            DemoFormatError: Its ``library.json`` is damaged or of another version.
        """
        path = Path(path)
        if not (path / LIBRARY_NAME).is_file():
            raise LibraryNotFoundError(
                f"{path}: no demonstration library here; "
                f'mt3-record task="pick up the mug" library={path} makes one'
            )
        document = read_json(path / LIBRARY_NAME)
        require_known_version(document, LIBRARY_NAME)
        robot, backend = document.get("robot"), document.get("backend")
        if not isinstance(robot, str) or backend not in ("sim", "real"):
            raise DemoFormatError(
                f"{LIBRARY_NAME}: got robot {robot!r} and backend {backend!r}, "
                "expected a name, and sim or real"
            )
        return cls(path, robot, backend)

    @classmethod
    def open_for_recording(cls, path: Path | str, robot: str, backend: str) -> "DemoLibrary":
        """Open a library, or make it, for new recordings of one robot.

        Raises:
            ConfigurationError: It belongs to another robot, or holds simulated demonstrations
                and these are real, or the other way round.
        """
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
        return self._scan(verify_attributes)[0]

    def damaged(self) -> list[SetAside]:
        """Demonstrations that are skipped because what is stored is damaged, with the reason."""
        return self.scan()[1]

    def scan(self) -> tuple[list[DemoSummary], list[SetAside]]:
        """Sound and damaged demonstrations, every stored byte verified, no array decoded."""
        return self._scan(verify_manifest)

    def _scan(self, verify: Verification) -> tuple[list[DemoSummary], list[SetAside]]:
        """Sound and damaged demonstrations, as far as a verification of each folder goes."""
        sound: list[DemoSummary] = []
        damaged: list[SetAside] = []
        for name in self.names(DEMOS):
            try:
                sound.append(self._summary(name, verify))
            except DemoFormatError as error:
                damaged.append(SetAside(name, str(error)))
        return sound, damaged

    def load(self, demo_id: str) -> Demonstration:
        """One demonstration.

        Raises:
            DemoNotFoundError: No such id.
            DemoFormatError: Its stored bytes are damaged, or break the record's rules.
        """
        recording, content_hash = self.read(demo_id)
        try:
            return recording.as_demonstration(demo_id, content_hash)
        except Mt3Error as error:
            raise DemoFormatError(f"{demo_id}: {error}") from error

    def read(self, demo_id: str) -> tuple[Recording, str]:
        """Everything stored of one demonstration, and its content hash.

        Raises:
            DemoNotFoundError: No such id.
            DemoFormatError: Its stored bytes are damaged, or break the record's rules.
        """
        folder = self.folder(demo_id)
        try:
            content_hash = verify_manifest(folder)
            recording = read_recording(folder)
        except DemoFormatError as error:
            raise DemoFormatError(f"{demo_id}: {error}") from error
        if defects := find_defects(recording):
            raise DemoFormatError(f"{demo_id}: {'; '.join(defects)}")
        return recording, content_hash

    def folder(self, demo_id: str) -> Path:
        """Where one demonstration is stored.

        Raises:
            DemoNotFoundError: No such id; names the nearest.
        """
        folder = self.path / DEMOS / demo_id
        if not _DEMO_ID.fullmatch(demo_id) or not folder.is_dir():
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
        if doomed.exists():
            shutil.rmtree(doomed)
        move_folder(self.folder(demo_id), doomed)
        shutil.rmtree(doomed)

    def quarantined(self) -> list[SetAside]:
        """Recordings that a check refused, with the reason."""
        return [SetAside(name, self._reason(name)) for name in self.names(QUARANTINE)]

    def unfinished(self) -> list[Path]:
        """Staging folders: recordings in progress, or left by one that was killed."""
        return [self.path / STAGING / name for name in self.names(STAGING)]

    def _summary(self, name: str, verify: Verification) -> DemoSummary:
        folder = self.path / DEMOS / name
        if not _DEMO_ID.fullmatch(name) or not folder.is_dir():
            raise DemoFormatError("not a demonstration's folder")
        content_hash = verify(folder)
        attributes = read_attributes(folder)
        require_known_version(attributes, "attributes")
        return DemoSummary(name, content_hash, task_from_json(attributes))

    def names(self, part: str) -> list[str]:
        """Entries of one part of the library, in natural order; copies lose empty folders."""
        folder = self.path / part
        names = (path.name for path in folder.iterdir()) if folder.exists() else ()
        return sorted((name for name in names if _is_entry(name)), key=_natural)

    def _reason(self, name: str) -> str:
        path = self.path / QUARANTINE / f"{name}{REASON_SUFFIX}"
        return path.read_text(encoding="utf-8").strip() if path.is_file() else "unknown"


def _is_entry(name: str) -> bool:
    return not name.startswith(".") and not name.endswith(REASON_SUFFIX)


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Sort key that puts mug-2 before mug-10."""
    parts = re.findall(r"\d+|\D+", name)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
