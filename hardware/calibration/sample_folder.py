"""A folder of recorded views: each is written as it is taken, so that nothing is ever lost."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from hardware.calibration.board_view import BoardFinder
from hardware.calibration.camera_setup import CameraSetup
from hardware.calibration.hand_eye_views import HandEyeSample
from hardware.calibration.json_file import (
    pose_as_plain,
    pose_from_plain,
    read_json,
    write_bytes,
    write_json,
)
from mt3.errors import BoardViewError, ConfigurationError
from mt3.geometry import SE3
from mt3.types import ColorImage

SETUP_NAME = "setup.json"
_VIEW_NAMES = "[0-9]" * 4 + ".json"


class SampleFolder:
    """Views of one calibration: ``setup.json``, and ``0001.png`` with ``0001.json`` for each view.

    A view's JSON holds ``T_base_tool``, four rows; it is written after the image, and a view is
    there once it is.

    Args:
        path: The folder.
        setup: What its views share.
    """

    def __init__(self, path: Path, setup: CameraSetup) -> None:
        self.path, self.setup = path, setup

    @classmethod
    def read(cls, path: Path) -> "SampleFolder":
        """A folder that is there.

        Raises:
            ConfigurationError: It is no such folder.
        """
        if not (path / SETUP_NAME).is_file():
            raise ConfigurationError(
                f"samples: {path} holds no {SETUP_NAME}; give scene= to record views into it"
            )
        return cls(path, CameraSetup.from_plain(read_json(path / SETUP_NAME)))

    @classmethod
    def open(cls, path: Path, setup: CameraSetup) -> "SampleFolder":
        """A folder to go on with, made if missing.

        Raises:
            ConfigurationError: It belongs to another camera, robot or mounting.
            StorageError: It cannot be written.
        """
        if (path / SETUP_NAME).is_file():
            remedy = "take another folder, samples=FOLDER"
            cls.read(path).setup.require_same(setup, remedy)
        else:
            write_json(path / SETUP_NAME, setup.as_plain())
        return cls(path, setup)

    def names(self) -> list[str]:
        """Names of its views, in order."""
        return sorted(path.stem for path in self.path.glob(_VIEW_NAMES))

    def add(self, color: ColorImage, T_BE: SE3) -> str:
        """Write a view, and return its name.

        Raises:
            StorageError: It cannot be written.
        """
        names = self.names()
        name = f"{int(names[-1]) + 1 if names else 1:04d}"
        _, png = cv2.imencode(".png", cv2.cvtColor(np.asarray(color), cv2.COLOR_RGB2BGR))
        write_bytes(self.path / f"{name}.png", png.tobytes())
        date = datetime.now(UTC).isoformat(timespec="seconds")
        document = {"date": date, "T_base_tool": pose_as_plain(T_BE)}
        write_json(self.path / f"{name}.json", document)
        return name

    def remove(self, name: str) -> None:
        """Delete a view."""
        (self.path / f"{name}.json").unlink()
        (self.path / f"{name}.png").unlink(missing_ok=True)

    def color(self, name: str) -> ColorImage:
        """The image of a view, (H, W, 3) uint8, RGB.

        Raises:
            ConfigurationError: It is missing, damaged or of another size.
        """
        path = self.path / f"{name}.png"
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        size = (self.setup.intrinsics.height, self.setup.intrinsics.width)
        if image is None or image.shape[:2] != size:
            got = "nothing readable" if image is None else f"size {image.shape[:2]}"
            raise ConfigurationError(f"{path}: got {got}, expected an image of {size}")
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)

    def T_WE(self, name: str) -> SE3:
        """Where the tool was in W when a view was taken.

        Raises:
            ConfigurationError: Its file is damaged.
        """
        path = self.path / f"{name}.json"
        stored = read_json(path).get("T_base_tool")
        return self.setup.T_WB @ pose_from_plain(f"{path}: T_base_tool", stored)

    def samples(self, finder: BoardFinder) -> tuple[Sequence[HandEyeSample], Sequence[str]]:
        """The views whose board is found, and why each other one is left out."""
        found, left_out = [], []
        for name in self.names():
            try:
                view = finder.find(self.color(name))
            except BoardViewError as error:
                left_out.append(f"view {name}: {error}")
            else:
                found.append(HandEyeSample(name, self.T_WE(name), view))
        return found, left_out
