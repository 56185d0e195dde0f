"""What ``mt3-demos`` tells of a library: documents for machines, tables for people."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Column, Table

from demos.description import as_printable, read_attributes
from demos.library import SetAside
from demos.open_library import AnyLibrary
from mt3.demo_summary import DemoSummary

if TYPE_CHECKING:
    from demos.recording import Recording
    from demos.recovery import Recovery

Document = dict[str, Any]

_UNLIMITED = 10_000  # characters; wider than any table here


def describe_summary(summary: DemoSummary) -> Document:
    """One line of the list."""
    return {
        "id": summary.demo_id,
        "text": summary.task.text,
        "skill": summary.task.skill,
        "target_object": summary.task.target_object,
        "other_object": summary.task.other_object,
        "content_hash": summary.content_hash,
    }


def describe_library(
    library: AnyLibrary, sound: Sequence[DemoSummary], damaged: Sequence[SetAside]
) -> Document:
    """What a library holds, as far as it was asked for, and what it holds that is not used."""
    return {
        "library": str(library.path),
        "robot": library.robot,
        "backend": library.backend,
        "demonstrations": [describe_summary(summary) for summary in sound],
        "damaged": [_describe_set_aside(item) for item in damaged],
        "quarantine": [_describe_set_aside(item) for item in library.quarantined()],
        "unfinished": [folder.name for folder in library.unfinished()],
    }


def describe_recording(
    library: AnyLibrary, demo_id: str, recording: "Recording", content_hash: str
) -> Document:
    """All that is known of one demonstration, without its arrays."""
    header, samples, events = recording.header, recording.samples, recording.events
    attributes = read_attributes(library.folder(demo_id))
    return {
        **describe_summary(DemoSummary(demo_id, content_hash, header.task)),
        "folder": str(library.folder(demo_id)),
        "robot": header.robot,
        "backend": header.backend,
        "gripper": None if header.tool is None else header.tool.gripper,
        "rate_hz": header.rate_hz,
        "samples": len(samples.t_s),
        "duration_s": round(float(samples.t_s[-1]), 3),
        "bottleneck_s": round(float(samples.t_s[events.bottlenecks[0]]), 3),
        "bottleneck_source": events.bottleneck_source,
        "gripper_events": attributes["events"]["gripper"],
        "verdict": attributes["events"]["verdict"],
        "twist_check": attributes["twist_check"],
        "views": [
            {
                "camera": view.camera,
                "size": [view.intrinsics.width, view.intrinsics.height],
                "mask_pixels": int(view.mask.sum()),
                "segmenter": view.segmenter,
            }
            for view in recording.views
        ],
        "camera_stream": _describe_stream(recording),
        "software": dict(header.software),
        "resolved_config": dict(header.resolved_config),
    }


def _describe_stream(recording: "Recording") -> Document | None:
    from demos.stream.stream_checks import dropped_in_interaction  # listing needs no numpy

    stream = recording.stream
    if stream is None:
        return None
    return {
        "camera": stream.camera,
        "frames": len(stream.t_s),
        "rate_hz": recording.header.camera_hz,
        "dropped_in_interaction": dropped_in_interaction(recording),
    }


def describe_recovery(recovery: "Recovery") -> Document:
    """What became of one unfinished recording."""
    return {
        "id": recovery.demo_id,
        "outcome": recovery.outcome,
        "reason": recovery.reason,
    }


def print_library(console: Console, document: Document) -> None:
    """Print the list of a library."""
    rows = document["demonstrations"]
    if rows:
        table = _table("demonstration", "task", "skill", "object", "other object")
        for row in rows:
            names = (row["id"], row["text"], row["skill"], row["target_object"])
            table.add_row(*(as_cell(name) for name in (*names, row["other_object"] or "")))
        _print_whole(console, table)
    noun = "demonstration" if len(rows) == 1 else "demonstrations"
    console.print(
        f"{len(rows)} {noun} of {document['robot']} ({document['backend']}) "
        f"in {document['library']}",
        markup=False,
    )
    print_troubles(console, document)


def print_troubles(console: Console, document: Document) -> None:
    """Print what a library holds that is not used, and what can be done."""
    print_set_aside(console, "damaged, skipped (mt3-demos rm ID deletes one)", document["damaged"])
    print_set_aside(console, "in quarantine, refused when recorded", document["quarantine"])
    if document["unfinished"]:
        names = ", ".join(document["unfinished"])
        console.print(f"unfinished: {names} (mt3-demos check --recover)", markup=False)


def print_set_aside(console: Console, title: str, rows: Sequence[Document]) -> None:
    """Print a table of what is not used, with reasons; nothing where there is none."""
    if not rows:
        return
    table = _table("name", "reason", title=title)
    for row in rows:
        table.add_row(as_cell(row["id"]), as_cell(row["reason"]))
    _print_whole(console, table)


def print_recording(console: Console, document: Document) -> None:
    """Print the details of one demonstration."""
    console.print(document["id"], style="table.title", soft_wrap=True)
    table = Table("field", Column("value", overflow="fold"), show_header=False)
    for key, value in document.items():
        if key not in ("id", "resolved_config"):
            table.add_row(key.replace("_", " "), as_cell(_as_words(value)))
    console.print(table)


def _table(id_header: str, *headers: str, title: str | None = None) -> Table:
    """A table whose first column holds ids, which are never broken, and in which nothing is cut."""
    columns = [Column(header, overflow="fold") for header in headers]
    first = Column(id_header, no_wrap=True)
    return Table(first, *columns, title=title, title_justify="left", title_style="yellow")


def _print_whole(console: Console, table: Table) -> None:
    """Print a table, wider than the screen where an id would not fit: ids are to be copied."""
    unlimited = console.options.update(max_width=_UNLIMITED)
    least = Measurement.get(console, unlimited, table).minimum
    if least > console.width:
        table.width = least
    console.print(table, crop=False)


def as_cell(text: str) -> str:
    """Stored text as a cell of a table, neither markup nor control characters in it."""
    return escape(as_printable(text))


def _as_words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_as_words(item)}" for key, item in value.items())
    if isinstance(value, list):
        return "; ".join(_as_words(item) for item in value) or "none"
    if isinstance(value, float):
        return f"{value:.4g}"
    return "-" if value is None else str(value)


def _describe_set_aside(item: SetAside) -> Document:
    return {"id": item.demo_id, "reason": item.reason}
