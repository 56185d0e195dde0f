"""The touches of a tool calibration in a file, which is written with each of them."""

from pathlib import Path

from hardware.calibration.json_file import (
    pose_as_plain,
    pose_from_plain,
    read_json,
    write_json,
)
from mt3.errors import ConfigurationError
from mt3.geometry import SE3


class TouchFile:
    """Poses of the flange in which the tool touched the same point.

    Args:
        path: The JSON file: ``robot``, and ``T_base_flange``, a list of poses of four rows.
        robot: Name of the robot.
        touches: Poses of the flange in the arm's base.
    """

    def __init__(self, path: Path, robot: str, touches: tuple[SE3, ...]) -> None:
        self.path, self.robot, self.touches = path, robot, touches

    @classmethod
    def read(cls, path: Path) -> "TouchFile":
        """A file that is there.

        Raises:
            ConfigurationError: It is no such file.
        """
        document = read_json(path)
        robot, listed = document.get("robot"), document.get("T_base_flange")
        if not isinstance(robot, str) or not isinstance(listed, list):
            raise ConfigurationError(f"{path}: expected robot and a list T_base_flange")
        poses = (pose_from_plain(f"{path}: touch {k + 1}", one) for k, one in enumerate(listed))
        return cls(path, robot, tuple(poses))

    @classmethod
    def open(cls, path: Path, robot: str) -> "TouchFile":
        """A file to go on with; an empty one where there is none.

        Raises:
            ConfigurationError: It is of another robot, or damaged.
        """
        if not path.exists():
            return cls(path, robot, ())
        found = cls.read(path)
        if found.robot != robot:
            raise ConfigurationError(
                f"{path}: holds touches of {found.robot}, expected {robot}; take another file, "
                "touches=FILE"
            )
        return found

    def add(self, T_BF: SE3) -> None:
        """Add a touch.

        Raises:
            StorageError: It cannot be written.
        """
        self._write((*self.touches, T_BF))

    def remove_last(self) -> None:
        """Delete the last touch.

        Raises:
            StorageError: It cannot be written.
        """
        self._write(self.touches[:-1])

    def _write(self, touches: tuple[SE3, ...]) -> None:
        listed = [pose_as_plain(pose) for pose in touches]
        write_json(self.path, {"robot": self.robot, "T_base_flange": listed})
        self.touches = touches
