"""Our demonstrations in the layout of the official release, for its code to read.

Only what the layout has room for is written: the interaction, the default view, the commanded
gripper. Assumptions, where the release says nothing: the mask is bool, because masks of 8 bit are
reported to break its users' runs; the gripper may hold fractions; the folder's name is the
skill's first phrase with underscores and a number of three digits, the only kind that its parser
strips, and ``task_name.txt`` holds it without the number.
"""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demos.durable import fsync_tree, move_folder
from demos.formats.official_layout import (
    BOTTLENECK_NAME,
    COLOR_NAME,
    DEPTH_NAME,
    INTRINSICS_NAME,
    MASK_NAME,
    OWN_CAMERA_POSE_NAME,
    RATE_HZ,
    SHARED_CAMERA_POSE_NAME,
    TASK_NAME,
    TWISTS_NAME,
    GripperConvention,
    write_image,
)
from demos.formats.official_view import read_pose
from demos.recording import Recording, StoredView
from mt3.errors import ConfigurationError, TaskError
from mt3.geometry import compute_body_twists, interpolate_poses
from mt3.perception import Intrinsics
from mt3.task import TaskDescription
from mt3.types import FloatArray

_UNREADABLE_THERE = ("pour_from_into", "turn_off")  # its parser rejects its own templates
_ROUNDING_S = 1e-6
_SAME_M, _SAME_RAD = 1e-4, 1e-4


@dataclass(frozen=True, slots=True)
class Exported:
    """One folder that was written.

    Args:
        folder: Where.
        notes: What a reader of it should know, in words.
    """

    folder: Path
    notes: tuple[str, ...]


def export_official(recording: Recording, out: Path, gripper: GripperConvention) -> Exported:
    """Write one demonstration into a new folder, as a whole or not at all.

    Args:
        recording: Without defects.
        out: Holds the folders of all demonstrations.
        gripper: What a gripper value of 1 is to mean.

    Raises:
        ConfigurationError: The folder cannot be written.
    """
    task = recording.header.task
    try:
        out.mkdir(parents=True, exist_ok=True)
        name = _free_name(out, folder_name(task))
        partial = out / f".{name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        try:
            _write_files(partial, recording, gripper)
            fsync_tree(partial)
            move_folder(partial, out / name)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise ConfigurationError(f"--out: cannot write {out} ({error.strerror})") from error
    return Exported(out / name, tuple(_notes(task, name)))


def share_camera_pose(out: Path) -> bool:
    """Write the one camera pose that the official code uses for all, where all have the same.

    Returns:
        Whether it was written; False where the camera moved between demonstrations.

    Raises:
        ConfigurationError: The file cannot be written.
        DemoFormatError: A camera pose there cannot be read.
    """
    poses = [read_pose(path) for path in sorted(out.glob(f"*/{OWN_CAMERA_POSE_NAME}"))]
    if any(not pose.is_close(poses[0], _SAME_M, _SAME_RAD) for pose in poses):
        return False
    try:
        np.save(out / SHARED_CAMERA_POSE_NAME, poses[0].matrix)
    except OSError as error:
        raise ConfigurationError(f"--out: cannot write {out} ({error.strerror})") from error
    return True


def folder_name(task: TaskDescription) -> str:
    """The task as a folder of the release is named, without the number."""
    words = task.as_words()
    if task.skill == "turn_on":  # both spellings are among its templates; it reads this one
        words = words.replace("turn on", "turn-on", 1)
    return re.sub(r"[^a-z0-9-]+", "_", words.lower()).strip("_")


def resample_interaction(recording: Recording, rate_hz: float) -> tuple[FloatArray, FloatArray]:
    """Poses and commands from the bottleneck to the end, one period apart.

    The last sample holds the end, reached by up to a period later. A command holds from the first
    sample at or after its own.

    Returns:
        ``T_WE``, (N, 4, 4), and commanded fractions, (N,).
    """
    events, samples = recording.events, recording.samples
    end = len(samples.t_s) if events.end is None else events.end + 1
    part = slice(events.bottlenecks[0], end)
    t_s = samples.t_s[part] - samples.t_s[part.start]
    count = int(np.ceil((t_s[-1] - _ROUNDING_S) * rate_hz)) + 1
    at_s = np.arange(count) / rate_hz
    T_WE = interpolate_poses(at_s, t_s, recording.T_WE[part])
    before = np.searchsorted(t_s, at_s + _ROUNDING_S, side="right") - 1
    return T_WE, samples.command[part][before]


def _write_files(folder: Path, recording: Recording, gripper: GripperConvention) -> None:
    T_WE, command = resample_interaction(recording, RATE_HZ)
    twists = compute_body_twists(T_WE, np.arange(len(T_WE)) / RATE_HZ)
    rows = np.column_stack([twists, gripper.convert(command[1:])])
    np.save(folder / BOTTLENECK_NAME, T_WE[0])
    np.save(folder / TWISTS_NAME, rows)
    _write_view(folder, recording.views[0])
    (folder / TASK_NAME).write_text(folder_name(recording.header.task) + "\n", encoding="utf-8")


def _write_view(folder: Path, view: StoredView) -> None:
    write_image(folder / COLOR_NAME, view.color)
    write_image(folder / DEPTH_NAME, view.depth_mm)
    np.save(folder / MASK_NAME, view.mask)
    np.save(folder / INTRINSICS_NAME, _matrix(view.intrinsics))
    np.save(folder / OWN_CAMERA_POSE_NAME, view.T_WC.matrix)


def _matrix(intrinsics: Intrinsics) -> FloatArray:
    fx, fy, cx, cy = intrinsics.fx, intrinsics.fy, intrinsics.cx, intrinsics.cy
    return np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])


def _free_name(out: Path, base: str) -> str:
    for number in range(1, 1000):
        name = f"{base}_{number:03d}"
        if not (out / name).exists():
            return name
    raise ConfigurationError(f"--out: {out} holds 999 folders of {base}, give another one")


def _notes(task: TaskDescription, name: str) -> list[str]:
    notes = []
    if task.skill in _UNREADABLE_THERE:
        notes.append(f"the official parser rejects its own template for {task.skill}")
    try:
        read = TaskDescription.parse(name)
    except TaskError:
        read = None
    objects = (task.skill, _plain(task.target_object), _plain(task.other_object))
    if read is None or (read.skill, read.target_object, read.other_object) != objects:
        notes.append(f"its name reads as another task than {task.text!r}")
    return notes


def _plain(name: str | None) -> str | None:
    return None if name is None else " ".join(re.findall(r"[a-z0-9-]+", name.lower()))
