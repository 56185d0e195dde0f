"""How a real depth camera errs: noise that grows with distance, steps, holes, flying pixels."""

from dataclasses import dataclass

import cv2
import numpy as np

from mt3.errors import ConfigurationError
from mt3.perception import Intrinsics
from mt3.types import BoolArray, Float32Array

_FAR_M = np.float32(1e6)
_NEIGHBOURS = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class DepthNoise:
    """Axial noise, quantisation, and failures where the surface is steep or ends.

    Args:
        sigma_m: Standard deviation at ``sigma_reference_m``.
        sigma_growth_per_m: Quadratic growth beyond it: ``sigma_m + growth * (z - reference)^2``.
        sigma_reference_m: Distance where the noise is least.
        quantum_m: Readings are multiples of it.
        steepest_rad: Largest angle between ray and surface normal that reads reliably; depth
            edges are steeper.
        hole_probability: Of no reading at a pixel that is steeper.
        flying_probability: Of a reading anywhere between the surfaces there, in the rest.

    Raises:
        ConfigurationError: A negative length, or a probability or angle out of range.

    Source: the quadratic growth, its factor 0.0019 and the unreliability of steep surfaces:
    Nguyen, Izadi and Lovell, Modeling Kinect Sensor Noise for Improved 3D Reconstruction and
    Tracking, 3DIMPVT 2012.
    """

    sigma_m: float = 0.001
    sigma_growth_per_m: float = 0.0019
    sigma_reference_m: float = 0.4
    quantum_m: float = 0.001
    steepest_rad: float = 1.4
    hole_probability: float = 0.5
    flying_probability: float = 0.2

    def __post_init__(self) -> None:
        for name in ("sigma_m", "sigma_growth_per_m", "sigma_reference_m"):
            if not getattr(self, name) >= 0.0:
                raise ConfigurationError(f"{name}: got {getattr(self, name)}, expected 0 or more")
        if not self.quantum_m > 0.0:
            raise ConfigurationError(f"quantum_m: got {self.quantum_m}, expected over 0")
        for name in ("hole_probability", "flying_probability"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ConfigurationError(f"{name}: got {getattr(self, name)}, expected 0 to 1")
        if not 0.0 < self.steepest_rad < np.pi / 2:
            raise ConfigurationError(
                f"steepest_rad: got {self.steepest_rad}, expected between 0 and pi/2"
            )

    def apply(
        self, depth_m: Float32Array, intrinsics: Intrinsics, rng: np.random.Generator
    ) -> Float32Array:
        """Depth as the camera would report it.

        Args:
            depth_m: True depth, (H, W), metres along the optical axis, 0 where nothing is.
            intrinsics: Of the image.
            rng: Where chance comes from.

        Returns:
            (H, W), metres, 0 where nothing was read.
        """
        noisy = np.array(depth_m, dtype=np.float32)
        seen = depth_m > 0
        near_m, far_m = _depth_range(noisy, seen)
        steep = seen & self._is_steep(near_m, far_m, intrinsics)
        self._disturb_steep(noisy, steep, near_m, far_m, rng)
        sigma = self.sigma_m + self.sigma_growth_per_m * (noisy - self.sigma_reference_m) ** 2
        noisy += sigma.astype(np.float32) * rng.standard_normal(noisy.shape, dtype=np.float32)
        quantum = np.float32(self.quantum_m)
        noisy = np.asarray(np.maximum(np.rint(noisy / quantum), 0.0) * quantum)
        noisy[~seen] = 0.0
        noisy[steep] *= rng.random(int(steep.sum())) >= self.hole_probability
        return noisy

    def _is_steep(
        self, near_m: Float32Array, far_m: Float32Array, intrinsics: Intrinsics
    ) -> BoolArray:
        """Whether depth changes faster over 3 pixels than on the steepest reliable surface."""
        pixel_m = near_m / min(intrinsics.fx, intrinsics.fy)
        steep: BoolArray = far_m - near_m > 2.0 * np.tan(self.steepest_rad) * pixel_m
        return steep

    def _disturb_steep(
        self,
        noisy: Float32Array,
        steep: BoolArray,
        near_m: Float32Array,
        far_m: Float32Array,
        rng: np.random.Generator,
    ) -> None:
        """Move some of the steep readings to anywhere between near and far, in place."""
        flies = rng.random(int(steep.sum())) < self.flying_probability
        where = np.flatnonzero(steep)[flies]
        share = rng.random(len(where), dtype=np.float32)
        near, far = near_m.ravel()[where], far_m.ravel()[where]
        noisy.ravel()[where] = near + share * (far - near)


def _depth_range(depth_m: Float32Array, seen: BoolArray) -> tuple[Float32Array, Float32Array]:
    """Least and greatest depth seen among each pixel and its eight neighbours, (H, W) each."""
    far_m = cv2.dilate(depth_m, _NEIGHBOURS)
    near_m = cv2.erode(np.where(seen, depth_m, _FAR_M), _NEIGHBOURS)
    return near_m.astype(np.float32), far_m.astype(np.float32)
