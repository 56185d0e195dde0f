"""``mt3-calibrate reference``: remember the board that stays on the table."""

from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console

from hardware.calibration.calibration_file import load_calibration
from hardware.calibration.check import remember_board
from hardware.calibration.json_file import pose_as_plain
from hardware.cli.calibration_view import look
from mt3.cli.entry import HydraCommand
from mt3.cli.outcome import ExitCode, Outcome

HELP = """
mt3-calibrate reference: remember the board that stays on the table.

  mt3-calibrate reference scene=ur5e

Do this once after hand-eye, while the camera surely is where it was. Lay the board in view, where
it can stay or be put back exactly, such as against a stop. From then on mt3-calibrate check needs
one view of it.

Settings, as key=value:
  scene=NAME         the workplace
  camera=NAME        of the scene (default front)
  file=FILE          of the calibration (default ./calibration/CAMERA.json)
  frames=N           images whose mean is taken (default 10)
  output=json        one JSON document on standard output
"""


def _run(cfg: DictConfig, console: Console) -> Outcome:
    path = Path(cfg.file)
    calibration = load_calibration(path)
    frames, T_WE = look(cfg, calibration)
    remembered = remember_board(calibration, frames, T_WE)
    remembered.save(path)
    T_WM = remembered.require_reference()
    x, y, z = T_WM.t
    console.print(f"board at {x:+.4f} {y:+.4f} {z:+.4f} m in W; written {path}", markup=False)
    document = {"file": str(path), "T_world_board": pose_as_plain(T_WM), "exit_code": 0}
    return Outcome(ExitCode.SUCCESS, document)


COMMAND = HydraCommand(
    name="mt3-calibrate reference",
    config_name="calibrate",
    help_text=HELP,
    example="scene=ur5e",
    run=_run,
)
