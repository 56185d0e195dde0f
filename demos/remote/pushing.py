"""Demonstrations of a library on this computer, uploaded to an object store."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from demos.durable import parse_json, read_json
from demos.library import LIBRARY_NAME, DemoLibrary, require_library_document, set_aside
from demos.manifest import MANIFEST_NAME, read_manifest
from demos.remote.commit_marker import (
    MAX_MARKER_BYTES,
    files_prefix,
    marker_name,
    marker_of,
    read_marker,
)
from demos.remote.object_store import ObjectStore
from mt3.demo_summary import DemoSummary
from mt3.errors import DemoFormatError, DemoNotFoundError

_PARALLEL = 8  # files on their way


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of one demonstration.

    Args:
        demo_id: Its id.
        outcome: ``pushed``, ``present``, ``damaged`` here, or ``conflict``: another content has
            this id there.
        reason: Why it was not pushed, else empty.
    """

    demo_id: str
    outcome: str
    reason: str = ""


class Pusher:
    """Uploads what an object store does not hold yet; may be interrupted, and repeated.

    A demonstration's marker is written last, so that nobody ever reads half of one.

    Args:
        library: What is uploaded.
        url: ``s3://bucket/prefix``; a new prefix becomes a library.

    Raises:
        ConfigurationError: The library there is of another robot or backend, or no address.
        LibraryUnreachableError: The server cannot be reached, or refuses.
    """

    def __init__(self, library: DemoLibrary, url: str) -> None:
        self._library = library
        self._store = ObjectStore(url)
        document = read_json(library.path / LIBRARY_NAME)
        if not self._store.create(LIBRARY_NAME, json.dumps(document, indent=2).encode()):
            data = self._store.read(LIBRARY_NAME, MAX_MARKER_BYTES)
            library.require_matches(*require_library_document(parse_json(data, LIBRARY_NAME)))

    def names(self) -> list[str]:
        """What the library holds, sound or not."""
        return self._library.demo_names()

    def push(self, name: str) -> Pushed:
        """Upload one demonstration, unless it is there or damaged.

        Raises:
            LibraryUnreachableError: The server cannot be reached, or refuses.
        """
        try:
            summary = self._library.verify(name)
            self._library.load_verified(summary)
        except (DemoFormatError, DemoNotFoundError) as error:
            damaged = set_aside(name, str(error))
            return Pushed(damaged.demo_id, "damaged", damaged.reason)
        if there := self._there(summary):
            return there
        self._upload(summary)
        if not self._store.create(marker_name(name), marker_of(summary)):
            return self._there(summary) or Pushed(name, "conflict", "its marker came and went")
        return Pushed(name, "pushed")

    def _there(self, summary: DemoSummary) -> Pushed | None:
        """What a marker says that is there already."""
        name = summary.demo_id
        try:
            data = self._store.read(marker_name(name), MAX_MARKER_BYTES)
        except FileNotFoundError:
            return None
        try:
            content_hash = read_marker(name, data).content_hash
        except DemoFormatError as error:
            return Pushed(name, "conflict", f"what is there is damaged ({error})")
        if content_hash == summary.content_hash:
            return Pushed(name, "present")
        return Pushed(
            name,
            "conflict",
            "another content has this id there (nothing changed; push to another prefix)",
        )

    def _upload(self, summary: DemoSummary) -> None:
        folder = self._library.folder(summary.demo_id)
        prefix = files_prefix(summary.content_hash)
        sizes = self._store.sizes(prefix)
        names = [*read_manifest(folder)[1], MANIFEST_NAME]
        missing = [
            name
            for name in names
            if sizes.get(f"{prefix}/{name}") != (folder / name).stat().st_size
        ]
        with ThreadPoolExecutor(_PARALLEL) as pool:
            jobs = [
                pool.submit(self._store.write, f"{prefix}/{name}", folder / name)
                for name in missing
            ]
            for job in jobs:
                job.result()
