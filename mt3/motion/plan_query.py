"""One question to the planner: this start, these obstacles, this object in the hand."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from mt3.errors import ConfigurationError
from mt3.geometry import SE3
from mt3.interfaces import JointTrajectory
from mt3.motion.clearance import Clearance
from mt3.motion.failure import PlanFailure, planning_error
from mt3.motion.ik import follow_poses
from mt3.motion.obstacles import Obstacles
from mt3.motion.path_search import Blocked, search_path
from mt3.motion.robot_model import RobotModel
from mt3.motion.timing import TimingLimits, time_path
from mt3.types import FloatArray

_SPACINGS_RAD = (0.6, 0.2, 0.06)  # between a curve's support points: the closer, the straighter
_CHECK_STRIDE = 3  # samples of a timed curve per check
_FOLLOW_STRIDE = 5  # poses of a reference per check


@dataclass(frozen=True, slots=True)
class PlanningRules:
    """What a plan keeps clear of, and how long it is searched for.

    Args:
        seed: Of every random choice, anew for each plan.
        margin_m: Distance kept from obstacles on the way to the bottleneck.
        table_clearance_m: Distance kept from the table's plane on the way; during the interaction
            the fingers and what they hold may touch the table.
        target_radius_m: Where the bottleneck itself touches the target object, or comes within
            the margin of it, tool positions this close to it may touch the target too.
        start_radius_m: A tool that touches something at the start may do so this far around it.
        joint_margin_rad: Distance kept from the joint limits.
        max_condition: Condition number of the Jacobian that no pose on the way and none of the
            reference may exceed; the safety gate lets no arm move on towards a singular posture.
        restarts: Random starts of inverse kinematics for one pose.
        search_budget: Steps of one path search.
        max_goals: Joint positions tried at most.

    Raises:
        ConfigurationError: A value that is negative or not finite.
    """

    seed: int = 0
    margin_m: float = 0.01
    table_clearance_m: float = 0.01
    target_radius_m: float = 0.12
    start_radius_m: float = 0.04
    joint_margin_rad: float = 0.03
    max_condition: float = 25.0
    restarts: int = 20
    search_budget: int = 3000
    max_goals: int = 64

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not 0 <= getattr(self, name) < np.inf:
                raise ConfigurationError(
                    f"{name}: got {getattr(self, name)}, expected a number of at least 0"
                )


class PlanQuery:
    """Plans from one start among fixed obstacles.

    Args:
        model: The arm.
        T_WB: Pose of its base in W.
        limits: How fast it may move.
        rules: What to keep clear of.
        q_start: Joints now, (n,), rad.
        obstacles: What stands around the arm.
        held_p_E: Points of what is in the hand, (N, 3), metres in E.

    Raises:
        PlanningError: ``collision`` if a link touches something at the start.
    """

    def __init__(
        self,
        model: RobotModel,
        T_WB: SE3,
        limits: TimingLimits,
        rules: PlanningRules,
        q_start: FloatArray,
        obstacles: Obstacles,
        held_p_E: FloatArray | None,
    ) -> None:
        self._model, self._T_WB, self._limits, self._rules = model, T_WB, limits, rules
        self._q_start = q_start
        self._obstacles = obstacles
        self._held_p_E = held_p_E
        self._far = Clearance(
            model,
            T_WB,
            obstacles.grown(rules.margin_m),
            held_p_E,
            rules.table_clearance_m,
            tips_above_table=True,
        )
        if model.self_gap_m(q_start) < 0.0 or self._far.links_blocked(q_start):
            raise planning_error(
                f"start: got contact of {self._contacts(self._far, q_start)}, expected free links",
                PlanFailure.COLLISION,
            )
        self._touches_at_start = self._far.tool_blocked(q_start) or self._far.target_blocked(
            q_start
        )

    @cached_property
    def _close(self) -> Clearance:
        """Checks for the interaction: no margins, and the fingers may touch the table."""
        return Clearance(
            self._model, self._T_WB, self._obstacles, self._held_p_E, 0.0, tips_above_table=False
        )

    def approach(
        self, q_goal: FloatArray, target_radius_m: float, rng: np.random.Generator
    ) -> JointTrajectory:
        """A timed motion to joints (n,) that touches nothing.

        Except the target object around a goal that touches it, because nothing else leads there.

        Raises:
            PlanningError: ``collision`` at the goal, or ``no_path``.
        """
        if not self._far.target_blocked(q_goal):
            target_radius_m = 0.0
        blocked = self._blocked_near(q_goal, target_radius_m, self._far)
        if blocked(q_goal):
            raise planning_error(
                f"goal: got contact of {self._contacts(self._far, q_goal)}, expected "
                f"{self._rules.margin_m * 1e3:.0f} mm of clearance",
                PlanFailure.COLLISION,
            )
        path = search_path(
            blocked,
            (self._model.lower, self._model.upper),
            self._q_start,
            q_goal,
            rng,
            self._rules.search_budget,
        )
        if path is None:
            raise planning_error(
                f"path: none found in {self._rules.search_budget} steps of search",
                PlanFailure.NO_PATH,
            )
        return self._timed(path, target_radius_m)

    def follow(self, q_bottleneck: FloatArray, T_WE: FloatArray) -> FloatArray:
        """Joints along a reference (N, 4, 4) from its bottleneck on, (N, n).

        The target object, and the table for the fingers, may be touched: that is what an
        interaction is for.

        Raises:
            PlanningError: ``joint_limit``, ``no_ik_solution``, ``collision`` or ``singular``.
        """
        T_BE = self._T_WB.inverse().matrix @ T_WE
        joints = follow_poses(self._model, q_bottleneck, T_BE, self._rules.joint_margin_rad)
        for k in range(0, len(joints), _FOLLOW_STRIDE):
            q = joints[k]
            if self._links_blocked(self._close, q) or self._close.tool_blocked(q):
                raise planning_error(
                    f"reference pose {k} of {len(joints)}: got contact of "
                    f"{self._contacts(self._close, q)}, expected contact with the target only",
                    PlanFailure.COLLISION,
                )
            if (condition := self._model.condition(q)) > self._rules.max_condition:
                raise planning_error(
                    f"reference pose {k} of {len(joints)}: got a condition number of "
                    f"{condition:.0f} of the Jacobian, expected at most "
                    f"{self._rules.max_condition:.0f} (close to a singular posture)",
                    PlanFailure.SINGULAR,
                )
        return joints

    def _blocked_near(
        self, q_goal: FloatArray, target_radius_m: float, clearance: Clearance
    ) -> Blocked:
        """The check of one joint position on the way to a goal."""
        chain, rules = self._model.chain, self._rules
        p_start, p_goal = (chain.forward(q)[:3, 3] for q in (self._q_start, q_goal))

        def blocked(q: FloatArray) -> bool:
            if self._links_blocked(clearance, q):
                return True
            p_E = chain.forward(q)[:3, 3]
            if self._touches_at_start and np.linalg.norm(p_E - p_start) < rules.start_radius_m:
                return False
            if clearance.tool_blocked(q):
                return True
            if np.linalg.norm(p_E - p_goal) > target_radius_m and clearance.target_blocked(q):
                return True
            return self._model.condition(q) > rules.max_condition

        return blocked

    def _links_blocked(self, clearance: Clearance, q: FloatArray) -> bool:
        return self._model.self_collides(q) or clearance.links_blocked(q)

    def _contacts(self, clearance: Clearance, q: FloatArray) -> str:
        """Names of everything that touches at joints (n,) rad, for a message."""
        names = (self._model.describe_self_collision(q), clearance.describe(q))
        return ", ".join(name for name in names if name) or "nothing"

    def _timed(self, path: FloatArray, target_radius_m: float) -> JointTrajectory:
        """A smooth timed curve near a free polyline; leaving the line may use up the margin."""
        if len(path) == 2:
            return time_path(self._model, path, self._limits)
        touching = Clearance(
            self._model, self._T_WB, self._obstacles, self._held_p_E, 0.0, tips_above_table=True
        )
        blocked = self._blocked_near(path[-1], target_radius_m, touching)
        for spacing_rad in _SPACINGS_RAD:
            trajectory = time_path(self._model, _subdivided(path, spacing_rad), self._limits)
            inner = trajectory.joints[1:-1:_CHECK_STRIDE]
            if self._model.within_limits(inner) and not any(blocked(q) for q in inner):
                return trajectory
        raise planning_error(
            f"path: no smooth curve near its {len(path)} points is free", PlanFailure.NO_PATH
        )


def _subdivided(path: FloatArray, spacing_rad: float) -> FloatArray:
    """The polyline with further points on it, at most a spacing apart."""
    points = [path[:1]]
    for a, b in pairwise(path):
        count = max(1, int(np.ceil(np.linalg.norm(b - a) / spacing_rad)))
        points.append(a + (b - a) * (np.arange(1, count + 1) / count)[:, None])
    return np.concatenate(points)
