"""``mt3-calibrate tool``: the tool centre point."""

import math
from pathlib import Path

import numpy as np
from omegaconf import DictConfig
from rich.console import Console
from rich.live import Live

from hardware.calibration.tool_collection import ToolCollection, TouchStatus
from hardware.calibration.tool_file import ToolCalibration
from hardware.calibration.tool_point import ToolPointResult, estimate_tool_point
from hardware.calibration.touch_file import TouchFile
from hardware.cli.calibration_scene import build_scene, connected_rig, has_scene
from hardware.cli.calibration_screen import draw_touches
from mt3.cli.assembly import build
from mt3.cli.entry import HydraCommand
from mt3.cli.outcome import ExitCode, Outcome

HELP = """
mt3-calibrate tool: the tool centre point, by touching one point from several sides.

  mt3-calibrate tool scene=ur5e teleop=hand_guiding      record touches, then calibrate
  mt3-calibrate tool touches=calibration/touches.json    calibrate from recorded touches

Fix something pointed on the table. Close the fingers, touch its tip with theirs, let the arm rest,
and press space; do so from eight sides, tipping the tool by 30 deg to each. Each touch is on the
disk at once; the same command goes on where it was left. Press enter at the end.

Touching tells where the point is, not how the tool is turned.

Settings, as key=value:
  scene=NAME         the workplace; without it the recorded touches are evaluated
  teleop=DEVICE      what moves the arm: hand_guiding, keyboard, spacemouse, ...
  touches=FILE       of the touches (default ./calibration/touches.json)
  tool_file=FILE     of the result (default ./calibration/tool.json)
  output=json        one JSON document on standard output
Every gate is a setting too, such as tool_rules.max_error_m=0.001; --cfg job prints them all.

Exit codes: 0 success, 1 refused, 3 bad input, 130 interrupted.
"""


def _run(cfg: DictConfig, console: Console) -> Outcome:
    file = _collect(cfg, console) if has_scene(cfg) else TouchFile.read(Path(cfg.touches))
    result = estimate_tool_point(file.touches, build(cfg.tool_rules))
    _print(result, console)
    document = {
        "trusted": result.trusted,
        "shortcomings": list(result.shortcomings),
        "p_flange_tool": result.p_flange.tolist(),
        "used": list(result.used),
        "rejected": list(result.rejected),
        "leave_one_out_error_m": result.error_m,
        "uncertain_m": result.uncertain_m,
        "rotation_rad": result.rotation,
        "file": None,
    }
    if not result.trusted:
        return Outcome(ExitCode.FAILED, document | {"exit_code": int(ExitCode.FAILED)})
    ToolCalibration.of(result, file.robot).save(Path(cfg.tool_file))
    console.print(f"written {cfg.tool_file}", markup=False)
    return Outcome(ExitCode.SUCCESS, document | {"file": str(cfg.tool_file), "exit_code": 0})


def _collect(cfg: DictConfig, console: Console) -> TouchFile:
    """Let an operator record touches."""
    scene = build_scene(cfg)
    file = TouchFile.open(Path(cfg.touches), scene.robot)
    with connected_rig(cfg, scene, console) as rig, Live(console=console, transient=True) as live:
        device_keys = {} if rig.teleop is None else rig.teleop.keys

        def show(status: TouchStatus) -> None:
            live.update(draw_touches(status, device_keys), refresh=True)

        ToolCollection(rig, scene.tool, file, show).run()
    if len(file.touches) > 0:
        configured = scene.tool.T_flange_tool.t
        console.print(f"configured: {_millimetres(configured)} in the flange", markup=False)
    return file


def _print(result: ToolPointResult, console: Console) -> None:
    console.print(f"found:      {_millimetres(result.p_flange)} in the flange", markup=False)
    console.print(
        f"{len(result.used)} touches, leave-one-out error {1e3 * result.error_m:.2f} mm; point "
        f"known to {1e3 * result.uncertain_m:.2f} mm; turned by "
        f"{math.degrees(result.rotation):.0f} deg about the axis with the least",
        markup=False,
    )
    for number in result.rejected:
        what = f"left out: touch {number + 1}: contradicts the others"
        console.print(what, style="yellow", markup=False)
    for line in result.shortcomings:
        console.print(f"refused: {line}", style="red", markup=False)


def _millimetres(p: np.ndarray) -> str:
    return " ".join(f"{value:+.2f}" for value in 1e3 * p) + " mm"


COMMAND = HydraCommand(
    name="mt3-calibrate tool",
    config_name="calibrate",
    help_text=HELP,
    example="scene=ur5e",
    run=_run,
)
