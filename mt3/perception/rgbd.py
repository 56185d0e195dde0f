"""One colour and depth image with its camera's pose."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mt3.errors import ImageError
from mt3.geometry import SE3
from mt3.perception.intrinsics import Intrinsics
from mt3.types import ColorImage, Float32Array, FloatArray

PLAUSIBLE_DEPTH_M = (0.05, 20.0)  # where the median of an image lies, else its unit is wrong
_GRID_PIXELS = 64  # along the shorter side: a median of thousands is as good as one of a million
_MIN_READINGS = 256


@dataclass(frozen=True, slots=True, eq=False)
class RGBD:
    """Aligned colour and depth, taken at one moment.

    Args:
        color: (H, W, 3) uint8, RGB.
        depth_m: (H, W) floating point, metres along the optical axis, 0 where nothing was read.
        intrinsics: Of both images.
        T_WC: Pose of the camera (OpenCV axes: x right, y down, z forward) in W.
        t_s: When it was taken, on the scene's clock.
        camera: Name of the camera.

    Raises:
        ImageError: Wrong type, size or unit, or a time that is not finite; the message names
            field, got and expected.
    """

    color: ColorImage
    depth_m: Float32Array
    intrinsics: Intrinsics
    T_WC: SE3
    t_s: float
    camera: str

    def __post_init__(self) -> None:
        size = (self.intrinsics.height, self.intrinsics.width)
        object.__setattr__(self, "color", _checked_color(self.color, size))
        object.__setattr__(self, "depth_m", _checked_depth(self.depth_m, size))
        if not isinstance(self.T_WC, SE3):
            raise ImageError(f"T_WC: got {type(self.T_WC).__name__}, expected SE3")
        if not np.isfinite(self.t_s):
            raise ImageError(f"t_s: got {self.t_s}, expected a finite number")

    def __reduce__(self) -> tuple[Any, ...]:
        fields = (self.color, self.depth_m, self.intrinsics, self.T_WC, self.t_s, self.camera)
        return (RGBD, fields)

    def points_W(self, mask: np.ndarray[Any, np.dtype[np.bool_]]) -> FloatArray:
        """Points in W, (N, 3), metres, of the masked pixels that have depth, in row order."""
        v, u = np.nonzero(mask & (self.depth_m > 0))
        depth_m = self.depth_m[v, u].astype(np.float64)
        return self.T_WC @ self.intrinsics.deproject(u.astype(float), v.astype(float), depth_m)


def _checked_color(color: ColorImage, size: tuple[int, int]) -> ColorImage:
    color = np.array(color)
    if color.dtype != np.uint8 or color.shape != (*size, 3):
        raise ImageError(
            f"color: got {color.dtype} {color.shape}, expected uint8 {(*size, 3)} "
            "as the intrinsics say"
        )
    color.flags.writeable = False
    return color


def _checked_depth(depth_m: Float32Array, size: tuple[int, int]) -> Float32Array:
    depth_m = np.asarray(depth_m)
    if depth_m.dtype.kind != "f":
        raise ImageError(
            f"depth_m: got {depth_m.dtype}, expected floating point metres "
            "(millimetre images: divide by 1000)"
        )
    if depth_m.shape != size:
        raise ImageError(
            f"depth_m: got shape {depth_m.shape}, expected {size} as the intrinsics say "
            "(depth must be aligned to colour)"
        )
    low, high = (depth_m.min(), depth_m.max()) if depth_m.size else (0.0, 0.0)
    if not np.isfinite([low, high]).all():
        raise ImageError("depth_m: got NaN or infinity, expected 0 where nothing was read")
    if low < 0:
        raise ImageError(f"depth_m: got {low:.3f} m, expected no negative depth")
    _require_metres(_some_readings(depth_m))
    depth_m = depth_m.astype(np.float32)
    depth_m.flags.writeable = False
    return depth_m


def _some_readings(depth_m: Float32Array) -> Float32Array:
    """Depths, (N,), of a grid of pixels that is fine enough for a median, or of all of them."""
    step = max(1, min(depth_m.shape) // _GRID_PIXELS)
    grid = depth_m[::step, ::step]
    readings = grid[grid > 0]
    return readings if readings.size >= _MIN_READINGS else depth_m[depth_m > 0]


def _require_metres(readings: Float32Array) -> None:
    """Refuse depths (N,) whose median says that they are in another unit."""
    if not readings.size:
        return
    median, (low, high) = float(np.median(readings)), PLAUSIBLE_DEPTH_M
    if median > high:
        hint = "is it in millimetres? divide by 1000"
    elif median < low:
        hint = "was it in metres already? do not divide by 1000"
    else:
        return
    raise ImageError(
        f"depth_m: got a median of {median:.4g} m, expected {low} to {high:.0f} m ({hint})"
    )
