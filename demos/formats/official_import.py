"""Demonstrations in the layout of the official release, read as recordings of our own.

The layout starts at the bottleneck and knows neither the arm's base, nor what is mounted at its
flange, nor how far the fingers really opened. All that stays unknown in the record: the poses are
kept in W, and a demonstration is replayed only where the caller said which tool frame it is of.

Assumptions, where the release says nothing: ``bottleneck_pose`` is the pose of E in W at the
start; row ``k`` of the twists leads from sample ``k`` to the next over one period, and its gripper
value is that of the next sample; the first sample has the gripper of the second.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demos.formats.official_layout import (
    BOTTLENECK_NAME,
    OWN_NAMES,
    TASK_NAME,
    TWISTS_NAME,
    CameraPoseConvention,
    GripperConvention,
    read_array,
)
from demos.formats.official_view import camera_pose_path, read_pose, read_view
from demos.recording import Recording, RecordingEvents, RecordingHeader, Samples, SpeedLimits
from mt3.demonstration import UNKNOWN_ROBOT
from mt3.errors import DemoFormatError, TaskError
from mt3.geometry import SE3, exp_se3
from mt3.task import TaskDescription
from mt3.tool import ToolFrame
from mt3.types import FloatArray, require_positive

BACKEND = "real"
_PLAUSIBLE_SPEEDS = SpeedLimits(linear_mps=2.0, angular_radps=6.3)  # nobody demonstrates faster
_MAX_TASK_BYTES = 4096
_TAKES = ("pick_up", "pick_up_from")
_LETS_GO = ("place_on", "place_in", "place_next_to")


@dataclass(frozen=True, slots=True, eq=False)
class OfficialSettings:
    """What the files do not say.

    Args:
        gripper: What a gripper value of 1 means.
        rate_hz: Rate of the twists.
        camera_pose: Which way the camera poses map.
        tool: What was mounted at the flange, its tool centre point the E of the twists; None
            where unknown, and then nothing can be replayed.
        software: Version and git revision, for the record.

    Raises:
        ConfigurationError: A rate that is not positive.
    """

    gripper: GripperConvention
    rate_hz: float
    camera_pose: CameraPoseConvention
    tool: ToolFrame | None
    software: Mapping[str, str]

    def __post_init__(self) -> None:
        require_positive("rate_hz", self.rate_hz)


def find_demonstrations(folder: Path) -> list[Path]:
    """The folder itself where it is a demonstration, else every folder in it that holds one.

    Raises:
        DemoFormatError: No folder, or none of the layout's files in it or in a folder in it.
    """
    if not folder.is_dir():
        raise DemoFormatError(f"{folder}: not a folder, expected demonstrations of the layout")
    if _holds_any(folder):
        return [folder]
    found = [path for path in sorted(folder.iterdir()) if path.is_dir() and _holds_any(path)]
    if not found:
        raise DemoFormatError(
            f"{folder}: got none of {', '.join(OWN_NAMES)} here or one folder below, expected a "
            "demonstration or a folder of them"
        )
    return found


def read_official(folder: Path, settings: OfficialSettings) -> Recording:
    """Read one demonstration.

    Args:
        folder: Holds the layout's files.
        settings: What they do not say.

    Raises:
        DemoFormatError: A file is missing or wrong; the message names it, and the remedy.
    """
    task = _read_task(folder)
    T_WE_bottleneck = read_pose(folder / BOTTLENECK_NAME)
    rows = read_array(folder / TWISTS_NAME, (None, 7)).astype(np.float64)
    samples = Samples(
        t_s=np.arange(len(rows) + 1) / settings.rate_hz,
        T_BE=integrate_twists(T_WE_bottleneck, rows[:, :6], settings.rate_hz),
        joints=None,
        V_BE_E=None,
        opening=None,
        command=_commands(rows[:, 6], settings.gripper, task),
    )
    view = read_view(folder, settings.camera_pose, T_WE_bottleneck)
    header = RecordingHeader(
        task=task,
        robot=UNKNOWN_ROBOT,
        backend=BACKEND,
        tool=settings.tool,
        T_WB=None,
        rate_hz=settings.rate_hz,
        speed_limits=_PLAUSIBLE_SPEEDS,
        software=settings.software,
        resolved_config={"import": _provenance(folder, settings)},
    )
    return Recording(header, (view,), samples, RecordingEvents((0,), len(rows), None, "nobody"))


def integrate_twists(T_WE_start: SE3, V_WE_E: FloatArray, rate_hz: float) -> FloatArray:
    """Poses that constant body twists lead to, one period each.

    Args:
        T_WE_start: Where it begins.
        V_WE_E: Twists, (T, 6), m/s and rad/s in E.
        rate_hz: How many a second.

    Returns:
        Poses, (T + 1, 4, 4), the start first.
    """
    poses = [T_WE_start.matrix]
    for step in exp_se3(V_WE_E / rate_hz):
        poses.append(poses[-1] @ step)
    return np.array(poses)


def _holds_any(folder: Path) -> bool:
    return any((folder / name).is_file() for name in OWN_NAMES)


def _read_task(folder: Path) -> TaskDescription:
    """The task of ``task_name.txt``, else of the folder's name."""
    path = folder / TASK_NAME
    if not path.is_file():
        source, text = f"folder name (there is no {TASK_NAME})", folder.resolve().name
    else:
        try:
            text = path.read_bytes()[:_MAX_TASK_BYTES].decode().strip()
        except UnicodeDecodeError as error:
            raise DemoFormatError(f"{TASK_NAME}: not text; write the task into it") from error
        source = TASK_NAME
    try:
        return TaskDescription.parse(text)
    except TaskError as error:
        raise DemoFormatError(f"{source}: {error}; write the task into {TASK_NAME}") from error


def _commands(
    values: FloatArray, convention: GripperConvention, task: TaskDescription
) -> FloatArray:
    """Commanded fractions, (T + 1,), from the gripper values of the T next samples."""
    if not values.size:
        raise DemoFormatError(f"{TWISTS_NAME}: got no rows, expected a motion; record it again")
    if values.min() < -0.01 or values.max() > 1.01:
        raise DemoFormatError(
            f"{TWISTS_NAME}: got gripper values from {values.min():g} to {values.max():g} in "
            "column 6, expected 0 to 1; divide by the fully open (or closed) value"
        )
    command = convention.convert(np.clip(np.concatenate([values[:1], values]), 0.0, 1.0))
    _require_sensible(command[0] < 0.5, command[-1] < 0.5, convention, task)
    return command


def _require_sensible(
    starts_closed: bool, ends_closed: bool, convention: GripperConvention, task: TaskDescription
) -> None:
    """Refuse a gripper that does the very opposite of the skill: the convention is wrong."""
    took_by_opening = task.skill in _TAKES and starts_closed and not ends_closed
    let_go_by_closing = task.skill in _LETS_GO and not starts_closed and ends_closed
    if took_by_opening or let_go_by_closing:
        does = "opens" if took_by_opening else "closes"
        raise DemoFormatError(
            f"{TWISTS_NAME}: with --gripper {convention.value} the gripper {does} during "
            f"{task.skill}, expected the opposite; try --gripper {convention.opposite.value}"
        )


def _provenance(folder: Path, settings: OfficialSettings) -> dict[str, str | float]:
    return {
        "format": "official",
        "folder": folder.resolve().name,
        "gripper": settings.gripper.value,
        "rate_hz": settings.rate_hz,
        "camera_pose": settings.camera_pose.value,
        "camera_pose_file": camera_pose_path(folder).name,
    }
