"""One recording out of a library of its own into another one."""

from pathlib import Path

from demos.library import DemoLibrary
from demos.merging import Merger
from mt3.errors import DemoFormatError


def gather(source: str, name: str, library: str) -> str:
    """Copy a recording, verified; its id in the library, also when it has been copied before.

    Args:
        source: Library that holds the recording.
        name: Its id there.
        library: Where it goes, made if missing.

    Raises:
        DemoFormatError: The recording is damaged.
    """
    other = DemoLibrary.open(Path(source))
    here = DemoLibrary.open_for_recording(library, other.robot, other.backend)
    merged = Merger(here, other).merge(name)
    if not merged.here:
        raise DemoFormatError(f"{name}: {merged.reason}")
    return merged.here
