"""PyBullet's own software renderer behind the same face as the ray-cast one, to compare them."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from mt3.geometry import SE3
from mt3.perception import Intrinsics
from mt3.types import FloatArray
from sim.bullet import Bullet
from sim.raycast_renderer import NOTHING, RenderedFrame

_NEAR_M: Final = 0.05
_FAR_M: Final = 4.0


class BulletRenderer:
    """Depth, colour and body ids as PyBullet's TinyRenderer draws its own world.

    Its ids name bodies, not links.

    Args:
        bullet: The world.
        intrinsics: Of the image.
        T_WC: Pose of the camera (OpenCV axes) in W.
    """

    def __init__(self, bullet: Bullet, intrinsics: Intrinsics, T_WC: SE3) -> None:
        self._bullet = bullet
        self.intrinsics = intrinsics
        self.T_WC = T_WC

    def render(self, poses_W: Mapping[int, SE3]) -> RenderedFrame:
        """The world as it is; the poses are PyBullet's own, and ignored."""
        K = self.intrinsics
        _, _, color, buffer, ids = self._bullet.render(
            _view_matrix(self.T_WC), _projection_matrix(K), K.width, K.height
        )
        shape = (K.height, K.width)
        z_ndc = 2.0 * np.reshape(buffer, shape).astype(np.float64) - 1.0
        depth_m = 2.0 * _FAR_M * _NEAR_M / (_FAR_M + _NEAR_M - z_ndc * (_FAR_M - _NEAR_M))
        ids = np.reshape(ids, shape).astype(np.int32)
        depth_m[ids == NOTHING] = 0.0
        rgb = np.reshape(color, (*shape, 4))[..., :3].astype(np.uint8)
        return RenderedFrame(depth_m.astype(np.float32), rgb, ids)


def _view_matrix(T_WC: SE3) -> list[float]:
    """W to OpenGL camera axes (y up, z backward), column after column."""
    gl_from_C = np.diag([1.0, -1.0, -1.0, 1.0])
    return _by_columns(gl_from_C @ T_WC.inverse().matrix)


def _projection_matrix(K: Intrinsics) -> list[float]:
    """Pinhole projection to OpenGL clip space, column after column.

    TinyRenderer samples at whole numbers of pixels from the left and from the bottom edge, with
    row 0 one below the top edge: found by comparing depth at shifts of half a pixel.
    """
    matrix = np.zeros((4, 4))
    matrix[0, 0] = 2.0 * K.fx / K.width
    matrix[1, 1] = 2.0 * K.fy / K.height
    matrix[0, 2] = 1.0 - 2.0 * K.cx / K.width
    matrix[1, 2] = 2.0 * (K.cy + 1.0) / K.height - 1.0
    matrix[2, 2] = -(_FAR_M + _NEAR_M) / (_FAR_M - _NEAR_M)
    matrix[2, 3] = -2.0 * _FAR_M * _NEAR_M / (_FAR_M - _NEAR_M)
    matrix[3, 2] = -1.0
    return _by_columns(matrix)


def _by_columns(matrix: FloatArray) -> list[float]:
    return [float(value) for value in matrix.T.ravel()]
