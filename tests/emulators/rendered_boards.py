"""Views of a calibration board with known poses: rendered, or as noisy corners alone."""

import cv2
import numpy as np

from hardware.calibration.board import Board
from hardware.calibration.board_view import BoardFinder
from hardware.calibration.hand_eye_views import HandEyeSample
from hardware.calibration.mounting import Mounting
from mt3.geometry import SE3
from mt3.perception import Intrinsics
from sim.mounting import look_at

INTRINSICS = Intrinsics(615.0, 615.0, 319.5, 239.5, 640, 480)
BOARD = Board()
T_WC_STAND = look_at((1.05, 0.1, 0.75), (0.42, 0.0, 0.15))
T_EC_WRIST = SE3.from_rotation_translation(
    cv2.Rodrigues(np.array([0.05, -0.1, 1.6]))[0], (0.03, -0.07, 0.02)
)
T_EM = SE3.from_rotation_translation(
    cv2.Rodrigues(np.array([0.1, 0.05, 0.3]))[0], (-0.1, -0.09, 0.06)
)
T_WM = SE3.from_yaw(0.3, (0.35, -0.05, 0.0)) @ SE3.from_rotation_translation(
    np.diag([1.0, -1.0, -1.0]), (0.0, 0.0, 0.0)
)
_SUPERSAMPLED = 2  # the printed board is drawn this much finer than the image needs


def true_pose_C(mounting: Mounting) -> SE3:
    """Of the camera in its parent: W on the stand, E on the wrist."""
    return T_WC_STAND if mounting is Mounting.STAND else T_EC_WRIST


def views_T_CM(count: int, rng: np.random.Generator, tilt_rad: float = 0.6) -> list[SE3]:
    """Poses of the board in the camera: in view, turned and tipped to every side."""
    poses = []
    while len(poses) < count:
        turn = rng.uniform(-tilt_rad, tilt_rad, 3)
        R = cv2.Rodrigues(turn)[0]
        distance_m = rng.uniform(0.42, 0.65)
        middle = np.array([*rng.uniform(-0.08, 0.08, 2), distance_m])
        T_CM = SE3.from_rotation_translation(R, middle - R @ BOARD.p_M_centre)
        u, v = project(T_CM, BOARD.corners_M()).T
        if u.min() > 15 and u.max() < 625 and v.min() > 15 and v.max() < 465:
            poses.append(T_CM)
    return poses


def tool_pose(mounting: Mounting, T_CM: SE3) -> SE3:
    """``T_WE`` from which the camera sees the board at a pose."""
    if mounting is Mounting.STAND:
        return T_WC_STAND @ T_CM @ T_EM.inverse()
    return T_WM @ T_CM.inverse() @ T_EC_WRIST.inverse()


def project(T_CM: SE3, p_M: np.ndarray) -> np.ndarray:
    """Pixels (N, 2) of points of the board, (N, 3)."""
    p_C = T_CM @ p_M
    focal_px, middle_px = ((INTRINSICS.fx, INTRINSICS.fy), (INTRINSICS.cx, INTRINSICS.cy))
    return p_C[:, :2] / p_C[:, 2:] * np.array(focal_px) + np.array(middle_px)


def noisy_samples(
    mounting: Mounting, count: int, noise_px: float, rng: np.random.Generator, tilt_rad: float = 0.6
) -> list[HandEyeSample]:
    """Samples whose corners have normal noise."""
    finder, ids = BoardFinder(BOARD, INTRINSICS), np.arange(BOARD.corner_count)
    samples = []
    for k, T_CM in enumerate(views_T_CM(count, rng, tilt_rad)):
        corners = project(T_CM, BOARD.corners_M()) + rng.normal(0.0, noise_px, (len(ids), 2))
        view = finder.view_of(ids, corners, 2.0)
        samples.append(HandEyeSample(f"{k + 1:04d}", tool_pose(mounting, T_CM), view))
    return samples


def render(T_CM: SE3, rng: np.random.Generator, noise: float = 4.0, blur_px: float = 0.6):
    """The camera's image of the board, (480, 640, 3) uint8: perspective, blur and noise."""
    square_px = 80
    drawn = BOARD.draw(square_px)
    margin = np.full(
        (drawn.shape[0] + 2 * square_px, drawn.shape[1] + 2 * square_px), 255, np.uint8
    )
    margin[square_px:-square_px, square_px:-square_px] = drawn
    # A pixel of the drawing, whose centre is its integer place, in M.
    to_M = BOARD.square_m / square_px
    corners_px = np.array([[0, 0], [margin.shape[1], 0], margin.shape[::-1], [0, margin.shape[0]]])
    p_M = np.column_stack([(corners_px - square_px) * to_M, np.zeros(4)])
    fine = _SUPERSAMPLED
    seen = (project(T_CM, p_M) + 0.5) * fine - 0.5
    H = cv2.getPerspectiveTransform((corners_px - 0.5).astype(np.float32), seen.astype(np.float32))
    size = (INTRINSICS.width * fine, INTRINSICS.height * fine)
    image = cv2.warpPerspective(margin, H, size, flags=cv2.INTER_AREA, borderValue=120)
    image = cv2.resize(image, None, fx=1 / fine, fy=1 / fine, interpolation=cv2.INTER_AREA)
    image = cv2.GaussianBlur(image.astype(np.float64), (0, 0), blur_px)
    image = np.clip(0.8 * image + 20.0 + rng.normal(0.0, noise, image.shape), 0, 255)
    return np.repeat(image.astype(np.uint8)[..., None], 3, axis=2)
