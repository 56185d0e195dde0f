"""Where joints, tool and body may be."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mt3.geometry import SE3
from mt3.motion.convex_region import convex_hull
from mt3.motion.kinematic_chain import KinematicChain
from mt3.motion.robot_model import RobotModel
from mt3.safety.breach import Breach
from mt3.safety.forbidden_boxes import ForbiddenBoxes
from mt3.safety.limits import Limit, SafetyLimits
from mt3.safety.place import Place
from mt3.safety.surroundings import Surroundings
from mt3.types import FloatArray

_SLACK = 1e-6  # m and rad: rounding is no violation
_WORSE = 1e-9  # so little further out is rounding too; at 60 Hz it adds up to nothing


@dataclass(frozen=True, slots=True)
class _Bound:
    """One number that must stay on one side of another."""

    limit: Limit
    what: str
    side: int  # 1: at most, -1: at least
    bound: float

    def breach(self, excess: float) -> Breach:
        """The breach of a value that lies outside by an excess."""
        words = "at most" if self.side > 0 else "at least"
        got = self.bound + self.side * excess
        return Breach(
            self.limit, f"{self.what}: got {got:.3f} ahead, expected {words} {self.bound:.3f}"
        )


class Envelope:
    """Positions that an arm may take, whatever stands around it.

    Where it is outside already, it may move back in, but not further out.

    Args:
        model: The arm.
        limits: Its limits.
        T_WB: Pose of its base in W.
        surroundings: For what is in the hand, and the height of E that replaces the table's margin.
    """

    def __init__(
        self,
        model: RobotModel,
        limits: SafetyLimits,
        T_WB: SE3,
        surroundings: Surroundings | None = None,
    ) -> None:
        self._model, self._T_WB = model, T_WB.matrix
        self._body = _body(model.chain)
        floor_m, held_p_E = limits.table_clearance_m, None
        if surroundings is not None:
            held_p_E = surroundings.held_p_E
            if surroundings.contact_allowance_m is not None:
                floor_m = surroundings.contact_allowance_m
        self._boxes = ForbiddenBoxes(model, T_WB, limits.forbidden_boxes_W, held_p_E)
        self._bounds = [
            *_joint_bounds(model, limits.joint_margin_rad),
            *_workspace_bounds(limits),
            _Bound(Limit.TABLE, "tool, z in W", -1, limits.table_height_m + floor_m),
            *(
                _Bound(Limit.TABLE, f"{name}, lowest z in W", -1, limits.table_height_m)
                for name in self._body.names
            ),
            _Bound(Limit.SINGULARITY, "condition number", 1, limits.stop_condition),
        ]
        self._sides = np.array([bound.side for bound in self._bounds], dtype=np.float64)
        self._values = np.array([bound.bound for bound in self._bounds])

    def place(self, q: FloatArray) -> Place:
        """Joints (n,) rad as the bounds see them."""
        condition = self._model.condition(q)
        T_W_joints = self._T_WB @ self._model.chain.joint_poses(q)
        p_W = self._body.tool(T_W_joints)
        values = np.concatenate(
            [q, q, p_W, p_W, p_W[2:], self._body.lowest(T_W_joints), [condition]]
        )
        return Place(q, p_W, condition, self._sides * (values - self._values))

    def breach(self, here: Place, there: Place) -> Breach | None:
        """What is wrong with moving between two nearby places."""
        worse = (there.excess > _SLACK) & (there.excess > here.excess + _WORSE)
        if worse.any():
            k = int(worse.argmax())
            return self._bounds[k].breach(float(there.excess[k]))
        return self._self_breach(here.joints, there.joints) or self._boxes.breach(there.joints)

    def _self_breach(self, here: FloatArray, there: FloatArray) -> Breach | None:
        """Links that come too near to each other, or nearer where they are so already."""
        model = self._model
        if not model.self_collides(there):
            return None
        if model.self_gap_m(there) > model.self_gap_m(here) - _WORSE:
            return None
        links = model.describe_self_collision(there)
        return Breach(
            Limit.SELF_COLLISION,
            f"robot: got {links} within 1 mm of each other ahead, expected more",
        )


class _Body:
    """The corners of every moving link but the fingers, which may touch the table."""

    def __init__(self, chain: KinematicChain) -> None:
        hulls = [hull for hull in chain.hulls if hull.joint and not hull.movable]
        self.names = [hull.name for hull in hulls]
        self._joints = [hull.joint for hull in hulls]
        corners = [hull.points[convex_hull(hull.points).vertices] for hull in hulls]
        most = max(len(points) for points in corners)
        self._corners = np.stack([np.resize(points, (most, 3)) for points in corners])
        self._joint_E, self._p_joint_E = chain.joint_E, chain.T_joint_E.t

    def tool(self, T_W_joints: FloatArray) -> FloatArray:
        """E in W, (3,)."""
        T_W_joint = T_W_joints[self._joint_E]
        p_W: FloatArray = T_W_joint[:3, :3] @ self._p_joint_E + T_W_joint[:3, 3]
        return p_W

    def lowest(self, T_W_joints: FloatArray) -> FloatArray:
        """Lowest z in W of every link, (L,), metres."""
        rows = T_W_joints[self._joints, 2]
        heights = (self._corners @ rows[:, :3, None])[:, :, 0]
        lowest: FloatArray = heights.min(axis=1) + rows[:, 3]
        return lowest


@lru_cache(maxsize=4)  # hulls take a while, and envelopes change within a trial
def _body(chain: KinematicChain) -> _Body:
    return _Body(chain)


def _joint_bounds(model: RobotModel, margin_rad: float) -> list[_Bound]:
    lower, upper = model.lower + margin_rad, model.upper - margin_rad
    return [
        _Bound(Limit.JOINT_POSITION, name, side, float(bound))
        for side, bounds in ((-1, lower), (1, upper))
        for name, bound in zip(model.joint_names, bounds, strict=True)
    ]


def _workspace_bounds(limits: SafetyLimits) -> list[_Bound]:
    return [
        _Bound(Limit.WORKSPACE, f"tool, {axis} in W", side, bound)
        for side, corner in ((-1, limits.workspace_lower_W), (1, limits.workspace_upper_W))
        for axis, bound in zip("xyz", corner, strict=True)
    ]
