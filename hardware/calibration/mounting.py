"""Where the camera is mounted, and with it what the calibration has to find."""

from enum import StrEnum

from mt3.geometry import SE3


class Mounting(StrEnum):
    """Where the camera is; the board is fixed to the other side of the arm.

    Both cases are one equation. The camera C is fixed to its parent P, the board M to its parent Q,
    and the arm says how Q stands in P: ``T_CM = T_PC^-1 @ T_PQ @ T_QM`` for every view.
    """

    STAND = "stand"
    """P is the world W and Q the tool E: the gripper carries the board."""
    WRIST = "wrist"
    """P is the tool E and Q the world W: the board lies on the table."""

    def T_PQ(self, T_WE: SE3) -> SE3:
        """Pose of the board's parent in the camera's parent, where the tool is at ``T_WE``."""
        return T_WE if self is Mounting.STAND else T_WE.inverse()
