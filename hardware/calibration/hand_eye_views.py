"""The measurements a hand-eye calibration is made of, and how well a solution explains them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from hardware.calibration.board import Board
from hardware.calibration.board_view import BoardView
from hardware.calibration.mounting import Mounting
from mt3.geometry import SE3
from mt3.perception import Intrinsics
from mt3.types import FloatArray, IntArray

_BEHIND_M = 1e-3  # a point behind the camera counts as so near to it: a huge error, and no crash


@dataclass(frozen=True, slots=True, eq=False)
class HandEyeSample:
    """One view of the board, and where the tool was then.

    Args:
        name: For messages.
        T_WE: Pose of the tool in W.
        view: The board in the camera's image.
    """

    name: str
    T_WE: SE3
    view: BoardView


@dataclass(frozen=True, slots=True, eq=False)
class HandEyePose:
    """What a hand-eye calibration finds; for the frames P and Q see ``Mounting``.

    Args:
        T_PC: Pose of the camera in its parent.
        T_QM: Pose of the board in its parent.
    """

    T_PC: SE3
    T_QM: SE3

    def T_CM(self, T_PQ: SE3) -> SE3:
        """Where the camera sees the board."""
        return self.T_PC.inverse() @ T_PQ @ self.T_QM


@dataclass(frozen=True, slots=True, eq=False)
class HandEyeViews:
    """Samples as arrays, all corners of all views one after the other.

    Args:
        T_PQ: Pose of the board's parent in the camera's parent in each view, (n, 4, 4).
        T_CM: Pose of the board in the camera from each view alone, (n, 4, 4).
        view: Index of the view of each corner, (K,).
        p_M: Each corner on the board, (K, 3), metres.
        corners_px: Each corner in the image, (K, 2).
        intrinsics: Of the camera.
    """

    T_PQ: FloatArray
    T_CM: FloatArray
    view: IntArray
    p_M: FloatArray
    corners_px: FloatArray
    intrinsics: Intrinsics

    @classmethod
    def of(
        cls,
        samples: Sequence[HandEyeSample],
        mounting: Mounting,
        board: Board,
        intrinsics: Intrinsics,
    ) -> Self:
        """The arrays of samples."""
        corners_M = board.corners_M()
        views = [sample.view for sample in samples]
        return cls(
            np.stack([mounting.T_PQ(sample.T_WE).matrix for sample in samples]),
            np.stack([view.T_CM.matrix for view in views]),
            np.repeat(np.arange(len(views)), [len(view.ids) for view in views]),
            np.concatenate([corners_M[view.ids] for view in views]),
            np.concatenate([view.corners_px for view in views]),
            intrinsics,
        )

    def __len__(self) -> int:
        return len(self.T_PQ)

    def only(self, indices: IntArray) -> "HandEyeViews":
        """Some of the views, in this order."""
        number = np.full(len(self), -1)
        number[indices] = np.arange(len(indices))
        kept = number[self.view] >= 0
        return HandEyeViews(
            self.T_PQ[indices],
            self.T_CM[indices],
            number[self.view][kept],
            self.p_M[kept],
            self.corners_px[kept],
            self.intrinsics,
        )

    def gaps_px(self, pose: HandEyePose, scale: float = 1.0) -> FloatArray:
        """From each corner seen to where a solution puts it, (K, 2), pixels.

        Args:
            pose: The solution.
            scale: Of the board: its true size over the given one.
        """
        T_CM = pose.T_PC.inverse().matrix @ self.T_PQ @ pose.T_QM.matrix
        p_C = np.einsum("kij,kj->ki", T_CM[self.view, :3, :3], scale * self.p_M)
        p_C += T_CM[self.view, :3, 3]
        p_C[:, 2] = np.maximum(p_C[:, 2], _BEHIND_M)
        return self.intrinsics.project(p_C) - self.corners_px

    def rms_px(self, pose: HandEyePose) -> FloatArray:
        """Root of the mean squared gap in each view, (n,), pixels."""
        squares = (self.gaps_px(pose) ** 2).sum(axis=1)
        counts = np.bincount(self.view, minlength=len(self))
        return np.sqrt(np.bincount(self.view, squares, minlength=len(self)) / counts)
