"""From where the arm is to where an interaction can begin, and be followed to its end."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mt3.errors import PlanningError
from mt3.geometry import SE3
from mt3.interfaces import JointTrajectory
from mt3.motion.failure import PlanFailure, planning_error
from mt3.motion.ik import solve_ik
from mt3.motion.obstacles import Obstacles
from mt3.motion.plan_query import PlanningRules, PlanQuery
from mt3.motion.robot_model import RobotModel
from mt3.motion.timing import TimingLimits, tool_path
from mt3.types import FloatArray

_SAME_GOAL_RAD = 0.1
_PROGRESS = (  # how far on the way to a plan each failure is met
    PlanFailure.NO_IK_SOLUTION,
    PlanFailure.JOINT_LIMIT,
    PlanFailure.COLLISION,
    PlanFailure.SINGULAR,
    PlanFailure.NO_PATH,
)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A motion of the arm, and for an interaction what comes after it.

    Args:
        trajectory: From the start to the goal.
        choice: Index of the reference that was chosen; 0 for a plan to joints.
        q_bottleneck: Joints at the goal, (n,), rad.
        T_WE_path: Tool poses along ``trajectory``, (K, 4, 4).
        reference_joints: Joints along the chosen reference, (N, n), rad; for a plan to joints the
            goal alone.
    """

    trajectory: JointTrajectory
    choice: int
    q_bottleneck: FloatArray
    T_WE_path: FloatArray
    reference_joints: FloatArray


class MotionPlanner:
    """Plans motions that touch nothing on the way; the same question has the same answer.

    Args:
        model: The arm.
        T_WB: Pose of its base in W.
        limits: How fast it may move.
        rules: What it keeps clear of, and how long it searches.
    """

    def __init__(
        self, model: RobotModel, T_WB: SE3, limits: TimingLimits, rules: PlanningRules
    ) -> None:
        self._model = model
        self._T_WB = T_WB
        self._limits = limits
        self._rules = rules

    def plan(
        self,
        q_start: FloatArray,
        references: Sequence[FloatArray],
        obstacles: Obstacles,
        held_p_E: FloatArray | None = None,
    ) -> Plan:
        """The way to the bottleneck of the first reference that can be followed to its end.

        The references are equivalent choices. Those whose bottleneck is nearest in joint space are
        tried first, then all of them again with every other joint solution.

        Args:
            q_start: Joints now, (n,), rad.
            references: Tool poses T_WE, (N, 4, 4) each, from the bottleneck on.
            obstacles: What stands around the arm.
            held_p_E: Points of what is in the hand, (N, 3), metres in E.

        Raises:
            PlanningError: No reference can be reached and followed; ``reason`` is the
                ``PlanFailure`` of the attempt that came furthest.
        """
        q_start = np.asarray(q_start, dtype=np.float64)
        query = self._query(q_start, obstacles, held_p_E)
        rng = np.random.default_rng(self._rules.seed)
        failures: list[tuple[int, PlanningError]] = []
        goals = self._goals(q_start, references, rng, failures)
        for _, (choice, q_goal) in zip(range(self._rules.max_goals), goals, strict=False):
            try:
                joints = query.follow(q_goal, references[choice])
                trajectory = query.approach(q_goal, self._rules.target_radius_m, rng)
            except PlanningError as error:
                failures.append((choice, _without_frames(error)))
            else:
                return self._plan(trajectory, choice, joints)
        raise _aggregate(failures, len(references))

    def plan_to_joints(
        self,
        q_start: FloatArray,
        q_goal: FloatArray,
        obstacles: Obstacles,
        held_p_E: FloatArray | None = None,
    ) -> Plan:
        """A free path between two joint positions, (n,), rad.

        Raises:
            PlanningError: ``reason`` is a ``PlanFailure``.
        """
        q_start, q_goal = (np.asarray(q, dtype=np.float64) for q in (q_start, q_goal))
        if not self._model.within_limits(q_goal):
            raise planning_error(
                f"goal: got {q_goal.round(3).tolist()} rad, expected within the joint limits",
                PlanFailure.JOINT_LIMIT,
            )
        query = self._query(q_start, obstacles, held_p_E)
        rng = np.random.default_rng(self._rules.seed)
        return self._plan(query.approach(q_goal, 0.0, rng), 0, q_goal[None])

    def _query(
        self, q_start: FloatArray, obstacles: Obstacles, held_p_E: FloatArray | None
    ) -> PlanQuery:
        return PlanQuery(
            self._model, self._T_WB, self._limits, self._rules, q_start, obstacles, held_p_E
        )

    def _plan(self, trajectory: JointTrajectory, choice: int, joints: FloatArray) -> Plan:
        T_WE = self._T_WB.matrix @ tool_path(self._model, trajectory.joints)
        return Plan(trajectory, choice, joints[0], T_WE, joints)

    def _goals(
        self,
        q_start: FloatArray,
        references: Sequence[FloatArray],
        rng: np.random.Generator,
        failures: list[tuple[int, PlanningError]],
    ) -> Iterator[tuple[int, FloatArray]]:
        """Bottleneck joints to try, with the index of their reference, best first."""
        near: list[tuple[int, FloatArray]] = []
        for choice, T_WE in enumerate(references):
            found = self._solutions(T_WE[0], q_start, rng, 0)
            near += [(choice, q) for q in found if not isinstance(q, PlanningError)]
        near.sort(key=lambda goal: float(np.linalg.norm(goal[1] - q_start)))
        yield from near
        tried = dict(near)
        order = [*tried, *(k for k in range(len(references)) if k not in tried)]
        for choice in order:
            for q in self._solutions(references[choice][0], q_start, rng, self._rules.restarts):
                if isinstance(q, PlanningError):
                    failures.append((choice, q))
                elif choice not in tried or np.abs(q - tried[choice]).max() > _SAME_GOAL_RAD:
                    yield choice, q

    def _solutions(
        self, T_WE: FloatArray, q_start: FloatArray, rng: np.random.Generator, restarts: int
    ) -> Sequence[FloatArray | PlanningError]:
        """Joints at one pose, or the one reason why there are none."""
        T_BE = self._T_WB.inverse() @ SE3(T_WE)
        margin_rad = self._rules.joint_margin_rad
        try:
            return solve_ik(self._model, T_BE, q_start, rng, margin_rad, restarts)
        except PlanningError as error:
            return [_without_frames(error)]


def _without_frames(error: PlanningError) -> PlanningError:
    """The error to keep: its traceback would keep the callers' variables, such as a whole scene.

    They and the list of errors would refer to each other, until Python's garbage collector runs.
    """
    return error.with_traceback(None)


def _aggregate(failures: list[tuple[int, PlanningError]], references: int) -> PlanningError:
    """One error for all attempts: the reason of the one that came furthest."""
    if not failures:
        return planning_error(
            f"references: got {references}, expected at least one", PlanFailure.NO_IK_SOLUTION
        )
    counts = Counter(error.reason for _, error in failures)
    choice, error = max(failures, key=lambda f: _PROGRESS.index(PlanFailure(f[1].reason)))
    summary = ", ".join(f"{count} {reason}" for reason, count in counts.most_common())
    return planning_error(
        f"no motion for any of {references} references ({summary}); furthest, with reference "
        f"{choice}: {error}",
        PlanFailure(error.reason),
    )
