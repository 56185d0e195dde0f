"""Names, version and JSON forms of the demonstration record."""

import math

import numpy as np
import numpy.typing as npt

from demos.description import (
    SCHEMA_VERSION,
    Json,
    as_text,
    format_errors,
    require_known_version,
    shown,
    task_from_json,
)
from demos.recording import (
    DEFAULT_BOTTLENECK_DISTANCE_M,
    RecordingEvents,
    RecordingHeader,
    SpeedLimits,
)
from mt3.errors import DemoFormatError
from mt3.geometry import SE3
from mt3.perception import Intrinsics
from mt3.tool import ToolFrame
from mt3.types import FloatArray


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
        "T_world_base": None if header.T_WB is None else header.T_WB.matrix.tolist(),
        "tool_frame": None if header.tool is None else _tool_as_json(header.tool),
        "rate_hz": _rates_as_json(header),
        "speed_limits": {
            "linear_mps": header.speed_limits.linear_mps,
            "angular_radps": header.speed_limits.angular_radps,
        },
        "bottleneck_distance_m": header.bottleneck_distance_m,
        "software": dict(header.software),
        "resolved_config": dict(header.resolved_config),
        "latency_s": dict(header.latency_s),
        "allow_drops": header.allow_drops,
    }


def header_from_json(document: Json) -> RecordingHeader:
    """Read the header back.

    Raises:
        DemoFormatError: Another schema version, or a field that is missing or wrong.
    """
    require_known_version(document, "attributes")
    with format_errors("attributes"):
        rates, latencies = document["rate_hz"], document.get("latency_s", {})
        return RecordingHeader(
            task=task_from_json(document),
            robot=as_text(document["robot"], "robot"),
            backend=_one_of(document["backend"], "backend", ("sim", "real")),
            tool=None if document["tool_frame"] is None else tool_from_json(document["tool_frame"]),
            T_WB=_pose_if_known(document["T_world_base"], "T_world_base"),
            rate_hz=_positive(rates["robot"], "rate_hz.robot"),
            speed_limits=SpeedLimits(
                _positive(document["speed_limits"]["linear_mps"], "speed_limits.linear_mps"),
                _positive(document["speed_limits"]["angular_radps"], "speed_limits.angular_radps"),
            ),
            software=dict(document["software"]),
            resolved_config=dict(document["resolved_config"]),
            camera_hz=_positive(rates["camera"], "rate_hz.camera") if "camera" in rates else None,
            allow_drops=document.get("allow_drops") is True,
            latency_s={str(name): float(value) for name, value in latencies.items()},
            bottleneck_distance_m=_positive(
                document.get("bottleneck_distance_m", DEFAULT_BOTTLENECK_DISTANCE_M),
                "bottleneck_distance_m",
            ),
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
            raise DemoFormatError(
                f"events: got success {shown(success)}, expected true, false or null"
            )
        end = document["end"]
        return RecordingEvents(
            bottlenecks=tuple(_index(k, "bottleneck") for k in document["bottleneck"]),
            end=None if end is None else _index(end, "end"),
            success=success,
            judge=as_text(document["verdict"]["judge"], "judge"),
            bottleneck_source=_one_of(  # absent in records of before there was a rule
                document.get("bottleneck_source", "operator"),
                "bottleneck_source",
                ("operator", "rule"),
            ),
        )


def view_attributes_as_json(
    intrinsics: Intrinsics, T_WC: SE3, T_BE: SE3 | None, t_s: float, camera: str, segmenter: str
) -> Json:
    """The attributes of one view."""
    return {
        "intrinsics": intrinsics_as_json(intrinsics),
        "T_world_camera": T_WC.matrix.tolist(),
        "T_base_tool": None if T_BE is None else T_BE.matrix.tolist(),
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
        return {
            "intrinsics": intrinsics_from_json(document["intrinsics"]),
            "T_WC": _pose(document["T_world_camera"], "T_world_camera"),
            "T_BE": _pose_if_known(document["T_base_tool"], "T_base_tool"),
            "t_s": float(document["t_s"]),
            "camera": as_text(document["camera"], "camera"),
            "segmenter": as_text(document["segmenter"], "segmenter"),
        }


def stream_attributes_as_json(intrinsics: Intrinsics, camera: str) -> Json:
    """The attributes of the camera stream."""
    return {"intrinsics": intrinsics_as_json(intrinsics), "camera": camera}


def stream_attributes_from_json(document: Json) -> tuple[Intrinsics, str]:
    """Intrinsics and name of the stream's camera.

    Raises:
        DemoFormatError: A field that is missing or wrong.
    """
    with format_errors("camera attributes"):
        intrinsics = intrinsics_from_json(document["intrinsics"])
        return intrinsics, as_text(document["camera"], "camera")


def intrinsics_as_json(intrinsics: Intrinsics) -> Json:
    """The stored form of intrinsics."""
    return {name: getattr(intrinsics, name) for name in _INTRINSICS}


def intrinsics_from_json(document: Json) -> Intrinsics:
    """Read intrinsics back; raises what ``format_errors`` translates."""
    return Intrinsics(
        fx=float(document["fx"]),
        fy=float(document["fy"]),
        cx=float(document["cx"]),
        cy=float(document["cy"]),
        width=_index(document["width"], "width"),
        height=_index(document["height"], "height"),
    )


_INTRINSICS = ("fx", "fy", "cx", "cy", "width", "height")


def _rates_as_json(header: RecordingHeader) -> Json:
    rates = {"robot": header.rate_hz, "gripper": header.rate_hz}
    return rates if header.camera_hz is None else {**rates, "camera": header.camera_hz}


def _tool_as_json(tool: ToolFrame) -> Json:
    return {
        "T_flange_tool": tool.T_flange_tool.matrix.tolist(),
        "gripper": tool.gripper,
        "payload_kg": tool.payload_kg,
        "p_com_flange": list(tool.p_com_flange),
    }


def tool_from_json(document: Json) -> ToolFrame:
    """Read a tool frame back; raises what ``format_errors`` translates."""
    x, y, z = (float(value) for value in document["p_com_flange"])
    return ToolFrame(
        T_flange_tool=_pose(document["T_flange_tool"], "T_flange_tool"),
        gripper=as_text(document["gripper"], "gripper"),
        payload_kg=float(document["payload_kg"]),
        p_com_flange=(x, y, z),
    )


def _pose(value: npt.ArrayLike, name: str) -> SE3:
    try:
        return SE3(np.asarray(value, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise DemoFormatError(f"{name}: {error}") from error


def _pose_if_known(value: npt.ArrayLike | None, name: str) -> SE3 | None:
    return None if value is None else _pose(value, name)


def _one_of(value: object, name: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise DemoFormatError(f"{name}: got {shown(value)}, expected one of {', '.join(choices)}")
    return str(value)


def _positive(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DemoFormatError(f"{name}: got {shown(value)}, expected a number")
    if not (math.isfinite(value) and value > 0):
        raise DemoFormatError(f"{name}: got {shown(value)}, expected a positive number")
    return float(value)


def _index(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise DemoFormatError(f"{name}: got {shown(value)}, expected a whole number from 0")
    return value
