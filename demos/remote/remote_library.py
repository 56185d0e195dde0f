"""A library on an object store, read through a cache on this computer.

A file is downloaded when a demonstration is loaded that needs it, verified by its sha256 in the
manifest, whose own hash is in the commit marker, and kept under the content hash: what is in the
cache is never another content. Frames of a camera stream are downloaded by ``read``, not by
``load``.
"""

import hashlib
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from threading import get_ident
from typing import TYPE_CHECKING

from demos.description import shown
from demos.durable import parse_json
from demos.layout import is_frame
from demos.library import (
    DEMO_ID,
    LIBRARY_NAME,
    SetAside,
    as_demonstration,
    natural_order,
    read_sound,
    require_library_document,
    set_aside,
)
from demos.manifest import MANIFEST_NAME, content_hash_of, parse_manifest
from demos.remote.commit_marker import (
    COMMITS,
    MAX_MARKER_BYTES,
    files_prefix,
    marker_name,
    read_marker,
)
from demos.remote.object_store import ObjectStore
from mt3.demo_summary import DemoSummary
from mt3.errors import DemoFormatError, DemoNotFoundError, LibraryNotFoundError

if TYPE_CHECKING:
    from demos.recording import Recording
    from mt3.demonstration import Demonstration

_MAX_MANIFEST_BYTES = 4 * 1024 * 1024
_PARALLEL = 16  # requests on their way


