"""A library of which only one demonstration is seen."""

from collections.abc import Sequence
from pathlib import Path

from demos.open_library import open_library
from mt3.demonstration import Demonstration, DemoSummary
from mt3.errors import DemoNotFoundError


class OneDemonstration:
    """For experiments in which it is known which demonstration fits.

    Args:
        path: Of the library, as in ``open_library``.
        demo_id: Which one.

    Raises:
        LibraryNotFoundError, LibraryUnreachableError, DemoFormatError: As ``open_library``.
    """

    def __init__(self, path: Path | str, demo_id: str) -> None:
        self._library, self._demo_id = open_library(path), demo_id

    def summaries(self) -> Sequence[DemoSummary]:
        """The one, if it is there."""
        return [one for one in self._library.summaries() if one.demo_id == self._demo_id]

    def load(self, demo_id: str) -> Demonstration:
        """The one.

        Raises:
            DemoNotFoundError: Another was asked for, or it is not there.
            DemoFormatError: Its stored bytes are damaged.
        """
        if demo_id != self._demo_id:
            raise DemoNotFoundError(f"demonstration {demo_id}: got only {self._demo_id} to choose")
        return self._library.load(demo_id)
