"""``mt3-calibrate check``: is the camera still where its calibration says?"""

import dataclasses
from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console

from hardware.calibration.calibration_file import load_calibration
from hardware.calibration.check import Verdict, check_calibration
from hardware.cli.calibration_view import look
from mt3.cli.assembly import build
from mt3.cli.entry import HydraCommand
from mt3.cli.outcome import ExitCode, Outcome

HELP = """
mt3-calibrate check: is the camera still where its calibration says?

  mt3-calibrate check scene=ur5e

Takes one look at the board that stays on the table (see mt3-calibrate reference; with a camera on
the wrist, it is the board of hand-eye). Nothing moves. Over 2 mm or 0.2 deg it warns; over 5 mm or
0.5 deg, exit code 1, the calibration must not be used.

Settings, as key=value:
  scene=NAME         the workplace
  camera=NAME        of the scene (default front)
  file=FILE          of the calibration (default ./calibration/CAMERA.json)
  frames=N           images whose mean is taken (default 10)
  check_rules.max_m=0.005 check_rules.max_rad=0.00873 check_rules.warn_m= check_rules.warn_rad=
  output=json        one JSON document on standard output

Exit codes: 0 it holds, 1 it was moved or the board is not seen, 3 bad input, 130 interrupted.
"""

_STYLE = {Verdict.HOLDS: "green", Verdict.DRIFTED: "yellow", Verdict.MOVED: "red"}


def _run(cfg: DictConfig, console: Console) -> Outcome:
    calibration = load_calibration(Path(cfg.file))
    calibration.require_reference()
    frames, T_WE = look(cfg, calibration)
    found = check_calibration(calibration, frames, T_WE, build(cfg.check_rules))
    console.print(found.message, style=_STYLE[found.verdict], markup=False, soft_wrap=True)
    code = ExitCode.FAILED if found.verdict is Verdict.MOVED else ExitCode.SUCCESS
    document = {**dataclasses.asdict(found), "message": found.message, "exit_code": int(code)}
    return Outcome(code, document)


COMMAND = HydraCommand(
    name="mt3-calibrate check",
    config_name="calibrate",
    help_text=HELP,
    example="scene=ur5e",
    run=_run,
)
