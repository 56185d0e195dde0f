"""The result of a hand-eye calibration as a file, and what a scene reads from it."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from hardware.calibration.board import Board
from hardware.calibration.camera_setup import CameraSetup
from hardware.calibration.hand_eye import HandEyeResult
from hardware.calibration.hand_eye_quality import HandEyeFigures, LeaveOneOut
from hardware.calibration.hand_eye_views import HandEyePose
from hardware.calibration.json_file import (
    pose_as_plain,
    pose_from_plain,
    read_json,
    write_json,
)
from hardware.calibration.mounting import Mounting
from mt3.errors import CalibrationError, ConfigurationError
from mt3.geometry import SE3

FORMAT, VERSION = "mt3-camera-calibration", 1
_CAMERA_KEY = {Mounting.STAND: "T_world_camera", Mounting.WRIST: "T_tool_camera"}
_BOARD_KEY = {Mounting.STAND: "T_tool_board", Mounting.WRIST: "T_world_board"}


@dataclass(frozen=True, slots=True, eq=False)
class CameraCalibration:
    """Where a camera is, and what is needed to check later that it still is there.

    Args:
        setup: Which camera, robot and mounting.
        board: The board that it was calibrated with.
        pose: Of camera and board in their parents, see ``Mounting``.
        T_WM: Pose in W of a board that stays on the table, for ``check``; None where none was
            shown yet.
        figures: How good it is.
        date: When it was made, ISO 8601 with time zone.
    """

    setup: CameraSetup
    board: Board
    pose: HandEyePose
    T_WM: SE3 | None
    figures: HandEyeFigures
    date: datetime

    @classmethod
    def of(cls, result: HandEyeResult, setup: CameraSetup, board: Board) -> Self:
        """The calibration of today.

        Raises:
            CalibrationError: The result may not be used; the message says why.
        """
        pose = result.require()
        T_WM = pose.T_QM if setup.mounting is Mounting.WRIST else None
        now = datetime.now(UTC).replace(microsecond=0)
        return cls(setup, board, pose, T_WM, result.figures, now)

    def T_WC(self, T_WE: SE3 | None = None) -> SE3:
        """Pose of the camera in W.

        Args:
            T_WE: Pose of the tool when the image was taken; needed for a wrist camera alone.

        Raises:
            ConfigurationError: It is on the wrist, and no pose of the tool was given.
        """
        if self.setup.mounting is Mounting.STAND:
            return self.pose.T_PC
        if T_WE is None:
            raise ConfigurationError(
                f"camera {self.setup.camera}: is on the wrist, give the pose of the tool too"
            )
        return T_WE @ self.pose.T_PC

    def require_reference(self) -> SE3:
        """Pose in W of the board that stays on the table.

        Raises:
            CalibrationError: None was shown yet.
        """
        if self.T_WM is None:
            raise CalibrationError(
                f"camera {self.setup.camera}: no board on the table is stored with its "
                "calibration; lay one where it can stay, then mt3-calibrate reference"
            )
        return self.T_WM

    def save(self, path: Path) -> None:
        """Write it, in place of what is there.

        Raises:
            StorageError: It cannot be written.
        """
        write_json(path, self.as_plain())

    def as_plain(self) -> dict[str, Any]:
        """Its values, for JSON."""
        mounting, reference = self.setup.mounting, self.T_WM
        return {
            "format": FORMAT,
            "version": VERSION,
            "date": self.date.isoformat(),
            "setup": self.setup.as_plain(),
            "board": self.board.as_plain(),
            _CAMERA_KEY[mounting]: pose_as_plain(self.pose.T_PC),
            _BOARD_KEY[mounting]: pose_as_plain(self.pose.T_QM),
            "T_world_reference_board": None if reference is None else pose_as_plain(reference),
            "figures": dataclasses.asdict(self.figures),
        }

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> Self:
        """From what ``as_plain`` gave.

        Raises:
            ConfigurationError: A value is missing or wrong, or the format is another one.
        """
        got = values.get("format"), values.get("version")
        if got != (FORMAT, VERSION):
            raise ConfigurationError(f"format: got {got}, expected {(FORMAT, VERSION)}")
        try:
            setup, figures = CameraSetup.from_plain(values["setup"]), dict(values["figures"])
            camera_key, board_key = _CAMERA_KEY[setup.mounting], _BOARD_KEY[setup.mounting]
            reference = values["T_world_reference_board"]
            left_out = LeaveOneOut(**figures.pop("leave_one_out"))
            return cls(
                setup,
                Board.from_plain(values["board"]),
                HandEyePose(
                    pose_from_plain(camera_key, values[camera_key]),
                    pose_from_plain(board_key, values[board_key]),
                ),
                None if reference is None else pose_from_plain("reference", reference),
                HandEyeFigures(leave_one_out=left_out, **figures),
                datetime.fromisoformat(values["date"]),
            )
        except (KeyError, TypeError) as error:
            raise ConfigurationError(f"missing or wrong: {error}") from error


def load_calibration(path: Path) -> CameraCalibration:
    """A calibration from its file.

    Raises:
        ConfigurationError: There is no such file, or it is damaged; the message names it.
    """
    if not path.is_file():
        raise ConfigurationError(
            f"file: there is no calibration {path}; give file=FILE, or make it with mt3-calibrate "
            "hand-eye first"
        )
    document = read_json(path)
    try:
        return CameraCalibration.from_plain(document)
    except ValueError as error:
        raise ConfigurationError(f"calibration {path}: {error}") from error
