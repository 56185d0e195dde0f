"""``mt3-calibrate hand-eye``: the pose of a camera."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from rich.console import Console
from rich.live import Live
from rich.table import Table

from hardware.calibration.board import Board
from hardware.calibration.board_view import BoardFinder
from hardware.calibration.calibration_file import CameraCalibration
from hardware.calibration.camera_setup import CameraSetup, serial_of
from hardware.calibration.hand_eye import HandEyeResult, estimate_hand_eye
from hardware.calibration.hand_eye_collection import CollectionStatus, HandEyeCollection
from hardware.calibration.mounting import Mounting
from hardware.calibration.picture import draw_hand_eye
from hardware.calibration.sample_folder import SampleFolder
from hardware.cli.calibration_scene import build_scene, camera_of, connected_rig, has_scene
from hardware.cli.calibration_screen import draw_views
from mt3.cli.assembly import build
from mt3.cli.entry import HydraCommand
from mt3.cli.outcome import ExitCode, Outcome
from mt3.errors import ConfigurationError

HELP = """
mt3-calibrate hand-eye: the pose of a camera, from views of a board.

  mt3-calibrate hand-eye scene=ur5e mounting=stand       record views, then calibrate
  mt3-calibrate hand-eye scene=ur5e mounting=stand teleop=hand_guiding
  mt3-calibrate hand-eye samples=calibration/front       calibrate from recorded views

mounting=stand: the camera stands beside the arm, and the gripper carries the board.
mounting=wrist: the camera is on the arm, and the board lies on the table.

The screen says which view to add next. Move the arm there, let it rest, and press space. Each view
is on the disk at once; the same command goes on where it was left. After 15 views press enter. The
camera's pose is found, checked by leaving out each view in turn, and refused where it is poor; then
it says which views to add.

Settings, as key=value:
  scene=NAME         the workplace; without it the recorded views are evaluated
  mounting=PLACE     stand or wrist, for recording
  camera=NAME        of the scene (default front)
  samples=FOLDER     of the views (default ./calibration/CAMERA)
  file=FILE          of the result (default ./calibration/CAMERA.json)
  teleop=DEVICE      what moves the arm: hand_guiding, keyboard, spacemouse, ...; without it, its
                     own pendant
  board.square_m=    the side of a square as measured on the print (also board.marker_m, ...)
  output=json        one JSON document on standard output
Every gate is a setting too, such as hand_eye_rules.min_views=12; --cfg job prints them all.

Exit codes: 0 success, 1 refused, 3 bad input, 130 interrupted.
"""
PICTURE_NAME = "calibration.png"


def _run(cfg: DictConfig, console: Console) -> Outcome:
    board: Board = build(cfg.board)
    if has_scene(cfg):
        folder = _collect(cfg, board, console)
    else:
        folder = SampleFolder.read(Path(cfg.samples))
    finder = BoardFinder(board, folder.setup.intrinsics, build(cfg.view_rules))
    with console.status("calibrating"):
        samples, left_out = folder.samples(finder)
        mounting = folder.setup.mounting
        rules = build(cfg.hand_eye_rules)
        result = estimate_hand_eye(samples, mounting, board, finder.intrinsics, rules)
    picture = folder.path / PICTURE_NAME
    draw_hand_eye(result, samples, board, finder.intrinsics, picture)
    _print(result, left_out, console)
    console.print(f"picture {picture}", markup=False)
    document = _document(result, left_out) | {"picture": str(picture), "file": None}
    if not result.trusted:
        return Outcome(ExitCode.FAILED, document | {"exit_code": int(ExitCode.FAILED)})
    calibration = CameraCalibration.of(result, folder.setup, board)
    calibration.save(Path(cfg.file))
    console.print(f"written {cfg.file}", markup=False)
    if mounting is Mounting.STAND:
        console.print("lay a board on the table where it can stay, then: mt3-calibrate reference")
    document |= {"file": str(cfg.file), "calibration": calibration.as_plain()}
    return Outcome(ExitCode.SUCCESS, document | {"exit_code": 0})


def _collect(cfg: DictConfig, board: Board, console: Console) -> SampleFolder:
    """Let an operator record views."""
    mounting = _mounting(cfg)
    scene = build_scene(cfg)
    camera = camera_of(cfg, scene)
    with connected_rig(cfg, scene, console) as rig, Live(console=console, transient=True) as live:
        device_keys = {} if rig.teleop is None else rig.teleop.keys
        intrinsics = camera.read(1.0).intrinsics
        setup = CameraSetup(
            mounting, str(cfg.camera), serial_of(camera), intrinsics, scene.robot, scene.T_WB
        )
        folder = SampleFolder.open(Path(cfg.samples), setup)

        def show(status: CollectionStatus) -> None:
            live.update(draw_views(status, device_keys, console.height), refresh=True)

        finder = BoardFinder(board, intrinsics, build(cfg.view_rules))
        HandEyeCollection(rig, camera, folder, finder, show).run()
    return folder


def _mounting(cfg: DictConfig) -> Mounting:
    try:
        return Mounting(str(cfg.mounting))
    except ValueError:
        raise ConfigurationError(
            f"mounting: got {cfg.mounting}, expected stand (the gripper carries the board) or "
            "wrist (the board lies on the table)"
        ) from None


def _print(result: HandEyeResult, left_out: Sequence[str], console: Console) -> None:
    figures, errors = result.figures, result.figures.leave_one_out
    table = Table(title="closed-form solvers, from the refined pose", title_justify="left")
    for name in ("solver", "mm", "deg", "corners off [px]"):
        table.add_column(name, justify="left" if name == "solver" else "right")
    for one in result.solvers:
        degrees = math.degrees(one.distance_rad)
        table.add_row(
            one.name, f"{1e3 * one.distance_m:.2f}", f"{degrees:.3f}", f"{one.rms_px:.2f}"
        )
    console.print(table)
    for line in left_out:
        console.print(f"left out: {line}", style="yellow", markup=False)
    for name in result.rejected:
        what = f"left out: view {name}: contradicts the others"
        console.print(what, style="yellow", markup=False)
    console.print(
        f"{figures.used} views, corners {figures.rms_px:.2f} px off, squares {figures.scale:.4f} "
        "times as large as given",
        markup=False,
    )
    console.print(
        f"leave-one-out error {1e3 * errors.error_m:.2f} mm, {math.degrees(errors.error_rad):.2f} "
        f"deg; camera known to {1e3 * errors.uncertain_m:.2f} mm, "
        f"{math.degrees(errors.uncertain_rad):.3f} deg",
        markup=False,
    )
    for line in result.shortcomings:
        console.print(f"refused: {line}", style="red", markup=False)


def _document(result: HandEyeResult, left_out: Sequence[str]) -> dict[str, Any]:
    return {
        "trusted": result.trusted,
        "shortcomings": list(result.shortcomings),
        "used": list(result.used),
        "rejected": list(result.rejected),
        "left_out": list(left_out),
        "figures": dataclasses.asdict(result.figures),
        "solvers": [dataclasses.asdict(one) for one in result.solvers],
    }


COMMAND = HydraCommand(
    name="mt3-calibrate hand-eye",
    config_name="calibrate",
    help_text=HELP,
    example="scene=ur5e",
    run=_run,
)
