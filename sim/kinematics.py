"""Kinematics of the simulated arm, read from the simulator itself.

The core's robot model comes from the URDF through another library; keeping the two apart lets
each be held against the other.
"""

from dataclasses import dataclass

import numpy as np

from mt3.geometry import SE3
from mt3.types import FloatArray

_DAMPING = 0.005


@dataclass(frozen=True, slots=True, eq=False)
class ChainKinematics:
    """A serial chain whose joints turn about z of their own link frame.

    Args:
        T_parent_link: Link frame in its parent at zero joint angle, (n, 4, 4); the first parent
            is the base B.
        T_last_E: Tool centre point in the last link.
        lower: Joint limits, (n,), rad.
        upper: Joint limits, (n,), rad.
        max_velocity: (n,), rad/s.
    """

    T_parent_link: FloatArray
    T_last_E: SE3
    lower: FloatArray
    upper: FloatArray
    max_velocity: FloatArray

    def link_frames(self, joints: FloatArray) -> FloatArray:
        """Link frames in B, (n, 4, 4), at joint angles (n,)."""
        turns = np.zeros((len(joints), 4, 4))
        turns[:, 0, 0] = turns[:, 1, 1] = np.cos(joints)
        turns[:, 1, 0] = np.sin(joints)
        turns[:, 0, 1] = -turns[:, 1, 0]
        turns[:, 2, 2] = turns[:, 3, 3] = 1.0
        local = self.T_parent_link @ turns
        for k in range(1, len(joints)):
            local[k] = local[k - 1] @ local[k]
        return local

    def forward(self, joints: FloatArray) -> SE3:
        """Pose of E in B."""
        return SE3(self.link_frames(joints)[-1] @ self.T_last_E.matrix)

    def jacobian_E(self, joints: FloatArray) -> FloatArray:
        """Body Jacobian of E in B expressed in E, (6, n), linear rows first."""
        frames = self.link_frames(joints)
        T_BE = frames[-1] @ self.T_last_E.matrix
        axes = frames[:, :3, 2]
        x, y, z = (T_BE[:3, 3] - frames[:, :3, 3]).T
        ax, ay, az = axes.T
        linear = np.stack([ay * z - az * y, az * x - ax * z, ax * y - ay * x], axis=1)
        return np.vstack([(linear @ T_BE[:3, :3]).T, (axes @ T_BE[:3, :3]).T])

    def resolve_twist(self, joints: FloatArray, V_BE_E: FloatArray) -> FloatArray:
        """Joint velocities, (n,) rad/s, for a twist of E: the smallest, by damped least squares.

        A redundant joint moves no more than that, as the core predicts when it checks a motion
        before it is made. Too fast a motion is slowed as a whole.
        """
        J = self.jacobian_E(joints)
        gram = J @ J.T + _DAMPING**2 * np.eye(6)
        velocity = J.T @ np.linalg.solve(gram, V_BE_E)
        excess = float((np.abs(velocity) / self.max_velocity).max())
        return velocity / max(1.0, excess)
