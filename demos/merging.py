"""Demonstrations of another library, copied into this one."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from demos.durable import fsync_tree, move_folder
from demos.intake import LOCK_NAME, begin, claim
from demos.journal import Journal
from demos.library import DEMOS, DemoLibrary, set_aside
from demos.manifest import verify_manifest
from demos.staging import RECORD_NAME
from mt3.demo_summary import DemoSummary
from mt3.errors import ConfigurationError, DemoFormatError, DemoNotFoundError


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of one demonstration of the other library.

    Args:
        demo_id: Its id there.
        outcome: ``copied``, ``present`` (the same content is here already) or ``damaged``.
        here: Its id here; empty where it is damaged, and in a dry run where it needs another.
        reason: Why it was not copied, where it is damaged.
    """

    demo_id: str
    outcome: str
    here: str
    reason: str = ""


class Merger:
    """Copies into a library what another one holds and this one does not.

    Every demonstration is verified before, copied, verified again, flushed to the disk and put in
    place by one rename. So a merge may be interrupted, and repeated.

    Args:
        library: What is copied into.
        other: What is copied from; only read.

    Raises:
        ConfigurationError: They are the same, or of different robots or backends.
    """

    def __init__(self, library: DemoLibrary, other: DemoLibrary) -> None:
        if library.path.resolve() == other.path.resolve():
            raise ConfigurationError(f"merge: got {other.path} twice, expected another library")
        library.require_matches(other.robot, other.backend)
        self._library = library
        self._other = other
        self._here = {summary.content_hash: summary.demo_id for summary in library.summaries()}

    def names(self) -> list[str]:
        """What the other library holds, sound or not."""
        return self._other.demo_names()

    def merge(self, name: str, dry_run: bool = False) -> Merged:
        """Copy one demonstration, unless it is here or damaged.

        Args:
            name: One of ``names``.
            dry_run: Only say what would become of it.
        """
        try:
            summary = self._other.verify(name)
            if summary.content_hash in self._here:
                return Merged(name, "present", self._here[summary.content_hash])
            self._other.load_verified(summary)
        except (DemoFormatError, DemoNotFoundError) as error:
            damaged = set_aside(name, str(error))
            return Merged(damaged.demo_id, "damaged", "", damaged.reason)
        if dry_run:
            taken = (self._library.path / DEMOS / name).exists()
            self._here[summary.content_hash] = name
            return Merged(name, "copied", "" if taken else name)
        here = self._copy(summary)
        self._here[summary.content_hash] = here
        return Merged(name, "copied", here)

    def _copy(self, summary: DemoSummary) -> str:
        staging = claim(self._library, summary.demo_id) or begin(self._library, summary.task)
        lock = Journal(staging / LOCK_NAME)
        try:
            _copy_verified(self._other.folder(summary.demo_id), staging / RECORD_NAME, summary)
            move_folder(staging / RECORD_NAME, self._library.path / DEMOS / staging.name)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
            lock.close()
        return staging.name


def _copy_verified(source: Path, target: Path, summary: DemoSummary) -> None:
    shutil.copytree(source, target, symlinks=True)
    if verify_manifest(target) != summary.content_hash:
        raise DemoFormatError(f"{summary.demo_id}: changed while it was copied")
    fsync_tree(target)
