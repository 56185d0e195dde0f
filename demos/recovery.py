"""What a crash left in staging: finished where the journal is whole, else put into quarantine."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from demos.intake import LOCK_NAME, commit
from demos.journal import is_being_written
from demos.library import DEMOS, DemoLibrary
from demos.staging import JOURNAL_NAME
from mt3.errors import DemoFormatError


@dataclass(frozen=True, slots=True)
class Recovery:
    """What became of one staging folder.

    Args:
        demo_id: Its name.
        outcome: ``finished``, ``quarantined``, ``removed`` (nothing was left to save) or
            ``recording`` (somebody still records it: left alone).
        reason: Why it was not finished, else empty.
    """

    demo_id: str
    outcome: str
    reason: str


def recover(library: DemoLibrary) -> list[Recovery]:
    """Deal with every staging folder that no recorder holds open; touches no demonstration."""
    library.make_parts()
    return [_recover_one(library, folder) for folder in library.unfinished()]


def _recover_one(library: DemoLibrary, folder: Path) -> Recovery:
    journal = folder / JOURNAL_NAME
    if is_being_written(journal) or is_being_written(folder / LOCK_NAME):
        return Recovery(folder.name, "recording", "")
    if not journal.exists() or (library.path / DEMOS / folder.name).exists():
        shutil.rmtree(folder)
        return Recovery(folder.name, "removed", "nothing was left to save")
    try:
        commit(library, folder)
    except DemoFormatError as error:
        return Recovery(folder.name, "quarantined", str(error.__cause__))
    return Recovery(folder.name, "finished", "")
