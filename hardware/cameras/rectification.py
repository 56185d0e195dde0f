"""Takes the distortion of a lens out of its colour images."""

from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np

from mt3.errors import ConfigurationError
from mt3.perception import Intrinsics
from mt3.types import ColorImage

_COEFFICIENTS = 5


class Rectification:
    """Makes pinhole images of distorted ones, with the same intrinsics.

    Args:
        name: Of the camera, for messages.
        intrinsics: Of the distorted images.
        distortion: k1, k2, p1, p2, k3 of the Brown-Conrady model as OpenCV defines it.

    Raises:
        ConfigurationError: Not five finite coefficients.

    Source: OpenCV, calib3d module, "Detailed Description".
    """

    def __init__(self, name: str, intrinsics: Intrinsics, distortion: Sequence[float]) -> None:
        coefficients = np.array(distortion, dtype=np.float64)
        if coefficients.shape != (_COEFFICIENTS,) or not np.isfinite(coefficients).all():
            raise ConfigurationError(
                f"camera {name}: distortion: got {list(distortion)}, expected five finite numbers: "
                "k1, k2, p1, p2, k3"
            )
        self._maps = None
        if coefficients.any():
            i = intrinsics
            K = np.array([[i.fx, 0.0, i.cx], [0.0, i.fy, i.cy], [0.0, 0.0, 1.0]])
            self._maps = cv2.initUndistortRectifyMap(
                K, coefficients, None, K, (i.width, i.height), cv2.CV_32FC1
            )

    def color(self, color: ColorImage) -> ColorImage:
        """A colour image without distortion, (H, W, 3)."""
        if self._maps is None:
            return color
        return cast(ColorImage, cv2.remap(color, *self._maps, cv2.INTER_LINEAR))
