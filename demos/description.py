"""The description of a demonstration: its attributes as JSON, read without any array.

Imports neither numpy nor zarr, so that a library is listed at once.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from demos.durable import read_json
from mt3.errors import DemoFormatError
from mt3.task import TaskDescription

SCHEMA_VERSION = 1
ATTRIBUTES_NAME = "zarr.json"  # of the group itself, and of every group and array below it

Json = dict[str, Any]

_LONGEST_SHOWN = 200  # characters of a wrong value, in messages


@contextmanager
def format_errors(what: str) -> Iterator[None]:
    """Turn whatever wrong content raises into a ``DemoFormatError`` that names its place."""
    try:
        yield
    except DemoFormatError:
        raise
    except KeyError as error:
        raise DemoFormatError(f"{what}: {error.args[0]} is missing") from error
    except (TypeError, ValueError, OverflowError, AttributeError, IndexError) as error:
        raise DemoFormatError(f"{what}: {error}") from error


def require_known_version(document: Mapping[str, Any], what: str) -> None:
    """Refuse a record of another version.

    Raises:
        DemoFormatError: ``schema_version`` is missing or not ours.
    """
    got = document.get("schema_version")
    if got != SCHEMA_VERSION or isinstance(got, bool):
        raise DemoFormatError(
            f"{what}: got schema_version {shown(got)}, expected {SCHEMA_VERSION} "
            "(written by another version of mt3?)"
        )


def task_from_json(document: Json) -> TaskDescription:
    """Read the task of a record's attributes.

    Raises:
        DemoFormatError: A field that is missing or not text.
    """
    with format_errors("task"):
        task = document["task"]
        other = task["other_object"]
        return TaskDescription(
            skill=as_text(task["skill"], "skill"),
            target_object=as_text(task["target_object"], "target_object"),
            other_object=None if other is None else as_text(other, "other_object"),
            text=as_text(task["text"], "text"),
        )


def read_attributes(folder: Path) -> Json:
    """All attributes of a demonstration, without its arrays.

    Raises:
        DemoFormatError: Not the ``zarr.json`` of a zarr v3 group.
    """
    document = read_json(folder / ATTRIBUTES_NAME)
    attributes = document.get("attributes")
    kind = (document.get("zarr_format"), document.get("node_type"))
    if kind != (3, "group") or not isinstance(attributes, dict):
        raise DemoFormatError(f"{ATTRIBUTES_NAME}: not a zarr v3 group with attributes")
    return attributes


def as_text(value: object, name: str) -> str:
    """A value that must be text.

    Raises:
        DemoFormatError: It is something else.
    """
    if not isinstance(value, str):
        raise DemoFormatError(f"{name}: got {shown(value)}, expected text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise DemoFormatError(f"{name}: got {shown(value)}, expected text ({error})") from error
    return value


def shown(value: object) -> str:
    """A stored value in a message: cut where it is long, for it may be anything."""
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def as_printable(text: str) -> str:
    """Stored text or a file's name as a terminal can take it: control characters escaped."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode()
        for char in text
    )