class RemoteLibrary:
    """A library at ``s3://bucket/prefix``; see ``open``."""

    def __init__(self, store: ObjectStore, cache: Path, robot: str, backend: str) -> None:
        self.path = store.url
        self.robot = robot
        self.backend = backend
        self._store = store
        self._cache = cache

    @classmethod
    def open(cls, url: str, cache: Path | None = None) -> "RemoteLibrary":
        """Open a library that exists.

        Args:
            url: ``s3://bucket/prefix``.
            cache: Folder for downloads; by default below ``$XDG_CACHE_HOME``, else ``~/.cache``.

        Raises:
            ConfigurationError: Not such an address, or ``obstore`` is not installed.
            LibraryUnreachableError: The server cannot be reached, or refuses.
            LibraryNotFoundError: There is no library.
            DemoFormatError: Its ``library.json`` is damaged or of another version.
        """
        store = ObjectStore(url)
        try:
            data = store.read(LIBRARY_NAME, MAX_MARKER_BYTES)
        except FileNotFoundError as error:
            raise LibraryNotFoundError(
                f"{url}: no demonstration library here; mt3-demos push {url} fills one"
            ) from error
        robot, backend = require_library_document(parse_json(data, LIBRARY_NAME))
        return cls(store, cache or _default_cache(), robot, backend)

    def summaries(self) -> list[DemoSummary]:
        """Demonstrations by id that have a commit marker."""
        return self.listing()[0]

    def find(self, words: str) -> list[DemoSummary]:
        """Those whose skill, objects or text have every one of some words, in any case."""
        return self.listing(words)[0]

    def listing(self, words: str = "") -> tuple[list[DemoSummary], list[SetAside]]:
        """What ``find`` finds, and every demonstration whose marker is damaged.

        Raises:
            LibraryUnreachableError: The server cannot be reached, or refuses.
        """
        sound, damaged = self._each(self._marker)
        return [summary for summary in sound if summary.has_words(words)], damaged

    def scan(self) -> tuple[list[DemoSummary], list[SetAside]]:
        """Sound and damaged demonstrations, every stored byte downloaded and verified."""
        return self._each(self.verify)

    def demo_names(self) -> list[str]:
        """Ids of the demonstrations, in natural order."""
        objects = self._store.sizes(COMMITS)
        names = [PurePosixPath(path).name.removesuffix(".json") for path in objects]
        return sorted(names, key=natural_order)

    def verify(self, name: str) -> DemoSummary:
        """Download and verify every stored byte of one demonstration.

        Raises:
            DemoFormatError: It is damaged.
            DemoNotFoundError: No such id.
        """
        summary = self._marker(name)
        self._with_download(summary, with_stream=True)
        return summary

    def load(self, demo_id: str) -> "Demonstration":
        """One demonstration; its camera stream is not downloaded.

        Raises:
            DemoNotFoundError: No such id.
            DemoFormatError: Its stored bytes are damaged, or break the record's rules.
            LibraryUnreachableError: The server cannot be reached, or refuses.
        """
        summary = self._marker(demo_id)
        recording = self._with_download(summary, with_stream=False)
        return as_demonstration(recording, demo_id, summary.content_hash)

    def load_verified(self, summary: DemoSummary) -> "Demonstration":
        """One demonstration that ``verify`` found sound."""
        return self.load(summary.demo_id)

    def read(self, demo_id: str) -> "tuple[Recording, str]":
        """Everything stored of one demonstration, and its content hash.

        Raises:
            DemoNotFoundError: No such id.
            DemoFormatError: Its stored bytes are damaged, or break the record's rules.
            LibraryUnreachableError: The server cannot be reached, or refuses.
        """
        summary = self._marker(demo_id)
        return self._with_download(summary, with_stream=True), summary.content_hash

    def folder(self, demo_id: str) -> Path:
        """Where one demonstration that was read is kept on this computer.

        Raises:
            DemoNotFoundError: No such id.
        """
        return self._cache / self._marker(demo_id).content_hash

    def sizes(self, summary: DemoSummary) -> dict[str, int]:
        """Size of every file of a demonstration, by its name below it."""
        prefix = f"{files_prefix(summary.content_hash)}/"
        sizes = self._store.sizes(prefix)
        return {name.removeprefix(prefix): size for name, size in sizes.items()}

    def quarantined(self) -> list[SetAside]:
        """Nothing: what is refused never leaves the computer that recorded it."""
        return []

    def unfinished(self) -> list[Path]:
        """Nothing: an upload without a marker is not listed."""
        return []

    def _each(self, read: Callable[[str], DemoSummary]) -> tuple[list[DemoSummary], list[SetAside]]:
        def outcome(name: str) -> DemoSummary | SetAside | None:
            try:
                return read(name)
            except DemoFormatError as error:
                return set_aside(name, str(error))
            except DemoNotFoundError:
                return None  # removed meanwhile

        with ThreadPoolExecutor(_PARALLEL) as pool:
            outcomes = list(pool.map(outcome, self.demo_names()))
        sound = [item for item in outcomes if isinstance(item, DemoSummary)]
        return sound, [item for item in outcomes if isinstance(item, SetAside)]

    def _marker(self, demo_id: str) -> DemoSummary:
        try:
            is_id = DEMO_ID.fullmatch(demo_id)
            data = self._store.read(marker_name(demo_id), MAX_MARKER_BYTES) if is_id else b""
        except FileNotFoundError:
            data = b""
        if not data:
            raise DemoNotFoundError(
                f"{self.path}: no demonstration {demo_id!r}; mt3-demos ls --library {self.path} "
                "lists them"
            )
        return read_marker(demo_id, data)

    def _with_download(self, summary: DemoSummary, with_stream: bool) -> "Recording":
        """Read one demonstration from the cache, after what is missing there was downloaded."""
        folder = self._cache / summary.content_hash
        was_cached = folder.exists()
        try:
            try:
                return self._read_cached(folder, summary, with_stream)
            except DemoFormatError:
                if not was_cached:
                    raise
                shutil.rmtree(folder)  # the copy here may be the damaged one
                return self._read_cached(folder, summary, with_stream)
        except DemoFormatError as error:
            raise DemoFormatError(f"{summary.demo_id}: {error}") from error

    def _read_cached(self, folder: Path, summary: DemoSummary, with_stream: bool) -> "Recording":
        listed = self._manifest(folder, summary.content_hash)
        missing = [
            name
            for name in listed
            if not (folder / name).exists() and (with_stream or not is_frame(name))
        ]
        prefix = files_prefix(summary.content_hash)
        with ThreadPoolExecutor(_PARALLEL) as pool:
            jobs = [
                pool.submit(self._download, f"{prefix}/{name}", folder / name, listed[name])
                for name in missing
            ]
            for name, job in zip(missing, jobs, strict=True):
                if (damage := job.result()) is not None:
                    raise DemoFormatError(f"{name}: {damage}")
        return read_sound(folder, with_stream)[0]

    def _manifest(self, folder: Path, content_hash: str) -> dict[str, str]:
        """The verified manifest, downloaded where the cache has none."""
        path = folder / MANIFEST_NAME
        if path.exists():
            text = path.read_text(encoding="utf-8")
        else:
            name = f"{files_prefix(content_hash)}/{MANIFEST_NAME}"
            try:
                text = self._store.read(name, _MAX_MANIFEST_BYTES).decode()
            except FileNotFoundError as error:
                raise DemoFormatError(f"{MANIFEST_NAME}: missing") from error
            except UnicodeDecodeError as error:
                raise DemoFormatError(f"{MANIFEST_NAME}: not text ({error})") from error
        if content_hash_of(text) != content_hash:
            raise DemoFormatError(f"{MANIFEST_NAME}: damaged, its sha256 is not the marker's")
        listed = parse_manifest(text)
        for name in listed:
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or not name:
                raise DemoFormatError(f"{MANIFEST_NAME}: got {shown(name)}, expected a file below")
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            partial = self._partial()
            partial.write_bytes(text.encode())
            partial.replace(path)
        return listed

    def _partial(self) -> Path:
        """A file of this process and thread alone, outside of what others verify."""
        return self._cache / f".{os.getpid()}.{get_ident()}.partial"

    def _download(self, name: str, path: Path, sha256: str) -> str | None:
        """Bring one file into the cache as a whole; what is wrong with it, if anything is."""
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        partial = self._partial()
        try:
            with partial.open("wb") as file:
                for piece in self._store.stream(name):
                    digest.update(piece)
                    file.write(piece)
            if digest.hexdigest() != sha256:
                return f"damaged, its sha256 differs from {MANIFEST_NAME}"
            partial.replace(path)
        except FileNotFoundError:
            return f"missing, but listed in {MANIFEST_NAME}"
        finally:
            partial.unlink(missing_ok=True)
        return None


def _default_cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "mt3" / "demonstrations"
