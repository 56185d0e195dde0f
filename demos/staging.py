"""A recording in progress: header, views and journal in a folder that no reader looks into."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from demos.durable import read_json, write_json
from demos.journal import Entry, Journal, read_journal
from demos.recording import Recording, RecordingEvents, RecordingHeader, Samples, StoredView
from demos.schema import format_errors, header_as_json, header_from_json
from demos.storage import read_views, write_views
from demos.stream_staging import read_staged_stream
from mt3.errors import DemoFormatError
from mt3.interfaces import ArmState, GripperState
from mt3.types import FloatArray

HEADER_NAME = "header.json"
VIEWS_NAME = "views"
JOURNAL_NAME = "journal.log"
RECORD_NAME = "record"  # the record to be; the frames of a stream are written there at once


def begin_staging(folder: Path, header: RecordingHeader, views: Sequence[StoredView]) -> Journal:
    """Write what is known before the first sample, and open the journal."""
    journal = Journal(folder / JOURNAL_NAME)
    write_views(folder / VIEWS_NAME, views, t_origin_s=0.0)
    write_json(folder / HEADER_NAME, {**header_as_json(header), "views": len(views)})
    return journal


def sample_entry(arm: ArmState, gripper: GripperState, latency_s: Mapping[str, float]) -> Entry:
    """The journal's form of one sample, its time on the scene's clock.

    Where the gripper lags behind by another time than the arm, its own time is kept too.

    Args:
        arm: What the arm reported.
        gripper: What the gripper reported.
        latency_s: Of each device by name, subtracted from its time stamps; 0 where missing.
    """
    arm_s, gripper_s = latency_s.get("robot", 0.0), latency_s.get("gripper", 0.0)
    own_time = {} if arm_s == gripper_s else {"gripper_t_s": gripper.t_s - gripper_s}
    return {
        "kind": "sample",
        "t_s": arm.t_s - arm_s,
        **own_time,
        "T_BE": arm.T_BE.matrix.ravel().tolist(),
        "joints": arm.joints.tolist(),
        "V_BE_E": arm.V_BE_E.tolist(),
        "opening": gripper.opening,
        "command": gripper.command,
    }


def bottleneck_entry(index: int) -> Entry:
    """The journal's form of the operator's mark."""
    return {"kind": "bottleneck", "index": index}


def end_entry(index: int, success: bool | None, judge: str) -> Entry:
    """The journal's form of the end and the verdict."""
    return {"kind": "end", "index": index, "success": success, "judge": judge}


def read_staging(folder: Path) -> Recording:
    """Read a recording in progress as far as it got, its times counted from the first sample.

    Raises:
        DemoFormatError: Header, views or journal are missing or damaged.
    """
    document = read_json(folder / HEADER_NAME)
    header = header_from_json(document)
    entries = read_journal(folder / JOURNAL_NAME)
    rows = [entry for entry in entries if entry.get("kind") == "sample"]
    if not rows:
        raise DemoFormatError(f"{JOURNAL_NAME}: holds no sample, the recording broke off")
    with format_errors(JOURNAL_NAME):
        origin_s = float(rows[0]["t_s"])
        samples, events = _samples(rows, origin_s), _events(entries)
    with format_errors(HEADER_NAME):
        views = read_views(folder / VIEWS_NAME, int(document["views"]))
    views = tuple(replace(view, t_s=view.t_s - origin_s) for view in views)
    stream = read_staged_stream(folder, folder / RECORD_NAME, origin_s)
    return Recording(header, views, samples, events, stream)


def _samples(rows: Sequence[Entry], origin_s: float) -> Samples:
    def column(name: str) -> FloatArray:
        return np.array([row[name] for row in rows], dtype=np.float64)

    return Samples(
        t_s=column("t_s") - origin_s,
        T_BE=column("T_BE").reshape(-1, 4, 4),
        joints=column("joints"),
        V_BE_E=column("V_BE_E"),
        opening=_opening(rows, column("t_s"), column("opening")),
        command=column("command"),
    )


def _opening(rows: Sequence[Entry], t_s: FloatArray, opening: FloatArray) -> FloatArray:
    """Openings, (T,), at the times of the arm: where the gripper has its own, interpolated."""
    if "gripper_t_s" not in rows[0]:
        return opening
    own_t_s, newest = np.unique([row["gripper_t_s"] for row in rows], return_index=True)
    return np.interp(t_s, own_t_s, opening[newest])


def _events(entries: Sequence[Entry]) -> RecordingEvents:
    ends = [entry for entry in entries if entry.get("kind") == "end"]
    nobody: Entry = {"index": None, "success": None, "judge": "nobody"}
    last = ends[-1] if ends else nobody
    marks = (int(entry["index"]) for entry in entries if entry.get("kind") == "bottleneck")
    return RecordingEvents(tuple(marks), last["index"], last["success"], last["judge"])
