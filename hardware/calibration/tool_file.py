"""The result of a tool calibration as a file."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from hardware.calibration.json_file import read_json, write_json
from hardware.calibration.tool_point import ToolPointResult
from mt3.errors import ConfigurationError, GeometryError
from mt3.types import FloatArray, frozen_array

FORMAT, VERSION = "mt3-tool-calibration", 1


@dataclass(frozen=True, slots=True, eq=False)
class ToolCalibration:
    """Where the tool centre point is in the flange; touching cannot tell how the tool is turned.

    Args:
        robot: Name of the robot.
        p_flange: The point, (3,), metres.
        touches: How many it comes from.
        rejected: How many were left out.
        error_m: Leave-one-out error, root mean square.
        uncertain_m: Standard error of the point.
        date: When it was made.
    """

    robot: str
    p_flange: FloatArray
    touches: int
    rejected: int
    error_m: float
    uncertain_m: float
    date: datetime

    @classmethod
    def of(cls, result: ToolPointResult, robot: str) -> Self:
        """The calibration of today.

        Raises:
            CalibrationError: The result may not be used; the message says why.
        """
        return cls(
            robot,
            result.require(),
            len(result.used),
            len(result.rejected),
            result.error_m,
            result.uncertain_m,
            datetime.now(UTC).replace(microsecond=0),
        )

    def as_plain(self) -> dict[str, Any]:
        """Its values, for JSON."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "date": self.date.isoformat(),
            "robot": self.robot,
            "p_flange_tool": self.p_flange.tolist(),
            "touches": self.touches,
            "rejected": self.rejected,
            "leave_one_out_error_m": self.error_m,
            "uncertain_m": self.uncertain_m,
        }

    def save(self, path: Path) -> None:
        """Write it, in place of what is there.

        Raises:
            StorageError: It cannot be written.
        """
        write_json(path, self.as_plain())


def load_tool_calibration(path: Path) -> ToolCalibration:
    """A tool calibration from its file.

    Raises:
        ConfigurationError: There is no such file, or it is damaged; the message names it.
    """
    values = read_json(path)
    if (values.get("format"), values.get("version")) != (FORMAT, VERSION):
        raise ConfigurationError(f"{path}: is no {FORMAT} of version {VERSION}")
    try:
        return ToolCalibration(
            str(values["robot"]),
            frozen_array("p_flange_tool", values["p_flange_tool"], (3,)),
            int(values["touches"]),
            int(values["rejected"]),
            float(values["leave_one_out_error_m"]),
            float(values["uncertain_m"]),
            datetime.fromisoformat(values["date"]),
        )
    except (KeyError, TypeError, ValueError, GeometryError) as error:
        raise ConfigurationError(f"{path}: missing or wrong: {error}") from error
