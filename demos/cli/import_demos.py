"""``mt3-demos import``: demonstrations of other layouts into a library."""

import argparse
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console
from yaml import YAMLError  # type: ignore[import-untyped]

from demos.cli.progress import track
from demos.cli.reports import Document, print_set_aside
from demos.cli.subcommand import Subcommand
from demos.intake import store
from demos.library import DemoLibrary
from demos.official_import import BACKEND, OfficialSettings, find_demonstrations, read_official
from demos.official_layout import (
    RATE_HZ,
    SHARED_CAMERA_POSE_NAME,
    CameraPoseConvention,
    GripperConvention,
)
from demos.official_view import camera_pose_path
from demos.schema import format_errors, tool_from_json
from mt3.cli.outcome import ExitCode, Outcome
from mt3.cli.software import software_versions
from mt3.demonstration import UNKNOWN_ROBOT
from mt3.errors import ConfigurationError, DemoFormatError, Mt3Error
from mt3.tool import ToolFrame


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path)
    parser.add_argument("--format", choices=("official",), required=True)
    parser.add_argument("--gripper", choices=[choice.value for choice in GripperConvention])
    parser.add_argument("--rate-hz", type=float, default=RATE_HZ)
    parser.add_argument(
        "--camera-pose",
        choices=[choice.value for choice in CameraPoseConvention],
        default=CameraPoseConvention.CAMERA_TO_WORLD.value,
    )
    parser.add_argument("--tool-frame", type=Path, metavar="FILE")


def _run(arguments: argparse.Namespace, console: Console) -> Outcome:
    if arguments.gripper is None:
        raise ConfigurationError(
            "--gripper: missing, expected 1-closed or 1-open; the official release says both: its "
            "text 1-open, its code 1-closed"
        )
    settings = OfficialSettings(
        gripper=GripperConvention(arguments.gripper),
        rate_hz=arguments.rate_hz,
        camera_pose=CameraPoseConvention(arguments.camera_pose),
        tool=None if arguments.tool_frame is None else read_tool_frame(arguments.tool_frame),
        software=software_versions(),
    )
    folders = find_demonstrations(arguments.folder)
    library = DemoLibrary.open_for_recording(arguments.library, UNKNOWN_ROBOT, BACKEND)
    imported: list[Document] = []
    refused: list[Document] = []
    for folder in track(console, folders, "importing"):
        try:
            imported.append(_import(library, folder, settings))
        except (Mt3Error, OSError) as error:
            refused.append({"id": folder.name, "reason": str(error)})
    document = {"library": str(library.path), "imported": imported, "refused": refused}
    _report(console, document, arguments.json)
    code = ExitCode.BAD_INPUT if refused else ExitCode.SUCCESS
    return Outcome(code, {**document, "exit_code": int(code)})


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
                                   T_flange_tool, gripper, payload_kg, p_com_flange)""",
    add_arguments=_add_arguments,
    run=_run,
)
