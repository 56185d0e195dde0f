"""JSON files of calibrations: whole or not there at all, and errors that name the file."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mt3.errors import ConfigurationError, GeometryError, StorageError
from mt3.geometry import SE3


def write_bytes(path: Path, data: bytes) -> None:
    """Put a file in place as a whole or not at all, on the disk on return.

    Raises:
        StorageError: It cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StorageError(f"{path}: cannot be written ({error.strerror or error})") from error


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Put a JSON file in place as a whole or not at all.

    Raises:
        StorageError: It cannot be written.
    """
    write_bytes(path, (json.dumps(document, indent=1) + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        ConfigurationError: There is no such file, or it holds something else.
    """
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: cannot be read ({error})") from error
    if not isinstance(document, dict):
        raise ConfigurationError(f"{path}: got {type(document).__name__}, expected an object")
    return document


def pose_as_plain(pose: SE3) -> list[list[float]]:
    """A pose for JSON, four rows."""
    rows: list[list[float]] = pose.matrix.tolist()
    return rows


def pose_from_plain(name: str, value: object) -> SE3:
    """A pose from JSON.

    Raises:
        ConfigurationError: It is none; the message names it.
    """
    try:
        return SE3(np.array(value, dtype=np.float64))
    except (GeometryError, TypeError, ValueError) as error:
        raise ConfigurationError(f"{name}: {error}") from error
