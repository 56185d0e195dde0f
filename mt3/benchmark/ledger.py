"""Results of numbered jobs in a file of JSON lines, which a killed bench goes on with."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

Row = dict[str, Any]


class Ledger:
    """One line a job, written as it ends; used inside ``with``.

    Whole lines of an earlier run are kept. A line that was being written when it was killed is
    dropped.

    Args:
        path: The file, made if missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None
        self.rows: dict[int, Row] = _read(path)

    def __enter__(self) -> Self:
        self._write_all()
        self._file = self._path.open("a", encoding="utf-8")
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
        self._write_all()

    def add(self, index: int, row: Row) -> None:
        """Write the result of a job; it is in the file when this returns."""
        self.rows[index] = row
        if self._file is not None:
            self._file.write(_line(index, row))
            self._file.flush()

    def in_order(self) -> list[Row]:
        """All rows, by the number of their jobs."""
        return [self.rows[index] for index in sorted(self.rows)]

    def _write_all(self) -> None:
        """The whole file anew, in the order of the jobs, in place by one rename."""
        new = self._path.with_suffix(".new")
        text = "".join(_line(index, self.rows[index]) for index in sorted(self.rows))
        new.write_text(text, encoding="utf-8")
        new.replace(self._path)


def _line(index: int, row: Mapping[str, Any]) -> str:
    return json.dumps({"index": index, **row}) + "\n"


def _read(path: Path) -> dict[int, Row]:
    if not path.exists():
        return {}
    rows: dict[int, Row] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue  # cut off by a kill: its job is done again
        rows[int(row.pop("index"))] = row
    return rows
