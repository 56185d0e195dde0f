"""Whether a camera is still where its calibration says, from one fresh view of a board."""

import dataclasses
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import numpy as np

from hardware.calibration.board_pose import estimate_uncertainty
from hardware.calibration.board_view import BoardFinder, BoardView
from hardware.calibration.calibration_file import CameraCalibration
from mt3.errors import BoardViewError, CalibrationError
from mt3.geometry import SE3
from mt3.perception import RGBD
from mt3.types import FloatArray, require_positive

_SURE_ERRORS = 3.0  # a smaller motion than so many standard errors is none
_SURE_SHARE = 0.5  # of the gates that a view's own uncertainty may take


@dataclass(frozen=True, slots=True)
class CheckRules:
    """From where on a camera counts as moved.

    Args:
        warn_m: It moves things by so much: worth a look.
        warn_rad: It turns things by so much.
        max_m: Nothing may be done with it.
        max_rad: Nothing may be done with it.

    Raises:
        ConfigurationError: A value that is no positive number.
    """

    warn_m: float = 0.002
    warn_rad: float = math.radians(0.2)
    max_m: float = 0.005
    max_rad: float = math.radians(0.5)

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            require_positive(field.name, getattr(self, field.name))


class Verdict(StrEnum):
    """What a check says."""

    HOLDS = "holds"
    DRIFTED = "drifted"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class CalibrationCheck:
    """How far a calibration is off now, measured at the board.

    A camera's own shift and turn are not told apart: what counts is how far off it sees things.

    Args:
        camera: Its name.
        moved_m: From where the board is to where the calibration puts it now, at its middle.
        moved_rad: Of its rotation.
        uncertain_m: Standard error of ``moved_m``, from this view alone.
        uncertain_rad: Standard error of ``moved_rad``.
        age_s: Seconds since the calibration.
        verdict: What it comes to.
    """

    camera: str
    moved_m: float
    moved_rad: float
    uncertain_m: float
    uncertain_rad: float
    age_s: float
    verdict: Verdict

    @property
    def message(self) -> str:
        """One line for people, with what to do."""
        found = (
            f"camera {self.camera}: sees the board {1e3 * self.moved_m:.1f} mm and "
            f"{math.degrees(self.moved_rad):.2f} deg from where its calibration of "
            f"{self.age_s / 86400.0:.1f} days ago puts it"
        )
        return {
            Verdict.HOLDS: f"{found}: it holds",
            Verdict.DRIFTED: f"{found}: it has moved a little, calibrate again soon",
            Verdict.MOVED: f"{found}: camera or board was moved; put the board back where it was, "
            "or calibrate again with mt3-calibrate hand-eye",
        }[self.verdict]

    def require(self) -> None:
        """Do nothing for a calibration that may be used.

        Raises:
            CalibrationError: Camera or board was moved too far.
        """
        if self.verdict is Verdict.MOVED:
            raise CalibrationError(self.message)


def check_calibration(
    calibration: CameraCalibration,
    frames: Sequence[RGBD],
    T_WE: SE3 | None = None,
    rules: CheckRules | None = None,
) -> CalibrationCheck:
    """Compare a stored calibration with a fresh view of the board that stays on the table.

    Args:
        calibration: The stored one; it knows where the board is.
        frames: Images of one moment at rest; more than one lessen the noise.
        T_WE: Pose of the tool then; needed for a wrist camera alone.
        rules: From where on it counts as moved; the defaults of ``CheckRules`` where left out.

    Raises:
        CalibrationError: No board on the table is stored with the calibration.
        BoardViewError: The board is not seen well enough to tell.
        ConfigurationError: The images are of another camera or resolution, or ``T_WE`` is missing.
    """
    rules = CheckRules() if rules is None else rules
    T_WM, T_WC = calibration.require_reference(), calibration.T_WC(T_WE)
    view, p_M = _steady_view(calibration, frames)
    uncertain = estimate_uncertainty(view.T_CM, p_M, view.rms_px, calibration.setup.intrinsics)
    if uncertain[0] > _SURE_SHARE * rules.max_m or uncertain[1] > _SURE_SHARE * rules.max_rad:
        raise BoardViewError(
            f"board: its pose is uncertain to {1e3 * uncertain[0]:.1f} mm and "
            f"{math.degrees(uncertain[1]):.2f} deg, too much to tell whether the camera moved: "
            "nearer, tilted to the camera, more light"
        )
    T_WM_seen, middle = T_WC @ view.T_CM, p_M.mean(axis=0)
    moved_m = float(np.linalg.norm(T_WM_seen @ middle - T_WM @ middle))
    moved_rad = T_WM_seen.angle_to_rad(T_WM)
    verdict = Verdict.HOLDS
    if moved_m > rules.max_m or moved_rad > rules.max_rad:
        verdict = Verdict.MOVED
    elif moved_m > max(rules.warn_m, _SURE_ERRORS * uncertain[0]) or moved_rad > max(
        rules.warn_rad, _SURE_ERRORS * uncertain[1]
    ):
        verdict = Verdict.DRIFTED
    age_s = (datetime.now(UTC) - calibration.date).total_seconds()
    return CalibrationCheck(
        calibration.setup.camera, moved_m, moved_rad, *uncertain, age_s, verdict
    )


def remember_board(
    calibration: CameraCalibration, frames: Sequence[RGBD], T_WE: SE3 | None = None
) -> CameraCalibration:
    """The calibration with the board that lies on the table now, for later checks.

    Args:
        calibration: A calibration that holds.
        frames: Images of one moment at rest.
        T_WE: Pose of the tool then; needed for a wrist camera alone.

    Raises:
        BoardViewError: The board is not seen well enough.
        ConfigurationError: The images are of another camera or resolution, or ``T_WE`` is missing.
    """
    view, _ = _steady_view(calibration, frames)
    return dataclasses.replace(calibration, T_WM=calibration.T_WC(T_WE) @ view.T_CM)


def _steady_view(
    calibration: CameraCalibration, frames: Sequence[RGBD]
) -> tuple[BoardView, FloatArray]:
    """The board over several frames, each corner at its mean; and those corners on the board."""
    if not frames:
        raise BoardViewError("board: got no frames, expected at least one")
    setup, board = calibration.setup, calibration.board
    finder = BoardFinder(board, setup.intrinsics)
    places: defaultdict[int, list[FloatArray]] = defaultdict(list)
    edges_px = []
    for frame in frames:
        setup.require_same_intrinsics(frame.intrinsics, "calibrate again for this camera")
        seen = finder.find(frame.color)
        edges_px.append(seen.edge_px)
        for number, corner in zip(seen.ids, seen.corners_px, strict=True):
            places[int(number)].append(corner)
    ids = np.array([n for n in sorted(places) if 2 * len(places[n]) > len(frames)], dtype=np.intp)
    if len(ids) < finder.rules.min_corners:
        raise BoardViewError(
            "board: its corners come and go between frames: more light, hold still"
        )
    corners_px = np.stack([np.mean(places[int(n)], axis=0) for n in ids])
    view = finder.view_of(ids, corners_px, float(np.median(edges_px)))
    return view, board.corners_M()[ids]
