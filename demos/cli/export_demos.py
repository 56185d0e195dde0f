"""``mt3-demos export``: demonstrations of a library in other layouts."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from demos.cli.progress import tracked
from demos.cli.reports import Document
from demos.cli.subcommand import Subcommand
from demos.formats.lerobot_export import NamedRecording, export_lerobot
from demos.formats.official_export import export_official, share_camera_pose
from demos.formats.official_layout import (
    OWN_CAMERA_POSE_NAME,
    SHARED_CAMERA_POSE_NAME,
    GripperConvention,
)
from demos.library import LIBRARY_NAME, DemoLibrary
from mt3.cli.outcome import ExitCode, Outcome
from mt3.errors import ConfigurationError
from mt3.types import require_positive


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", nargs="+")
    parser.add_argument("--format", choices=("official", "lerobot"), required=True)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--gripper", choices=[choice.value for choice in GripperConvention])
    parser.add_argument("--fps", type=int)
    parser.add_argument("--no-video", action="store_true")


def _run(arguments: argparse.Namespace, console: Console) -> Outcome:
    library = DemoLibrary.open(arguments.library)
    demo_ids = list(dict.fromkeys(arguments.id))
    for demo_id in demo_ids:
        library.folder(demo_id)
    if any((folder / LIBRARY_NAME).exists() for folder in (arguments.out, *arguments.out.parents)):
        raise ConfigurationError(
            f"--out: got {arguments.out}, which is in a library, expected a folder outside"
        )
    export = _export_official if arguments.format == "official" else _export_lerobot
    exported = export(library, demo_ids, arguments, console)
    return Outcome(ExitCode.SUCCESS, {"out": str(arguments.out), "exported": exported})


def _export_official(
    library: DemoLibrary, demo_ids: list[str], arguments: argparse.Namespace, console: Console
) -> list[Document]:
    if arguments.fps is not None or arguments.no_video:
        raise ConfigurationError(
            "--fps and --no-video: belong to --format lerobot, not to official"
        )
    if arguments.gripper is None:
        raise ConfigurationError(
            "--gripper: missing, expected 1-closed (as the official code reads it) or 1-open (as "
            "its text says)"
        )
    gripper = GripperConvention(arguments.gripper)
    exported: list[Document] = []
    for demo_id in tracked(demo_ids, "exporting", console):
        recording, _ = library.read(demo_id)
        done = export_official(recording, arguments.out, gripper)
        exported.append({"id": demo_id, "folder": str(done.folder), "notes": list(done.notes)})
        console.print(f"{demo_id}: {done.folder}", markup=False)
        for note in done.notes:
            console.print(f"  {note}", style="yellow", markup=False)
    if not share_camera_pose(arguments.out):
        console.print(
            f"the camera moved between these demonstrations: no {SHARED_CAMERA_POSE_NAME}, the one "
            f"pose that the official code uses for all; each has its own {OWN_CAMERA_POSE_NAME}",
            style="yellow",
        )
    return exported


def _export_lerobot(
    library: DemoLibrary, demo_ids: list[str], arguments: argparse.Namespace, console: Console
) -> list[Document]:
    if arguments.gripper is not None:
        raise ConfigurationError(
            "--gripper: belongs to --format official; here 0 is closed and 1 open, as everywhere"
        )
    if arguments.fps is not None:
        require_positive("--fps", arguments.fps)

    def demos() -> Iterator[NamedRecording]:
        for demo_id in tracked(demo_ids, "exporting", console):
            recording, content_hash = library.read(demo_id)
            yield NamedRecording(demo_id, content_hash, recording)

    info = export_lerobot(demos(), arguments.out, arguments.fps, not arguments.no_video)
    console.print(
        f"{info['total_episodes']} episodes, {info['total_frames']} frames at {info['fps']} a "
        f"second: {arguments.out}",
        markup=False,
    )
    return [{"id": demo_id, "episode": number} for number, demo_id in enumerate(demo_ids)]


SUBCOMMAND = Subcommand(
    name="export",
    help_lines="""\
  mt3-demos export ID [ID ...] --format official --gripper 1-closed --out FOLDER
                                   in the official release's layout, at 30 Hz; its code reads
                                   --gripper 1-closed, its text says 1-open
  mt3-demos export ID [ID ...] --format lerobot --out FOLDER
                                   one LeRobotDataset v3.0 at the camera stream's rate
      --no-video --fps 30          state and action alone, as without a camera stream""",
    add_arguments=_add_arguments,
    run=_run,
)
