"""Parquet files: the only module that knows pyarrow, an optional package."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from mt3.errors import ConfigurationError, DemoFormatError

Columns = Mapping[str, Any]  # name to values: an array (N,) or (N, n), or a list


def require_pyarrow() -> tuple[ModuleType, ModuleType]:
    """The packages ``pyarrow`` and ``pyarrow.parquet``.

    Raises:
        ConfigurationError: They are not installed; names the extra.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ConfigurationError(
            "LeRobot datasets: pyarrow is missing; pip install 'mt3-robot[lerobot]'"
        ) from error
    return pa, pq


class ParquetWriter:
    """Appends rows to one file; the first rows fix its columns and their types."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: Any = None
        self.bytes_written = 0

    def append(self, columns: Columns) -> None:
        """Add rows."""
        _, pq = require_pyarrow()
        table = _table(columns)
        if self._writer is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(self._path, table.schema)
        self._writer.write_table(table)
        self.bytes_written += table.nbytes

    def close(self) -> None:
        """Finish the file; again is harmless."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def write_indexed_table(path: Path, columns: Columns, index: str) -> None:
    """Write a table whose one column pandas takes for the index of its rows."""
    _, pq = require_pyarrow()
    path.parent.mkdir(parents=True, exist_ok=True)
    described = [
        {
            "name": name,
            "field_name": name,
            "pandas_type": "unicode" if name == index else "int64",
            "numpy_type": "object" if name == index else "int64",
            "metadata": None,
        }
        for name in columns
    ]
    pandas = {
        "index_columns": [index],
        "column_indexes": [],
        "columns": described,
        "pandas_version": "2.0.0",
    }
    table = _table(columns).replace_schema_metadata({"pandas": json.dumps(pandas)})
    pq.write_table(table, path)


def read_table(path: Path, columns: Sequence[str] | None = None) -> dict[str, list[Any]]:
    """Read columns by name, all of them unless told which.

    Raises:
        DemoFormatError: Missing, damaged, or without one of the columns.
    """
    pa, pq = require_pyarrow()
    try:
        table = pq.read_table(path, columns=None if columns is None else list(columns))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DemoFormatError(f"{path.name}: cannot be read as Parquet ({error})") from error
    if missing := [name for name in columns or () if name not in table.column_names]:
        raise DemoFormatError(f"{path.name}: no column {', '.join(missing)}")
    return {name: table[name].to_pylist() for name in table.column_names}


def _table(columns: Columns) -> Any:  # noqa: ANN401 (pyarrow has no types)
    pa, _ = require_pyarrow()
    return pa.table({name: _column(values) for name, values in columns.items()})


def _column(values: Any) -> Any:  # noqa: ANN401
    """An Arrow array; rows of a matrix become lists of fixed length."""
    pa, _ = require_pyarrow()
    if isinstance(values, np.ndarray) and values.ndim == 2:
        flat = pa.array(np.ascontiguousarray(values).ravel())
        return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
    return pa.array(values)
