"""A recording in progress: header, views and journal in a folder that no reader looks into."""

from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from demos.description import format_errors
from demos.durable import read_json, write_json
from demos.journal import Entry, Journal, read_journal
from demos.recording import Recording, RecordingEvents, RecordingHeader, Samples, StoredView
from demos.schema import header_as_json, header_from_json
from demos.storage import read_views, write_views
from demos.stream.stream_staging import read_staged_stream
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
    columns, marks = _Columns(), []
    with format_errors(JOURNAL_NAME):
        for entry in read_journal(folder / JOURNAL_NAME):
            if entry.get("kind") == "sample":
                columns.add(entry)
            else:
                marks.append(entry)
        if not columns.count:
            raise DemoFormatError(f"{JOURNAL_NAME}: holds no sample, the recording broke off")
        origin_s = float(columns.scalars("t_s")[0])
        samples, events = _samples(columns, origin_s), _events(marks)
    with format_errors(HEADER_NAME):
        views = read_views(folder / VIEWS_NAME, int(document["views"]))
    views = tuple(replace(view, t_s=view.t_s - origin_s) for view in views)
    stream = read_staged_stream(folder, folder / RECORD_NAME, origin_s)
    return Recording(header, views, samples, events, stream)


class _Columns:
    """The numbers of all samples by name, flat: a minute at 1 kHz is two million of them."""

    def __init__(self) -> None:
        self.count = 0
        self._flat: defaultdict[str, array[float]] = defaultdict(lambda: array("d"))

    def add(self, row: Entry) -> None:
        """Add one sample."""
        for name, value in row.items():
            if isinstance(value, list):
                self._flat[name].extend(value)
            elif name != "kind":
                self._flat[name].append(value)
        self.count += 1

    def __contains__(self, name: str) -> bool:
        return name in self._flat

    def scalars(self, name: str) -> FloatArray:
        """One number of every sample, (T,)."""
        return self.vectors(name)[:, 0]

    def vectors(self, name: str) -> FloatArray:
        """Several numbers of every sample, (T, n)."""
        if name not in self._flat:
            raise KeyError(name)
        return np.array(self._flat[name], dtype=np.float64).reshape(self.count, -1)


def _samples(columns: _Columns, origin_s: float) -> Samples:
    return Samples(
        t_s=columns.scalars("t_s") - origin_s,
        T_BE=columns.vectors("T_BE").reshape(-1, 4, 4),
        joints=columns.vectors("joints"),
        V_BE_E=columns.vectors("V_BE_E"),
        opening=_opening(columns),
        command=columns.scalars("command"),
    )


def _opening(columns: _Columns) -> FloatArray:
    """Openings, (T,), at the times of the arm: where the gripper has its own, interpolated."""
    opening = columns.scalars("opening")
    if "gripper_t_s" not in columns:
        return opening
    own_t_s, newest = np.unique(columns.scalars("gripper_t_s"), return_index=True)
    return np.interp(columns.scalars("t_s"), own_t_s, opening[newest])


def _events(entries: Sequence[Entry]) -> RecordingEvents:
    ends = [entry for entry in entries if entry.get("kind") == "end"]
    nobody: Entry = {"index": None, "success": None, "judge": "nobody"}
    last = ends[-1] if ends else nobody
    marks = (int(entry["index"]) for entry in entries if entry.get("kind") == "bottleneck")
    return RecordingEvents(tuple(marks), last["index"], last["success"], last["judge"])
