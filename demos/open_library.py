"""A library in a folder or on an object store, whichever an address names."""

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from demos.library import DemoLibrary, is_remote

if TYPE_CHECKING:
    from demos.remote.remote_library import RemoteLibrary

AnyLibrary: TypeAlias = "DemoLibrary | RemoteLibrary"


def open_library(path: Path | str) -> AnyLibrary:
    """Open a library that exists, to read it.

    Args:
        path: A folder, or ``s3://bucket/prefix``.

    Raises:
        LibraryNotFoundError: There is none.
        LibraryUnreachableError: The object store cannot be reached, or refuses.
        DemoFormatError: Its ``library.json`` is damaged or of another version.
    """
    if not is_remote(path):
        return DemoLibrary.open(path)
    from demos.remote.remote_library import RemoteLibrary

    return RemoteLibrary.open(str(path))
