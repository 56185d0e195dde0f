"""Where joints and tool may be: the limits that stop an arm rather than slow it."""

from dataclasses import dataclass

import numpy as np

from mt3.geometry import SE3
from mt3.motion.convex_region import convex_hull
from mt3.motion.robot_model import RobotModel
from mt3.safety.limits import Limit, SafetyLimits
from mt3.types import FloatArray

_SLACK = 1e-6  # m and rad: rounding is no violation


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit of position, and what was wrong."""

    limit: Limit
    message: str


class Envelope:
    """Positions that an arm may take.

    Where it is outside already, it may move back in, but not further out.

    Args:
        model: The arm.
        limits: Its limits.
        T_WB: Pose of its base in W.
    """

    def __init__(self, model: RobotModel, limits: SafetyLimits, T_WB: SE3) -> None:
        self._model = model
        self._lower = model.lower + limits.joint_margin_rad
        self._upper = model.upper - limits.joint_margin_rad
        self._T_WB = T_WB
        self._box_W = (np.array(limits.workspace_lower_W), np.array(limits.workspace_upper_W))
        self._floor_m = limits.table_height_m + limits.table_clearance_m
        self._table_m = limits.table_height_m
        self._hulls = [
            (hull.name, hull.joint, hull.points[convex_hull(hull.points).vertices])
            for hull in model.chain.hulls
            if hull.joint and not hull.movable  # base and fingers may touch the table
        ]

    def breach(self, q_from: FloatArray, q_to: FloatArray) -> Breach | None:
        """What is wrong with moving between two nearby joint positions, (n,) rad each."""
        return (
            self._joint_breach(q_from, q_to)
            or self._tool_breach(q_from, q_to)
            or self._body_breach(q_from, q_to)
            or self._self_breach(q_to)
        )

    def _joint_breach(self, q_from: FloatArray, q_to: FloatArray) -> Breach | None:
        before = np.maximum(self._lower - q_from, q_from - self._upper)
        after = np.maximum(self._lower - q_to, q_to - self._upper)
        worse = np.flatnonzero((after > _SLACK) & (after > before + _SLACK))
        if not len(worse):
            return None
        j = int(worse[0])
        return Breach(
            Limit.JOINT_POSITION,
            f"{self._model.joint_names[j]}: got {q_to[j]:.3f} rad ahead, expected within "
            f"[{self._lower[j]:.3f}, {self._upper[j]:.3f}]",
        )

    def _tool_breach(self, q_from: FloatArray, q_to: FloatArray) -> Breach | None:
        p_from, p_to = (self._T_WB @ self._model.chain.forward(q)[:3, 3] for q in (q_from, q_to))
        low, high = self._box_W
        before, after = (np.maximum(low - p, p - high) for p in (p_from, p_to))
        if ((after > _SLACK) & (after > before + _SLACK)).any():
            return Breach(
                Limit.WORKSPACE,
                f"tool: got {p_to.round(3).tolist()} m ahead in W, expected within "
                f"{low.tolist()} to {high.tolist()}",
            )
        if p_to[2] < self._floor_m - _SLACK and p_to[2] < p_from[2] - _SLACK:
            return Breach(
                Limit.TABLE,
                f"tool: got {p_to[2]:.3f} m ahead along z of W, expected at least "
                f"{self._floor_m:.3f} m over the table",
            )
        return None

    def _body_breach(self, q_from: FloatArray, q_to: FloatArray) -> Breach | None:
        after = self._lowest_m(q_to)
        below = after < self._table_m - _SLACK
        if not below.any():
            return None
        worse = np.flatnonzero(below & (after < self._lowest_m(q_from) - _SLACK))
        if not len(worse):
            return None
        k = int(worse[0])
        return Breach(
            Limit.TABLE,
            f"{self._hulls[k][0]}: got its lowest point {after[k]:.3f} m ahead along z of W, "
            f"expected it over the table at {self._table_m:.3f} m",
        )

    def _lowest_m(self, q: FloatArray) -> FloatArray:
        """Lowest z in W of every moving link but the fingers, (K,), metres."""
        T_W_joints = self._T_WB.matrix @ self._model.chain.joint_poses(q)
        z_axes, z = T_W_joints[:, 2, :3], T_W_joints[:, 2, 3]
        return np.array([z[k] + (p_joint @ z_axes[k]).min() for _, k, p_joint in self._hulls])

    def _self_breach(self, q_to: FloatArray) -> Breach | None:
        if not self._model.self_collides(q_to):
            return None
        links = self._model.describe_self_collision(q_to)
        return Breach(Limit.SELF_COLLISION, f"robot: got contact of {links}, expected none")
