"""``mt3-demos import``: demonstrations of other layouts into a library."""

import argparse
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console
from yaml import YAMLError

from demos.cli.progress import tracked
from demos.cli.reports import Document, print_set_aside
from demos.cli.subcommand import Subcommand
from demos.description import format_errors
from demos.formats.lerobot_import import LeRobotReader
from demos.formats.official_import import (
    BACKEND,
    OfficialSettings,
    find_demonstrations,
    read_official,
)
from demos.formats.official_layout import (
    RATE_HZ,
    SHARED_CAMERA_POSE_NAME,
    CameraPoseConvention,
    GripperConvention,
)
from demos.formats.official_view import camera_pose_path
from demos.intake import store
from demos.library import DemoLibrary
from demos.schema import tool_from_json
from mt3.cli.outcome import ExitCode, Outcome
from mt3.cli.software import software_versions
from mt3.demonstration import UNKNOWN_ROBOT
from mt3.errors import ConfigurationError, DemoFormatError, Mt3Error
from mt3.tool import ToolFrame

_OFFICIAL_OPTIONS = ("gripper", "rate_hz", "camera_pose", "tool_frame")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path)
    parser.add_argument("--format", choices=("official", "lerobot"), required=True)
    parser.add_argument("--gripper", choices=[choice.value for choice in GripperConvention])
    parser.add_argument("--rate-hz", type=float)
    parser.add_argument("--camera-pose", choices=[choice.value for choice in CameraPoseConvention])
    parser.add_argument("--tool-frame", type=Path, metavar="FILE")


def _run(arguments: argparse.Namespace, console: Console) -> Outcome:
    run = _run_official if arguments.format == "official" else _run_lerobot
    return run(arguments, console)


def _run_official(arguments: argparse.Namespace, console: Console) -> Outcome:
    settings = _settings(arguments)
    folders = find_demonstrations(arguments.folder)
    library = DemoLibrary.open_for_recording(arguments.library, UNKNOWN_ROBOT, BACKEND)
    imported: list[Document] = []
    refused: list[Document] = []
    for folder in tracked(folders, "importing", console):
        try:
            imported.append(_import(library, folder, settings))
        except (Mt3Error, OSError) as error:
            refused.append({"id": folder.name, "reason": str(error)})
    document = {"library": str(library.path), "imported": imported, "refused": refused}
    _report(console, document, arguments.json)
    code = ExitCode.BAD_INPUT if refused else ExitCode.SUCCESS
    return Outcome(code, {**document, "exit_code": int(code)})


def _run_lerobot(arguments: argparse.Namespace, console: Console) -> Outcome:
    """Say what a dataset holds, and of each episode why it is no demonstration."""
    for name in _OFFICIAL_OPTIONS:
        if getattr(arguments, name) is not None:
            raise ConfigurationError(
                f"--{name.replace('_', '-')}: belongs to --format official, not to lerobot"
            )
    reader = LeRobotReader(arguments.folder)
    held = [{"task": task, **_episodes_of(reader, task)} for task in reader.tasks()]
    refused = [
        {"id": f"episode {episode.number}", "reason": reader.missing_for_library(episode)}
        for episode in reader.episodes
    ]
    document = {
        "dataset": str(arguments.folder),
        "robot": reader.robot,
        "fps": reader.fps,
        "cameras": list(reader.cameras),
        "tasks": held,
        "imported": [],
        "refused": refused,
    }
    for row in held:
        console.print(
            f"{row['task']}: {len(row['episodes'])} episodes, {row['duration_s']:.1f} s",
            markup=False,
        )
    if not arguments.json:
        print_set_aside(console, "refused", refused)
    console.print(f"0 imported, {len(refused)} refused", markup=False)
    code = ExitCode.BAD_INPUT if refused else ExitCode.SUCCESS
    return Outcome(code, {**document, "exit_code": int(code)})


def _episodes_of(reader: LeRobotReader, task: str) -> Document:
    episodes = reader.episodes_of(task)
    frames = sum(episode.length for episode in episodes)
    return {
        "episodes": [episode.number for episode in episodes],
        "frames": frames,
        "duration_s": round(frames / reader.fps, 3),
    }


def _settings(arguments: argparse.Namespace) -> OfficialSettings:
    if arguments.gripper is None:
        raise ConfigurationError(
            "--gripper: missing, expected 1-closed or 1-open; the official release says both: its "
            "text 1-open, its code 1-closed"
        )
    pose = arguments.camera_pose or CameraPoseConvention.CAMERA_TO_WORLD.value
    return OfficialSettings(
        gripper=GripperConvention(arguments.gripper),
        rate_hz=RATE_HZ if arguments.rate_hz is None else arguments.rate_hz,
        camera_pose=CameraPoseConvention(pose),
        tool=None if arguments.tool_frame is None else read_tool_frame(arguments.tool_frame),
        software=software_versions(),
    )


def _import(library: DemoLibrary, folder: Path, settings: OfficialSettings) -> Document:
    summary = store(library, read_official(folder, settings))
    pose = camera_pose_path(folder)
    return {
        "folder": folder.name,
        "id": summary.demo_id,
        "content_hash": summary.content_hash,
        "text": summary.task.text,
        "skill": summary.task.skill,
        "target_object": summary.task.target_object,
        "other_object": summary.task.other_object,
        "camera_pose": "shared" if pose.parent != folder else "own",
    }


def read_tool_frame(path: Path) -> ToolFrame:
    """Read a tool frame from a YAML file with the keys of the record's ``tool_frame``.

    Raises:
        ConfigurationError: The file cannot be read, or something in it is missing or wrong.
    """
    try:
        values: Any = OmegaConf.to_container(OmegaConf.load(path), resolve=True)
        with format_errors(path.name):
            return tool_from_json(values)
    except (OSError, UnicodeDecodeError, YAMLError, OmegaConfBaseException) as error:
        raise ConfigurationError(f"--tool-frame: cannot read {path} ({error})") from error
    except DemoFormatError as error:
        raise ConfigurationError(
            f"--tool-frame: {error}; expected T_flange_tool (4, 4), gripper, payload_kg and "
            "p_com_flange (3)"
        ) from error


def _report(console: Console, document: Document, as_json: bool) -> None:
    imported, refused = document["imported"], document["refused"]
    for row in imported:
        console.print(f"{row['folder']}: imported as {row['id']} ({row['text']})", markup=False)
    if any(row["camera_pose"] == "shared" for row in imported):
        console.print(
            f"{SHARED_CAMERA_POSE_NAME} of the folder above was used: right only if the camera "
            "never moved between these demonstrations",
            style="yellow",
        )
    if not as_json:
        print_set_aside(console, "refused", refused)
    console.print(
        f"{len(imported)} imported into {document['library']}, {len(refused)} refused", markup=False
    )


SUBCOMMAND = Subcommand(
    name="import",
    help_lines="""\
  mt3-demos import FOLDER --format official --gripper 1-closed
                                   demonstrations of the official release's layout: one folder, or
                                   a folder of them; --gripper 1-closed or 1-open says what 1 means
      --rate-hz 30                 rate of the twists
      --camera-pose camera-to-world    or world-to-camera
      --tool-frame FILE            what was at the flange, needed to replay them (YAML:
                                   T_flange_tool, gripper, payload_kg, p_com_flange)
  mt3-demos import FOLDER --format lerobot
                                   what a LeRobotDataset v3.0 holds, and what it lacks""",
    add_arguments=_add_arguments,
    run=_run,
)
