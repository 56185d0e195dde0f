"""A pinhole camera without distortion."""

from dataclasses import dataclass
from numbers import Real

import numpy as np

from mt3.errors import ImageError
from mt3.types import FloatArray


@dataclass(frozen=True, slots=True)
class Intrinsics:
    """Focal lengths and principal point in pixels, pixel centres at integers; image size in pixels.

    Raises:
        ImageError: A focal length or size that is not positive, or a principal point that is
            not finite.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int

    def __post_init__(self) -> None:
        for name in ("fx", "fy", "cx", "cy", "width", "height"):
            value = getattr(self, name)
            if not (isinstance(value, Real) and np.isfinite(float(value))):
                raise ImageError(f"intrinsics.{name}: got {value!r}, expected a finite number")
            if name not in ("cx", "cy") and value <= 0:
                raise ImageError(f"intrinsics.{name}: got {value}, expected a positive number")
        for name in ("width", "height"):
            value = getattr(self, name)
            if value != int(value):
                raise ImageError(f"intrinsics.{name}: got {value}, expected whole pixels")
            object.__setattr__(self, name, int(value))

    def project(self, p_C: FloatArray) -> FloatArray:
        """Pixel coordinates (..., 2) as (u, v) of points in C, (..., 3), metres, z > 0."""
        z = p_C[..., 2]
        return np.stack(
            [self.fx * p_C[..., 0] / z + self.cx, self.fy * p_C[..., 1] / z + self.cy], axis=-1
        )

    def deproject(self, u: FloatArray, v: FloatArray, depth_m: FloatArray) -> FloatArray:
        """Points in C, (..., 3), metres, at pixels (u, v) with depth along z in metres."""
        return np.stack(
            [(u - self.cx) / self.fx * depth_m, (v - self.cy) / self.fy * depth_m, depth_m],
            axis=-1,
        )
