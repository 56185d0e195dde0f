"""Names, version and JSON forms of the demonstration record."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from demos.recording import (
    DEFAULT_BOTTLENECK_DISTANCE_M,
    RecordingEvents,
    RecordingHeader,
    SpeedLimits,
)
from mt3.errors import DemoFormatError
from mt3.geometry import SE3
from mt3.perception import Intrinsics
from mt3.task import TaskDescription
from mt3.tool import ToolFrame
from mt3.types import FloatArray

SCHEMA_VERSION = 1

Json = dict[str, Any]


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
            f"{what}: got schema_version {got!r}, expected {SCHEMA_VERSION} "
            "(written by another version of mt3?)"
        )


def header_as_json(header: RecordingHeader) -> Json:
    """The header's part of a record's attributes."""
    return {
        "schema_version": SCHEMA_VERSION,
        "task": {
            "text": header.task.text,
            "skill": header.task.skill,
            "target_object": header.task.target_object,
            "other_object": header.task.other_object,
        },
        "robot": header.robot,
        "backend": header.backend,
        "T_world_base": header.T_WB.matrix.tolist(),
        "tool_frame": {
            "T_flange_tool": header.tool.T_flange_tool.matrix.tolist(),
            "gripper": header.tool.gripper,
            "payload_kg": header.tool.payload_kg,
            "p_com_flange": list(header.tool.p_com_flange),
        },
        "rate_hz": {"robot": header.rate_hz, "gripper": header.rate_hz},
        "speed_limits": {
            "linear_mps": header.speed_limits.linear_mps,
            "angular_radps": header.speed_limits.angular_radps,
        },
        "bottleneck_distance_m": header.bottleneck_distance_m,
        "software": dict(header.software),
        "resolved_config": dict(header.resolved_config),
    }


def header_from_json(document: Json) -> RecordingHeader:
    """Read the header back.

    Raises:
        DemoFormatError: Another schema version, or a field that is missing or wrong.
    """
    require_known_version(document, "attributes")
    with format_errors("attributes"):
        return RecordingHeader(
            task=task_from_json(document),
            robot=_text(document["robot"], "robot"),
            backend=_one_of(document["backend"], "backend", ("sim", "real")),
            tool=_tool_from_json(document["tool_frame"]),
            T_WB=_pose(document["T_world_base"], "T_world_base"),
            rate_hz=_positive(document["rate_hz"]["robot"], "rate_hz.robot"),
            speed_limits=SpeedLimits(
                _positive(document["speed_limits"]["linear_mps"], "speed_limits.linear_mps"),
                _positive(document["speed_limits"]["angular_radps"], "speed_limits.angular_radps"),
            ),
            software=dict(document["software"]),
            resolved_config=dict(document["resolved_config"]),
            bottleneck_distance_m=_positive(
                document.get("bottleneck_distance_m", DEFAULT_BOTTLENECK_DISTANCE_M),
                "bottleneck_distance_m",
            ),
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
            skill=_text(task["skill"], "skill"),
            target_object=_text(task["target_object"], "target_object"),
            other_object=None if other is None else _text(other, "other_object"),
            text=_text(task["text"], "text"),
        )


def events_as_json(events: RecordingEvents, command: FloatArray) -> Json:
    """The events attribute; gripper events are the samples where the stored command changed."""
    command = command.astype(np.float32).astype(np.float64)
    changes = np.flatnonzero(np.diff(command) != 0) + 1
    return {
        "bottleneck": list(events.bottlenecks),
        "bottleneck_source": events.bottleneck_source,
        "gripper": [{"index": int(k), "command": float(command[k])} for k in changes],
        "end": events.end,
        "verdict": {"success": events.success, "judge": events.judge},
    }


def events_from_json(document: Json) -> RecordingEvents:
    """Read the events back.

    Raises:
        DemoFormatError: A field that is missing or wrong.
    """
    with format_errors("events"):
        success = document["verdict"]["success"]
        if success is not None and not isinstance(success, bool):
            raise DemoFormatError(f"events: got success {success!r}, expected true, false or null")
        end = document["end"]
        return RecordingEvents(
            bottlenecks=tuple(_index(k, "bottleneck") for k in document["bottleneck"]),
            end=None if end is None else _index(end, "end"),
            success=success,
            judge=_text(document["verdict"]["judge"], "judge"),
            bottleneck_source=_one_of(  # absent in records of before there was a rule
                document.get("bottleneck_source", "operator"),
                "bottleneck_source",
                ("operator", "rule"),
            ),
        )


def view_attributes_as_json(
    intrinsics: Intrinsics, T_WC: SE3, T_BE: SE3, t_s: float, camera: str, segmenter: str
) -> Json:
    """The attributes of one view."""
    return {
        "intrinsics": {name: getattr(intrinsics, name) for name in _INTRINSICS},
        "T_world_camera": T_WC.matrix.tolist(),
        "T_base_tool": T_BE.matrix.tolist(),
        "t_s": t_s,
        "camera": camera,
        "segmenter": segmenter,
    }


def view_attributes_from_json(document: Json) -> Json:
    """Keyword arguments of a ``StoredView`` that are not arrays.

    Raises:
        DemoFormatError: A field that is missing or wrong.
    """
    with format_errors("view attributes"):
        values = document["intrinsics"]
        return {
            "intrinsics": Intrinsics(
                fx=float(values["fx"]),
                fy=float(values["fy"]),
                cx=float(values["cx"]),
                cy=float(values["cy"]),
                width=_index(values["width"], "width"),
                height=_index(values["height"], "height"),
            ),
            "T_WC": _pose(document["T_world_camera"], "T_world_camera"),
            "T_BE": _pose(document["T_base_tool"], "T_base_tool"),
            "t_s": float(document["t_s"]),
            "camera": _text(document["camera"], "camera"),
            "segmenter": _text(document["segmenter"], "segmenter"),
        }


_INTRINSICS = ("fx", "fy", "cx", "cy", "width", "height")


def _tool_from_json(document: Json) -> ToolFrame:
    x, y, z = (float(value) for value in document["p_com_flange"])
    return ToolFrame(
        T_flange_tool=_pose(document["T_flange_tool"], "T_flange_tool"),
        gripper=_text(document["gripper"], "gripper"),
        payload_kg=float(document["payload_kg"]),
        p_com_flange=(x, y, z),
    )


def _pose(value: npt.ArrayLike, name: str) -> SE3:
    try:
        return SE3(np.asarray(value, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise DemoFormatError(f"{name}: {error}") from error


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise DemoFormatError(f"{name}: got {value!r}, expected text")
    return value


def _one_of(value: object, name: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise DemoFormatError(f"{name}: got {value!r}, expected one of {', '.join(choices)}")
    return str(value)


def _positive(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DemoFormatError(f"{name}: got {value!r}, expected a number")
    if not (math.isfinite(value) and value > 0):
        raise DemoFormatError(f"{name}: got {value!r}, expected a positive number")
    return float(value)


def _index(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise DemoFormatError(f"{name}: got {value!r}, expected a whole number from 0")
    return value
