"""A calibration board before a camera, its true poses known: for tests and figures.

Corners are projected, and images are drawn, by the pinhole equation alone.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from hardware.calibration.board import Board
from hardware.calibration.board_view import BoardFinder
from hardware.calibration.hand_eye_views import HandEyeSample
from hardware.calibration.mounting import Mounting
from mt3.geometry import SE3
from mt3.perception import Intrinsics
from mt3.types import ColorImage, FloatArray
from sim.mounting import look_at

BOARD = Board()
INTRINSICS = Intrinsics(615.0, 615.0, 319.5, 239.5, 640, 480)
_SQUARE_PX = 80  # of the board's texture
_FINE = 4  # samples a pixel, along each axis
_NEAR_M, _FAR_M = 0.42, 0.75


@dataclass(frozen=True)
class BoardScene:
    """True poses of one mounted camera and one board; for P and Q see ``Mounting``."""

    mounting: Mounting
    T_PC: SE3
    T_QM: SE3
    board: Board = field(default=BOARD)
    intrinsics: Intrinsics = field(default=INTRINSICS)

    def T_WE(self, T_CM: SE3) -> SE3:
        """Where the tool is when the camera sees the board like this."""
        T_PQ = self.T_PC @ T_CM @ self.T_QM.inverse()
        return T_PQ if self.mounting is Mounting.STAND else T_PQ.inverse()

    def T_CM(self, T_WE: SE3) -> SE3:
        """How the camera sees the board when the tool is there."""
        T_PQ = T_WE if self.mounting is Mounting.STAND else T_WE.inverse()
        return self.T_PC.inverse() @ T_PQ @ self.T_QM


def draw_scene(rng: np.random.Generator, mounting: Mounting) -> BoardScene:
    """A camera opposite the arm or on its wrist, and a board on the other side, at random."""
    on_tool = SE3.from_rotation_translation(
        Rotation.from_euler("xyz", rng.uniform(-0.4, 0.4, 3)).as_matrix(),
        rng.uniform(-0.08, 0.08, 3),
    )
    if mounting is Mounting.STAND:
        eye = np.array([1.05, 0.0, 0.75]) + rng.uniform(-0.1, 0.1, 3)
        return BoardScene(mounting, look_at(eye, np.array([0.42, 0.0, 0.05])), on_tool)
    turn = SE3.from_rotation_translation(np.diag([1.0, -1.0, -1.0]), rng.uniform(0.2, 0.5, 3))
    return BoardScene(mounting, on_tool, turn)


def draw_T_CM(
    rng: np.random.Generator,
    board: Board = BOARD,
    tilt_rad: tuple[float, float] = (0.15, 0.65),
    spin_rad: float = 0.9,
) -> SE3:
    """A pose of the board in view of the camera, tilted and turned at random."""
    z = rng.uniform(_NEAR_M, _FAR_M)
    room = np.array([320.0, 240.0]) / 615.0 * z - 0.5 * np.hypot(*board.size_m) * 0.8
    x, y = rng.uniform(-1, 1, 2) * np.maximum(room, 0.0)
    axis = rng.uniform(0.0, 2.0 * np.pi)
    tilt = rng.uniform(*tilt_rad) * np.array([np.cos(axis), np.sin(axis), 0.0])
    turn = Rotation.from_rotvec(tilt) * Rotation.from_euler("z", rng.uniform(-spin_rad, spin_rad))
    centre = SE3.from_rotation_translation(turn.as_matrix(), [x, y, z])
    return centre @ SE3.from_translation(-board.p_M_centre)


def see_corners(
    scene: BoardScene, T_CM: SE3, rng: np.random.Generator, noise_px: float, name: str = "view"
) -> HandEyeSample:
    """A sample whose corners are projected, with noise."""
    corners_px = scene.intrinsics.project(T_CM @ scene.board.corners_M())
    corners_px = corners_px + rng.normal(0.0, noise_px, corners_px.shape)
    k = scene.intrinsics
    ids = np.flatnonzero(
        ((corners_px > 0) & (corners_px < (k.width - 1, k.height - 1))).all(axis=1)
    )
    view = BoardFinder(scene.board, k).view_of(ids, corners_px[ids], 2.0)
    return HandEyeSample(name, scene.T_WE(T_CM), view)


def render_board(
    scene: BoardScene,
    T_CM: SE3,
    rng: np.random.Generator,
    noise: float = 3.0,
    blur_px: float = 0.6,
) -> ColorImage:
    """The camera's image of the board on a cluttered ground, (H, W, 3) uint8.

    Args:
        scene: Camera and board.
        T_CM: Pose of the board.
        rng: Draws ground and noise.
        noise: Standard deviation of each pixel, of 255.
        blur_px: Standard deviation of the lens's blur.
    """
    k, board = scene.intrinsics, scene.board
    texture = cv2.copyMakeBorder(
        board.draw(_SQUARE_PX), *4 * [_SQUARE_PX // 4], cv2.BORDER_CONSTANT, value=(255,)
    )
    m_per_px = board.square_m / _SQUARE_PX
    offset = (0.5 - _SQUARE_PX // 4) * m_per_px
    plane_of_texel = np.array([[m_per_px, 0, offset], [0, m_per_px, offset], [0, 0, 1]])
    camera = np.array([[k.fx, 0, k.cx], [0, k.fy, k.cy], [0, 0, 1]])
    fine = np.array([[_FINE, 0, (_FINE - 1) / 2], [0, _FINE, (_FINE - 1) / 2], [0, 0, 1]])
    H = fine @ camera @ np.column_stack([T_CM.R[:, :2], T_CM.t]) @ plane_of_texel
    size = (k.width * _FINE, k.height * _FINE)
    board_image = cv2.warpPerspective(texture.astype(np.float32), H, size, flags=cv2.INTER_LINEAR)
    share = cv2.warpPerspective(np.ones_like(texture, np.float32), H, size)
    coarse = (k.width, k.height)
    board_image = cv2.resize(board_image, coarse, interpolation=cv2.INTER_AREA)
    share = cv2.resize(share, coarse, interpolation=cv2.INTER_AREA)
    ground = cv2.resize(rng.uniform(60, 190, (12, 16)).astype(np.float32), coarse)
    image = 25.0 + 0.75 * board_image + (1.0 - share) * ground
    image = cv2.GaussianBlur(image, (0, 0), blur_px)
    image = np.clip(image + rng.normal(0.0, noise, image.shape), 0, 255).astype(np.uint8)
    return np.repeat(image[..., None], 3, axis=2)


def see_image(
    scene: BoardScene, T_CM: SE3, rng: np.random.Generator, name: str = "view", **look: float
) -> HandEyeSample:
    """A sample whose corners are detected in a drawn image."""
    color = render_board(scene, T_CM, rng, **look)
    view = BoardFinder(scene.board, scene.intrinsics).find(color)
    return HandEyeSample(name, scene.T_WE(T_CM), view)


def error_of(found: SE3, true: SE3) -> FloatArray:
    """Distance in mm and angle in deg."""
    return np.array([1e3 * found.translation_to_m(true), np.rad2deg(found.angle_to_rad(true))])
