"""How a recording enters a library: a name, a staging folder, one rename; or quarantine."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from demos.checks import check_twists, find_defects, settle_bottleneck
from demos.durable import fsync_tree, move_folder, write_text
from demos.journal import Journal
from demos.library import DEMOS, QUARANTINE, REASON_SUFFIX, STAGING, DemoLibrary
from demos.manifest import verify_manifest, write_manifest
from demos.recording import Recording
from demos.staging import RECORD_NAME, read_staging
from demos.storage import write_recording
from demos.stream.camera_stream import StoredStream
from demos.stream.stream_staging import frame_folders
from mt3.demonstration import DemoSummary
from mt3.errors import ConfigurationError, DemoFormatError
from mt3.task import TaskDescription

LOCK_NAME = "import.lock"  # held while a recording that has no journal is written


def begin(library: DemoLibrary, task: TaskDescription) -> Path:
    """Make the staging folder of a new recording; its name is the demonstration's id.

    The name is the task's and the next free number. Making a folder is atomic, so two recorders
    never get the same.
    """
    library.make_parts()
    slug = _slug("-".join(filter(None, (task.skill, task.target_object, task.other_object))))
    number = 1 + max(_numbers(library, slug), default=0)
    while True:
        if folder := claim(library, f"{slug}-{number}"):
            return folder
        number += 1


def claim(library: DemoLibrary, demo_id: str) -> Path | None:
    """Make the staging folder of one id; None where something of that name is there already."""
    library.make_parts()
    folder = library.path / STAGING / demo_id
    try:
        folder.mkdir()
    except FileExistsError:
        return None
    if not any(os.path.lexists(library.path / part / demo_id) for part in (DEMOS, QUARANTINE)):
        return folder
    folder.rmdir()
    return None


def commit(library: DemoLibrary, staging: Path) -> DemoSummary:
    """Turn a finished recording into a demonstration, or put it into quarantine.

    Raises:
        DemoFormatError: It breaks the record's rules; it is in quarantine, the reason beside.
    """
    try:
        return _save(library, staging)
    except (DemoFormatError, ConfigurationError) as error:
        kept = quarantine(library, staging, str(error))
        raise DemoFormatError(f"recording refused and kept in {kept}: {error}") from error


def _save(library: DemoLibrary, staging: Path) -> DemoSummary:
    recording = read_sound(library, staging)
    record = staging / RECORD_NAME
    _clear(record)
    if isinstance(recording.stream, StoredStream):
        recording.stream.finish()
    elif record.exists():
        shutil.rmtree(record)
    return _put_in_place(library, staging, recording)


def store(library: DemoLibrary, recording: Recording) -> DemoSummary:
    """Put a whole recording, such as an imported one, into a library in one step.

    Nothing is left behind where that fails: the source still exists. A lock keeps recovery away
    from the staging folder meanwhile.

    Raises:
        DemoFormatError: It breaks the record's rules.
        ConfigurationError: The library belongs to another robot or backend.
    """
    _require_sound(library, recording)
    staging = begin(library, recording.header.task)
    lock = Journal(staging / LOCK_NAME)
    try:
        return _put_in_place(library, staging, recording)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    finally:
        lock.close()


def _put_in_place(library: DemoLibrary, staging: Path, recording: Recording) -> DemoSummary:
    record = staging / RECORD_NAME
    write_recording(record, recording, check_twists(recording).as_json())
    content_hash = write_manifest(record)
    verify_manifest(record, with_frames=False)  # that it can be read, before it is there for ever
    fsync_tree(record)
    move_folder(record, library.path / DEMOS / staging.name)
    shutil.rmtree(staging)
    return DemoSummary(staging.name, content_hash, recording.header.task)


def quarantine(library: DemoLibrary, staging: Path, reason: str) -> Path:
    """Move a staging folder into quarantine, with the reason beside it; returns where it is."""
    kept = library.path / QUARANTINE / staging.name
    write_text(kept.with_name(f"{staging.name}{REASON_SUFFIX}"), reason + "\n")
    move_folder(staging, kept)
    return kept


def read_sound(library: DemoLibrary, staging: Path) -> Recording:
    """A recording in staging, if it may become a demonstration of this library.

    Raises:
        DemoFormatError: It breaks the record's rules.
        ConfigurationError: It is of another robot or backend.
    """
    recording = settle_bottleneck(read_staging(staging))
    _require_sound(library, recording)
    return recording


def _require_sound(library: DemoLibrary, recording: Recording) -> None:
    library.require_matches(recording.header.robot, recording.header.backend)
    if defects := find_defects(recording):
        raise DemoFormatError("; ".join(defects))


def _clear(record: Path) -> None:
    """Remove what an earlier attempt to save left, but not the frames of the stream."""
    keep = frame_folders(record)
    for parent, folders, names in os.walk(record, topdown=True):
        if Path(parent) in keep and "c" in folders:
            folders.remove("c")
        for name in names:
            Path(parent, name).unlink()


def _numbers(library: DemoLibrary, slug: str) -> Iterator[int]:
    pattern = re.compile(re.escape(slug) + r"-(\d+)(\..*)?")
    for part in (DEMOS, STAGING, QUARANTINE):
        for name in library.names(part):
            if match := pattern.fullmatch(name):
                yield int(match[1])


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-_")[:80] or "task"
