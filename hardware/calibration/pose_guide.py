"""Which view of the board to add next."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

import numpy as np

from hardware.calibration.board import Board
from hardware.calibration.board_view import BoardView
from mt3.geometry import SE3
from mt3.perception import Intrinsics

_FLAT_RAD = math.radians(12.0)  # less is no tilt
_STRAIGHT_RAD = math.radians(20.0)  # less is no turn
_FULL_SHARE = 0.85  # of the image's shorter side that the board's diagonal takes when near
_MARKER_PX = 20.0  # of a marker's side when far: smaller ones are hard to read
_LEAST_DEPTH = 1.5  # far over near, whatever board and camera are


class Tilt(StrEnum):
    """Which side of the board, as the image shows it, is tipped away from the camera."""

    LEFT = "its left side tipped away from the camera by 20 to 40 deg"
    RIGHT = "its right side tipped away from the camera by 20 to 40 deg"
    TOP = "its top side tipped away from the camera by 20 to 40 deg"
    BOTTOM = "its bottom side tipped away from the camera by 20 to 40 deg"
    FLAT = "it faces the camera"


class Spin(StrEnum):
    """How the board is turned in the image."""

    STRAIGHT = "upright in the image"
    CLOCKWISE = "turned clockwise in the image by 40 deg"
    COUNTER = "turned counter-clockwise in the image by 40 deg"


class Distance(StrEnum):
    """How far the board is; a third each of what board and camera allow."""

    NEAR = "near"
    MIDDLE = "in the middle"
    FAR = "far"


@dataclass(frozen=True, slots=True)
class Aspect:
    """What kind of view a view is."""

    tilt: Tilt
    distance: Distance
    spin: Spin


class PoseGuide:
    """Names the kind of view that is missing most.

    Args:
        board: The board.
        intrinsics: Of the camera.
    """

    def __init__(self, board: Board, intrinsics: Intrinsics) -> None:
        self._centre_M = board.p_M_centre
        side_px = _FULL_SHARE * min(intrinsics.width, intrinsics.height)
        near_m = intrinsics.fx * math.hypot(*board.size_m) / side_px
        far_m = max(intrinsics.fx * board.marker_m / _MARKER_PX, _LEAST_DEPTH * near_m)
        self._bounds_m = near_m * (far_m / near_m) ** (np.arange(4) / 3.0)

    def aspect_of(self, T_CM: SE3) -> Aspect:
        """What kind of view shows the board at a pose in the camera."""
        normal, along = T_CM.R[:, 2], T_CM.R[:, 0]
        depth_m = (T_CM @ self._centre_M)[2]
        third = int(np.searchsorted(self._bounds_m[1:3], depth_m))
        return Aspect(_tilt_of(normal), list(Distance)[third], _spin_of(along))

    def missing(
        self, views: Sequence[BoardView], skipped: Iterable[Aspect] = ()
    ) -> tuple[Aspect, ...]:
        """All kinds of views, the most wanted first.

        Args:
            views: Those there are.
            skipped: What the operator cannot reach.
        """
        seen = [self.aspect_of(view.T_CM) for view in views]
        tilts = Counter(aspect.tilt for aspect in seen)
        distances = Counter(aspect.distance for aspect in seen)
        spins = Counter(aspect.spin for aspect in seen)
        left = {Aspect(*parts) for parts in product(Tilt, Distance, Spin)} - set(skipped)
        order = [Aspect(*parts) for parts in product(Tilt, Distance, Spin)]
        return tuple(
            sorted(
                (aspect for aspect in order if aspect in left),
                key=lambda a: (
                    seen.count(a),
                    tilts[a.tilt] + distances[a.distance] + spins[a.spin],
                ),
            )
        )

    def describe(self, aspect: Aspect) -> str:
        """What to do with the board, in words."""
        place = list(Distance).index(aspect.distance)
        low, high = self._bounds_m[place : place + 2]
        return f"{aspect.tilt}; {aspect.spin}; {aspect.distance}, {low:.2f} to {high:.2f} m away"


def _tilt_of(normal_C: np.ndarray) -> Tilt:
    """By the normal that leads into the board, (3,): the side it leans to is the nearer one."""
    if math.acos(min(1.0, normal_C[2])) < _FLAT_RAD:
        return Tilt.FLAT
    if abs(normal_C[0]) > abs(normal_C[1]):
        return Tilt.LEFT if normal_C[0] > 0 else Tilt.RIGHT
    return Tilt.TOP if normal_C[1] > 0 else Tilt.BOTTOM


def _spin_of(along_C: np.ndarray) -> Spin:
    """By the direction of the board's x axis, (3,); v points down in the image."""
    angle = math.atan2(along_C[1], along_C[0])
    if abs(angle) < _STRAIGHT_RAD:
        return Spin.STRAIGHT
    return Spin.CLOCKWISE if angle > 0 else Spin.COUNTER
