"""OpenCV's closed-form solvers of the hand-eye equation, all behind one signature."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final, TypeAlias

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from hardware.calibration.hand_eye_views import HandEyePose, HandEyeViews
from mt3.errors import CalibrationError, GeometryError
from mt3.geometry import SE3, invert_poses
from mt3.types import FloatArray

_log = logging.getLogger(__name__)

Solver: TypeAlias = Callable[[HandEyeViews], HandEyePose]


def _hand_eye(method: int) -> Solver:
    """A solver of ``A X = X B`` over the motions between views; X is T_PC."""

    def solve(views: HandEyeViews) -> HandEyePose:
        T_QP = invert_poses(views.T_PQ)
        R_QP, t_QP = _split(T_QP)
        R_CM, t_CM = _split(views.T_CM)
        R, t = cv2.calibrateHandEye(R_QP, t_QP, R_CM, t_CM, method=method)
        T_PC = _rigid(R, t)
        return HandEyePose(T_PC, _mean_pose(T_QP @ T_PC.matrix @ views.T_CM))

    return solve


def _robot_world(method: int) -> Solver:
    """A solver of ``A X = Z B`` over the views themselves; X is T_MQ, Z is T_CP."""

    def solve(views: HandEyeViews) -> HandEyePose:
        R_CM, t_CM = _split(views.T_CM)
        R_PQ, t_PQ = _split(views.T_PQ)
        R_MQ, t_MQ, R_CP, t_CP = cv2.calibrateRobotWorldHandEye(
            R_CM, t_CM, R_PQ, t_PQ, method=method
        )
        return HandEyePose(_rigid(R_CP, t_CP).inverse(), _rigid(R_MQ, t_MQ).inverse())

    return solve


SOLVERS: Final[Mapping[str, Solver]] = MappingProxyType(
    {
        "Tsai-Lenz": _hand_eye(cv2.CALIB_HAND_EYE_TSAI),
        "Park-Martin": _hand_eye(cv2.CALIB_HAND_EYE_PARK),
        "Horaud-Dornaika": _hand_eye(cv2.CALIB_HAND_EYE_HORAUD),
        "Andreff": _hand_eye(cv2.CALIB_HAND_EYE_ANDREFF),
        "Daniilidis": _hand_eye(cv2.CALIB_HAND_EYE_DANIILIDIS),
        "Shah": _robot_world(cv2.CALIB_ROBOT_WORLD_HAND_EYE_SHAH),
        "Li": _robot_world(cv2.CALIB_ROBOT_WORLD_HAND_EYE_LI),
    }
)


def solve_all(views: HandEyeViews) -> dict[str, HandEyePose]:
    """What each solver finds; one that finds nothing is left out.

    Raises:
        CalibrationError: None finds anything.
    """
    found: dict[str, HandEyePose] = {}
    for name, solve in SOLVERS.items():
        try:
            with _quiet_opencv():
                found[name] = solve(views)
        except (cv2.error, GeometryError, np.linalg.LinAlgError) as error:
            _log.debug("hand-eye solver %s: %s", name, error)
    if not found:
        raise CalibrationError(
            f"hand-eye: none of {len(SOLVERS)} solvers found a pose from {len(views)} views: add "
            "views with other rotations"
        )
    return found


@contextmanager
def _quiet_opencv() -> Iterator[None]:
    """Keep what solvers print about hopeless motions off the terminal; ours is judged later."""
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(level)


def _split(poses: FloatArray) -> tuple[list[cv2.typing.MatLike], list[cv2.typing.MatLike]]:
    """Rotations and translations, as OpenCV takes them."""
    return list(poses[:, :3, :3].copy()), list(poses[:, :3, 3].copy())


def _rigid(R: cv2.typing.MatLike, t: cv2.typing.MatLike) -> SE3:
    """The pose with the nearest rotation: some solvers return one that is not quite one.

    Raises:
        GeometryError: Not finite, or mirrored.
    """
    if not (np.isfinite(R).all() and np.isfinite(t).all()):
        raise GeometryError("pose: got NaN or infinity, expected numbers")
    U, _, Vt = np.linalg.svd(R)
    return SE3.from_rotation_translation(U @ Vt, t.ravel())


def _mean_pose(poses: FloatArray) -> SE3:
    """The mean of (n, 4, 4) poses."""
    R = Rotation.from_matrix(poses[:, :3, :3]).mean().as_matrix()
    return SE3.from_rotation_translation(R, poses[:, :3, 3].mean(axis=0))
