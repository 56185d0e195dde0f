"""``mt3-calibrate board``: a page to print."""

from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console

from hardware.calibration.board import Board
from hardware.calibration.board_print import print_board
from mt3.cli.assembly import build
from mt3.cli.entry import HydraCommand
from mt3.cli.outcome import ExitCode, Outcome

HELP = """
mt3-calibrate board: a page with the calibration board at its real size.

  mt3-calibrate board                               7 x 5 squares of 36 mm on A4
  mt3-calibrate board paper=a3 board.square_m=0.05 board.marker_m=0.0375

Settings, as key=value:
  page=FILE          ending in .pdf or .png (default ./calibration/board.pdf)
  paper=NAME         a4, a3 or letter
  board.columns, board.rows, board.square_m, board.marker_m, board.dictionary
  output=json        one JSON document on standard output

Print at 100 %, glue it flat on something stiff, and measure a row of squares: every other verb
takes the measured size as board.square_m=.
"""

_ADVICE = """
1. Print it at 100 %, without "fit to page", and check the ruler below the board: 100 mm.
2. Glue it on something flat and stiff, such as aluminium composite or glass. Paper alone bends.
3. Measure along a whole row of squares, divide by their number, and give the other verbs
   board.square_m= where it differs by more than 0.1 mm from {square_mm:g} mm.
4. Camera on a stand: fix it to the gripper so that it cannot slip. Camera on the wrist: lay it on
   the table so that it cannot move.
"""


def _run(cfg: DictConfig, console: Console) -> Outcome:
    board: Board = build(cfg.board)
    path = Path(cfg.page)
    print_board(board, path, str(cfg.paper))
    console.print(f"board: {board}, on {cfg.paper}: {path}", markup=False, soft_wrap=True)
    console.print(_ADVICE.format(square_mm=1e3 * board.square_m), markup=False, highlight=False)
    return Outcome(ExitCode.SUCCESS, {"page": str(path), "board": board.as_plain(), "exit_code": 0})


COMMAND = HydraCommand(
    name="mt3-calibrate board",
    config_name="calibrate",
    help_text=HELP,
    example="paper=a3",
    run=_run,
)
