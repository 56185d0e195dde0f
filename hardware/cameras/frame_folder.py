"""A folder of images, one moment each, with depth and the camera's pose.

Frame 12 is three files::

    000012_color.png     8 bit RGB
    000012_depth_mm.png  16 bit, millimetres along the optical axis, 0 = no reading, aligned
    000012.json          {"t_s": 41.7, "intrinsics": {"fx": ..., "fy": ..., "cx": ..., "cy": ...,
                         "width": ..., "height": ...}, "T_world_camera": 4x4, row by row}

``t_s`` grows from frame to frame; only differences count. Other keys are ignored. A frame without
its JSON file, which is written last, is not there.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np

from mt3.errors import ImageError, NotConnectedError, StorageError
from mt3.geometry import SE3
from mt3.perception import RGBD, Intrinsics
from mt3.types import ColorImage

_MAX_DEPTH_M = 65.535  # of 16 bit millimetres


@dataclass(frozen=True, slots=True, eq=False)
class StoredFrame:
    """What the JSON file of a frame says.

    Args:
        stem: Path of its files without what follows the number.
        t_s: When it was taken, on the recording's clock.
        intrinsics: Of both images.
        T_WC: Pose of the camera in W.
    """

    stem: Path
    t_s: float
    intrinsics: Intrinsics
    T_WC: SE3

    def load(self, t_s: float, camera: str) -> RGBD:
        """Decode the images.

        Args:
            t_s: Time of the frame.
            camera: Name of the camera.

        Raises:
            ImageError: An image is missing, damaged, or of another kind or size.
        """
        color = _read_png(f"{self.stem}_color.png", (np.dtype(np.uint8), 3))
        depth_mm = _read_png(f"{self.stem}_depth_mm.png", (np.dtype(np.uint16), 2))
        depth_m = depth_mm.astype(np.float32) * np.float32(1e-3)
        rgb = cast(ColorImage, cv2.cvtColor(color, cv2.COLOR_BGR2RGB))
        try:
            return RGBD(rgb, depth_m, self.intrinsics, self.T_WC, t_s, camera)
        except ImageError as error:
            raise ImageError(f"{self.stem}: {error}") from error


class FrameFolder:
    """Reads and writes such a folder.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    def frames(self) -> list[StoredFrame]:
        """All frames in order of their numbers, not decoded.

        Raises:
            NotConnectedError: No such folder, or no frames inside.
            ImageError: A JSON file is damaged, or time does not grow.
        """
        files = sorted(self.path.glob("*.json"), key=lambda file: _number(file.stem))
        if not files:
            raise NotConnectedError(
                f"{self.path}: got no frames, expected a folder of 000000.json, "
                "000000_color.png, 000000_depth_mm.png and so on"
            )
        frames = [_read_json(file) for file in files]
        for before, after in pairwise(frames):
            if after.t_s <= before.t_s:
                raise ImageError(
                    f"{after.stem}.json: got t_s {after.t_s}, expected more than that of the "
                    f"frame before, {before.t_s}"
                )
        return frames

    def write(self, number: int, rgbd: RGBD) -> None:
        """Add one frame; depth beyond 65.535 m becomes "no reading".

        Raises:
            StorageError: It could not be written.
        """
        stem = self.path / f"{number:06d}"
        depth_m = np.where(rgbd.depth_m > _MAX_DEPTH_M, 0.0, rgbd.depth_m)
        about = {
            "t_s": rgbd.t_s,
            "intrinsics": asdict(rgbd.intrinsics),
            "T_world_camera": rgbd.T_WC.matrix.tolist(),
        }
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            _write_png(f"{stem}_color.png", cv2.cvtColor(rgbd.color, cv2.COLOR_RGB2BGR))
            _write_png(f"{stem}_depth_mm.png", np.rint(depth_m * 1e3).astype(np.uint16))
            Path(f"{stem}.json").write_text(json.dumps(about))
        except OSError as error:
            raise StorageError(f"{stem}: not written: {error}") from error


def _number(stem: str) -> int:
    if not stem.isdecimal():
        raise ImageError(f"{stem}.json: got this name, expected the number of a frame")
    return int(stem)


def _read_json(file: Path) -> StoredFrame:
    try:
        about: Mapping[str, Any] = json.loads(file.read_text())
        return StoredFrame(
            file.with_suffix(""),
            float(about["t_s"]),
            Intrinsics(**about["intrinsics"]),
            SE3(np.array(about["T_world_camera"], dtype=np.float64)),
        )
    except KeyError as error:
        raise ImageError(f"{file}: got no {error}") from error
    except (OSError, TypeError, ValueError) as error:  # ours are ValueErrors too
        raise ImageError(f"{file}: {error}") from error


def _read_png(file: str, expected: tuple[np.dtype[Any], int]) -> np.ndarray[Any, Any]:
    image = cv2.imread(file, cv2.IMREAD_UNCHANGED)
    if image is None:
        raise ImageError(f"{file}: missing or damaged")
    if (image.dtype, image.ndim) != expected:
        raise ImageError(
            f"{file}: got {image.dtype} {image.shape}, expected {expected[0]} with {expected[1]} "
            "axes"
        )
    return cast(np.ndarray[Any, Any], image)


def _write_png(file: str, image: np.ndarray[Any, Any]) -> None:
    done, data = cv2.imencode(".png", image)
    if not done:
        raise OSError(f"{file} cannot be encoded")
    Path(file).write_bytes(data.tobytes())
