"""File names and conventions of the folders that the official release of the method reads.

What the layout means was read from the release ("Learning a Thousand Tasks in a Day"); what it
leaves open is marked as an assumption where it is used.
"""

from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mt3.errors import DemoFormatError
from mt3.types import FloatArray

COLOR_NAME = "head_camera_ws_rgb.png"
DEPTH_NAME = "head_camera_ws_depth_to_rgb.png"
MASK_NAME = "head_camera_ws_segmap.npy"
INTRINSICS_NAME = "head_camera_rgb_intrinsic_matrix.npy"
BOTTLENECK_NAME = "bottleneck_pose.npy"
TWISTS_NAME = "demo_eef_twists.npy"
TASK_NAME = "task_name.txt"
OWN_CAMERA_POSE_NAME = "T_WC.npy"  # of one demonstration
SHARED_CAMERA_POSE_NAME = "T_WC_head.npy"  # of one, or in the folder above: of all
OWN_NAMES = (
    COLOR_NAME,
    DEPTH_NAME,
    MASK_NAME,
    INTRINSICS_NAME,
    BOTTLENECK_NAME,
    TWISTS_NAME,
)
CAMERA = "head"
RATE_HZ = 30.0
_MAX_FILE_BYTES = 1 << 28

Array = np.ndarray[Any, np.dtype[Any]]


class GripperConvention(Enum):
    """What a gripper value of 1 means; the release's text says open, its code closed."""

    ONE_IS_CLOSED = "1-closed"
    ONE_IS_OPEN = "1-open"

    def convert(self, values: FloatArray) -> FloatArray:
        """From the layout's values to ours (0 closed, 1 open), and back."""
        return 1.0 - values if self is GripperConvention.ONE_IS_CLOSED else values

    @property
    def opposite(self) -> "GripperConvention":
        """The other one."""
        one_is_open = self is GripperConvention.ONE_IS_OPEN
        return GripperConvention.ONE_IS_CLOSED if one_is_open else GripperConvention.ONE_IS_OPEN


class CameraPoseConvention(Enum):
    """Which way ``T_WC`` maps; the release documents world-to-camera and uses camera-to-world."""

    CAMERA_TO_WORLD = "camera-to-world"
    WORLD_TO_CAMERA = "world-to-camera"

    @property
    def opposite(self) -> "CameraPoseConvention":
        """The other one."""
        to_world = self is CameraPoseConvention.CAMERA_TO_WORLD
        return (
            CameraPoseConvention.WORLD_TO_CAMERA
            if to_world
            else CameraPoseConvention.CAMERA_TO_WORLD
        )


def read_array(path: Path, shape: Sequence[int | None]) -> Array:
    """Read an array of numbers of a known shape, without running anything that it may hold.

    Raises:
        DemoFormatError: Missing, not an array of finite numbers, or of another shape.
    """
    _require_file(path)
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError) as error:
        raise DemoFormatError(
            f"{path.name}: cannot be read as an array ({error}); save it again with numpy.save"
        ) from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
        raise DemoFormatError(f"{path.name}: got no array of numbers, expected one")
    _require_shape(path.name, array, shape)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        rows = sorted({int(index[0]) for index in np.argwhere(~np.isfinite(array))})
        raise DemoFormatError(
            f"{path.name}: got NaN or infinite values in {len(rows)} rows, the first is {rows[0]}; "
            "expected none: record this demonstration again"
        )
    return array


def read_image(path: Path) -> Array:
    """Read an image as it is stored; colour comes as RGB.

    Raises:
        DemoFormatError: Missing, or not an image.
    """
    _require_file(path)
    try:
        image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    except cv2.error:  # larger than OpenCV dares to decode
        image = None
    if image is None:
        raise DemoFormatError(f"{path.name}: cannot be read as an image; save it again as PNG")
    if image.ndim == 3 and image.shape[2] == 3:
        return np.ascontiguousarray(image[..., ::-1])
    return np.asarray(image)


def write_image(path: Path, image: Array) -> None:
    """Write a PNG; colour is given as RGB.

    Raises:
        OSError: It cannot be written.
    """
    stored = np.ascontiguousarray(image[..., ::-1]) if image.ndim == 3 else image
    done, encoded = cv2.imencode(".png", stored)
    if not done:
        raise OSError(f"{path}: the image cannot be encoded")
    path.write_bytes(encoded.tobytes())


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise DemoFormatError(f"{path.name}: missing; copy it into {path.parent}")
    if path.stat().st_size > _MAX_FILE_BYTES:
        raise DemoFormatError(
            f"{path.name}: got {path.stat().st_size} bytes, expected at most {_MAX_FILE_BYTES}"
        )


def _require_shape(name: str, array: Array, shape: Sequence[int | None]) -> None:
    fits = array.ndim == len(shape) and all(
        want is None or got == want for got, want in zip(array.shape, shape, strict=True)
    )
    if not fits:
        expected = tuple("any" if n is None else n for n in shape)
        raise DemoFormatError(f"{name}: got shape {array.shape}, expected {expected}")
