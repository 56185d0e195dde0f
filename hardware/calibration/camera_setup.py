"""Which camera was calibrated on which robot, and where it is mounted."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self, runtime_checkable

from hardware.calibration.json_file import pose_as_plain, pose_from_plain
from hardware.calibration.mounting import Mounting
from mt3.errors import ConfigurationError, ImageError
from mt3.geometry import SE3
from mt3.perception import Intrinsics

_SAME_PX, _SAME_M, _SAME_RAD = 0.5, 1e-4, 1e-4


@runtime_checkable
class NumberedCamera(Protocol):
    """A camera that tells its serial number."""

    @property
    def serial(self) -> str | None:
        """As its maker gave it; None where it has none."""
        ...


def serial_of(camera: object) -> str | None:
    """The serial number of a camera, or of its driver; None where it tells none."""
    return camera.serial if isinstance(camera, NumberedCamera) else None


@dataclass(frozen=True, slots=True, eq=False)
class CameraSetup:
    """What all views of one calibration share.

    Args:
        mounting: Where the camera is.
        camera: Its name.
        serial: Its serial number; None where it tells none.
        intrinsics: Of its images.
        robot: Name of the robot.
        T_WB: Pose of the robot's base in W.
    """

    mounting: Mounting
    camera: str
    serial: str | None
    intrinsics: Intrinsics
    robot: str
    T_WB: SE3

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> Self:
        """From what ``as_plain`` gave.

        Raises:
            ConfigurationError: A value is missing or wrong.
        """
        try:
            return cls(
                Mounting(values["mounting"]),
                str(values["camera"]),
                None if values["serial"] is None else str(values["serial"]),
                Intrinsics(**values["intrinsics"]),
                str(values["robot"]),
                pose_from_plain("T_world_base", values["T_world_base"]),
            )
        except (KeyError, TypeError, ValueError, ImageError) as error:
            if isinstance(error, ConfigurationError):
                raise
            raise ConfigurationError(f"camera setup: missing or wrong, {error}") from error

    def as_plain(self) -> dict[str, Any]:
        """Its values, for JSON."""
        return {
            "mounting": str(self.mounting),
            "camera": self.camera,
            "serial": self.serial,
            "intrinsics": dataclasses.asdict(self.intrinsics),
            "robot": self.robot,
            "T_world_base": pose_as_plain(self.T_WB),
        }

    def require_same(self, other: "CameraSetup", remedy: str) -> None:
        """Refuse to mix what belongs to different cameras, robots or mountings.

        Args:
            other: What is there now.
            remedy: What to do about a difference, for the message.

        Raises:
            ConfigurationError: They differ; the message says in what.
        """
        for name in ("mounting", "camera", "serial", "robot"):
            had, got = getattr(self, name), getattr(other, name)
            if had != got:
                raise ConfigurationError(f"{name}: got {got}, expected {had} as stored; {remedy}")
        self.require_same_intrinsics(other.intrinsics, remedy)
        if not self.T_WB.is_close(other.T_WB, _SAME_M, _SAME_RAD):
            raise ConfigurationError(
                f"T_WB: the robot's base is elsewhere in the world than as stored; {remedy}"
            )

    def require_same_intrinsics(self, intrinsics: Intrinsics, remedy: str) -> None:
        """Refuse images of another camera, resolution or zoom.

        Raises:
            ConfigurationError: They differ.
        """
        had, got = dataclasses.astuple(self.intrinsics), dataclasses.astuple(intrinsics)
        if any(abs(a - b) > _SAME_PX for a, b in zip(had, got, strict=True)):
            raise ConfigurationError(
                f"intrinsics: got {intrinsics}, expected {self.intrinsics} as stored; {remedy}"
            )
