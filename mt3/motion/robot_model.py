"""What an arm can reach, and where its body is."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack

from mt3.errors import ConfigurationError
from mt3.geometry import SE3
from mt3.motion.collision import Body, CollisionChecker, convex_shape
from mt3.motion.convex_region import ConvexRegion
from mt3.motion.kinematic_chain import KinematicChain
from mt3.tool import ToolBox
from mt3.types import BoolArray, FloatArray, frozen_array

_SELF_MARGIN_M = 1e-3  # the safety gate foretells where a link is to 0.1 mm
_LEAST_EIGENVALUE = 1e-18  # of a singular Jacobian's square: rounding makes it negative


class RobotModel:
    """Kinematics, limits and shape of an arm with its gripper.

    The links are the convex hulls of their collision meshes; each finger's hull spans its whole
    travel, so that the answer holds for every opening.

    Args:
        urdf: Robot description; ``package://`` paths in it are resolved from its folder.
        joint_names: Joints of the arm, from the base outwards.
        base_link: The link whose frame is B.
        flange_link: The link that carries the tool.
        T_flange_tool: Pose of the tool centre point E in the flange.
        reference_joints: (n,), rad; a posture without self-collision. Hulls that touch in it are
            wider than the links they stand for, so these pairs are never checked.
        lower: Lower joint limits, (n,), rad; those of the description if not given.
        upper: Upper joint limits, (n,), rad; likewise.
        velocity_limit: Joint speed limits, (n,), rad/s; likewise.
        tool_boxes: Parts of the tool that the description lacks.

    Raises:
        ConfigurationError: No such file, joint or link, or limits that leave no room.
    """

    def __init__(
        self,
        urdf: Path | str,
        joint_names: Sequence[str],
        base_link: str,
        flange_link: str,
        T_flange_tool: SE3,
        reference_joints: npt.ArrayLike,
        lower: npt.ArrayLike | None = None,
        upper: npt.ArrayLike | None = None,
        velocity_limit: npt.ArrayLike | None = None,
        tool_boxes: Sequence[ToolBox] = (),
    ) -> None:
        self._urdf, self._links = Path(urdf), (base_link, flange_link)
        self._tool_boxes = tuple(tool_boxes)
        self.chain = KinematicChain(
            self._urdf, joint_names, base_link, flange_link, T_flange_tool, self._tool_boxes
        )
        n = len(joint_names)
        self.joint_names = tuple(joint_names)
        self.T_flange_tool = T_flange_tool
        self.lower = _limit("lower", lower, self.chain.lower, n)
        self.upper = _limit("upper", upper, self.chain.upper, n)
        self.velocity_limit = _limit("velocity_limit", velocity_limit, self.chain.velocity_limit, n)
        self.reference_joints = frozen_array("reference_joints", reference_joints, (n,))
        if not ((self.lower < self.upper).all() and (self.velocity_limit > 0).all()):
            raise ConfigurationError("limits: expected lower < upper and positive speeds")
        if not self.within_limits(self.reference_joints):
            raise ConfigurationError("reference_joints: expected a posture within the limits")
        self.bodies = tuple(
            Body(hull.name, hull.joint, SE3.identity(), convex_shape(hull.points))
            for hull in self.chain.hulls
        )
        self.self_pairs = self._self_pairs()
        self._self_collision = CollisionChecker(
            self.chain, self.bodies, self.self_pairs, _SELF_MARGIN_M
        )
        self._regions = [(hull.joint, ConvexRegion(hull.points)) for hull in self.chain.hulls]

    def __reduce__(self) -> tuple[Any, ...]:
        described = (self._urdf, self.joint_names, *self._links)
        limits = (self.lower, self.upper, self.velocity_limit)
        values = (*described, self.T_flange_tool, self.reference_joints, *limits, self._tool_boxes)
        return (RobotModel, values)

    @property
    def joint_count(self) -> int:
        """Number of joints, n."""
        return len(self.joint_names)

    @property
    def shoulder_radius_m(self) -> float:
        """How far from its axis the link at joint 1 reaches."""
        points = [hull.points for hull in self.chain.hulls if hull.joint == 1]
        return float(np.linalg.norm(np.concatenate(points)[:, :2], axis=1).max())

    def forward(self, q: FloatArray) -> SE3:
        """Pose of E in B at joints (n,) rad."""
        return SE3(self.chain.forward(np.asarray(q, dtype=np.float64)))

    def jacobian_E(self, q: FloatArray) -> FloatArray:
        """Body Jacobian of E in E at joints (n,) rad: (6, n), linear rows first."""
        return self.chain.jacobian(np.asarray(q, dtype=np.float64))

    def condition(self, q: FloatArray) -> float:
        """Ratio of largest to smallest singular value of the Jacobian at joints (n,) rad."""
        J = self.jacobian_E(q)
        eigenvalues, _, _ = lapack.dsyev(J @ J.T, compute_v=0)
        return float(np.sqrt(eigenvalues[-1] / max(eigenvalues[0], _LEAST_EIGENVALUE)))

    def within_limits(self, q: FloatArray, margin_rad: float = 0.0) -> bool:
        """Whether joints (..., n) rad all lie inside the limits, narrowed by a margin."""
        return bool((q >= self.lower + margin_rad).all() and (q <= self.upper - margin_rad).all())

    def self_collides(self, q: FloatArray) -> bool:
        """Whether the robot touches itself, to within 1 mm, at joints (n,) rad."""
        return self._self_collision.collides(np.asarray(q, dtype=np.float64))

    def self_gap_m(self, q: FloatArray) -> float:
        """Least distance of links that may touch at joints (n,) rad, negative inside each other."""
        return self._self_collision.gap_m(np.asarray(q, dtype=np.float64))

    def describe_self_collision(self, q: FloatArray) -> str:
        """Names of the links that touch at joints (n,) rad, for a message."""
        return self._self_collision.describe(np.asarray(q, dtype=np.float64))

    def contains(self, q: FloatArray, p_B: FloatArray, margin_m: float) -> BoolArray:
        """Which points lie on or in the robot.

        Args:
            q: Joints, (n,), rad.
            p_B: Points in B, (N, 3), metres.
            margin_m: How far outside a hull still counts.

        Returns:
            (N,) bool.
        """
        T_B_joints = self.chain.joint_poses(np.asarray(q, dtype=np.float64))
        inside = np.zeros(len(p_B), dtype=np.bool_)
        for joint, region in self._regions:
            region.mark(T_B_joints[joint], p_B, margin_m, inside)
        return inside

    def _self_pairs(self) -> list[tuple[int, int]]:
        """Pairs of bodies that can touch: not neighbours, and apart in the reference posture."""
        candidates = [
            (a, b)
            for a, b in combinations(range(len(self.bodies)), 2)
            if abs(self.bodies[a].joint - self.bodies[b].joint) > 1
        ]
        checker = CollisionChecker(self.chain, self.bodies, candidates)
        touching = set(checker.touching(self.reference_joints))
        return [pair for pair in candidates if pair not in touching]


def _limit(name: str, given: npt.ArrayLike | None, described: FloatArray, n: int) -> FloatArray:
    """A limit of every joint: the given one, or the description's."""
    return frozen_array(name, described if given is None else given, (n,))
