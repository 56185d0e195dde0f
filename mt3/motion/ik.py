"""Joints for tool poses: damped least squares with seeded restarts, and along a whole path."""

import numpy as np

from mt3.geometry import SE3
from mt3.motion.failure import PlanFailure, planning_error
from mt3.motion.robot_model import RobotModel
from mt3.types import FloatArray

_TOLERANCE = 1e-5  # m and rad
_DAMPING = 1e-3
_MAX_STEP_RAD = 0.5  # larger steps leave the region where the Jacobian holds
_ITERATIONS = 40
_PATIENCE = 6  # iterations over which a descent must shrink its error to _PROGRESS of what it was
_PROGRESS = 0.7
_FOLLOW_ITERATIONS = 6
_FOLLOW_STRIDE = 5
_MAX_FOLLOW_STEP_RAD = 0.5  # between checked poses: more is a jump to another branch
_MAX_POSE_STEP = 0.05  # m and rad between checked poses: Newton's method converges from there
_DISTINCT_RAD = 0.1
_UNLIMITED_ATTEMPTS = 5


Bounds = tuple[FloatArray, FloatArray]


def solve_ik(
    model: RobotModel,
    T_BE: SE3,
    q_preferred: FloatArray,
    rng: np.random.Generator,
    margin_rad: float = 0.0,
    restarts: int = 20,
    solutions: int = 8,
) -> list[FloatArray]:
    """Joint positions that bring the tool to a pose, within the joint limits.

    Args:
        model: The arm.
        T_BE: Pose of E in B.
        q_preferred: (n,), rad; the first start, and what solutions are sorted by distance to.
        rng: Draws the other starts.
        margin_rad: Distance kept from the joint limits.
        restarts: How many random starts at most.
        solutions: Search ends once this many distinct ones are found.

    Returns:
        At least one solution, nearest to ``q_preferred`` first.

    Raises:
        PlanningError: ``joint_limit`` if only joints beyond the limits reach the pose,
            ``no_ik_solution`` if none was found at all.
    """
    found: list[FloatArray] = []
    bounds = (model.lower + margin_rad, model.upper - margin_rad)
    starts = [np.asarray(q_preferred, dtype=np.float64)]
    starts.extend(rng.uniform(*bounds, (restarts, model.joint_count)))
    for start in starts:
        q = _descend(model, T_BE.matrix, start, bounds)
        if q is not None and all(np.abs(q - other).max() > _DISTINCT_RAD for other in found):
            found.append(q)
            if len(found) == solutions:
                break
    if not found:
        found.append(_solve_unlimited(model, T_BE, starts[:_UNLIMITED_ATTEMPTS], bounds))
    return sorted(found, key=lambda q: float(np.linalg.norm(q - q_preferred)))


def follow_poses(
    model: RobotModel, q_start: FloatArray, T_BE: FloatArray, margin_rad: float = 0.0
) -> FloatArray:
    """Joints that follow a path of tool poses without a jump, by the smallest joint motion.

    Solved and checked at every fifth pose, or more often where the path moves fast, and
    interpolated in between.

    Args:
        model: The arm.
        q_start: Joints at, or near, the first pose, (n,), rad.
        T_BE: Poses of E in B, (N, 4, 4).
        margin_rad: Distance kept from the joint limits.

    Returns:
        Joints, (N, n), rad, within the limits and free of self-collision.

    Raises:
        PlanningError: ``joint_limit``, ``no_ik_solution`` or ``collision`` (with the robot
            itself); the message says at which pose.
    """
    knots = _knots(T_BE)
    joints = np.empty((len(knots), model.joint_count))
    q = np.asarray(q_start, dtype=np.float64)
    for k, index in enumerate(knots):
        where = f"pose {index} of {len(T_BE)}"
        previous, q = q, _track(model, T_BE[index], q, where)
        _check_posture(model, q, margin_rad, where)
        if np.abs(q - previous).max() > _MAX_FOLLOW_STEP_RAD:
            raise planning_error(
                f"pose {index} of {len(T_BE)}: got a joint step of "
                f"{np.abs(q - previous).max():.2f} rad, expected under {_MAX_FOLLOW_STEP_RAD}",
                PlanFailure.NO_IK_SOLUTION,
            )
        joints[k] = q
    samples = np.arange(len(T_BE))
    return np.stack([np.interp(samples, knots, column) for column in joints.T], axis=1)


def _track(model: RobotModel, T_BE: FloatArray, q: FloatArray, where: str) -> FloatArray:
    """Joints at one pose, from nearby joints."""
    target = model.chain.target(T_BE)
    for _ in range(_FOLLOW_ITERATIONS):
        error, J = model.chain.error_and_jacobian(q, target)
        if np.abs(error).max() < _TOLERANCE:
            break
        q = q + _damped_step(J, error)
    else:
        raise planning_error(
            f"{where}: got {np.linalg.norm(error[:3]) * 1e3:.1f} mm from it, expected to reach it",
            PlanFailure.NO_IK_SOLUTION,
        )
    return q


def _check_posture(model: RobotModel, q: FloatArray, margin_rad: float, where: str) -> None:
    """Refuse joints beyond their limits, or a robot that touches itself."""
    lower, upper = model.lower + margin_rad, model.upper - margin_rad
    beyond = np.flatnonzero((q < lower) | (q > upper))
    if len(beyond):
        j = int(beyond[0])
        raise planning_error(
            f"{where}: got {model.joint_names[j]} at {q[j]:.3f} rad, expected within "
            f"[{lower[j]:.3f}, {upper[j]:.3f}]",
            PlanFailure.JOINT_LIMIT,
        )
    if model.self_collides(q):
        raise planning_error(
            f"{where}: the robot touches itself, {model.describe_self_collision(q)}",
            PlanFailure.COLLISION,
        )


def _knots(T_BE: FloatArray) -> FloatArray:
    """Indices of the poses to solve: the ends, every fifth, and more where the path is fast."""
    moved = np.linalg.norm(np.diff(T_BE[:, :3, 3], axis=0), axis=1)
    trace = np.einsum("nij,nij->n", T_BE[:-1, :3, :3], T_BE[1:, :3, :3])
    turned = np.arccos(np.clip((trace - 1.0) / 2.0, -1.0, 1.0))
    progress = np.maximum(np.maximum(moved, turned) / _MAX_POSE_STEP, 1.0 / _FOLLOW_STRIDE)
    steps = np.concatenate([[0.0], np.cumsum(progress)])
    chosen = np.flatnonzero(np.diff(np.floor(steps + 1e-9), prepend=-1.0) > 0)
    return np.unique(np.append(chosen, len(T_BE) - 1))


def _descend(
    model: RobotModel, T_BE: FloatArray, q: FloatArray, bounds: Bounds | None
) -> FloatArray | None:
    """Joints at a pose reached from one start, or None if this start leads nowhere."""
    target = model.chain.target(T_BE)
    best = np.inf
    for iteration in range(_ITERATIONS):
        error, J = model.chain.error_and_jacobian(q, target)
        size = float(np.abs(error).max())
        if size < _TOLERANCE:
            return q
        if iteration % _PATIENCE == _PATIENCE - 1:
            if size > _PROGRESS * best:
                return None
            best = size
        step = _damped_step(J, error)
        q = q + step * min(1.0, _MAX_STEP_RAD / float(np.abs(step).max()))
        if bounds is not None:
            q = np.clip(q, *bounds)
    return None


def _damped_step(J: FloatArray, error: FloatArray) -> FloatArray:
    """Smallest joint step along an error twist, (n,), damped near singular postures."""
    damping = _DAMPING * min(1.0, float(error @ error))
    JJt = J @ J.T
    JJt.flat[:: len(JJt) + 1] += damping + 1e-9
    return np.asarray(J.T @ np.linalg.solve(JJt, error))


def _solve_unlimited(
    model: RobotModel, T_BE: SE3, starts: list[FloatArray], bounds: Bounds
) -> FloatArray:
    """Joints at a pose found without regard to the limits, or the reason why there are none."""
    where = f"tool pose at {T_BE.t.round(3).tolist()} in B"
    lower, upper = bounds
    beyond = None
    for start in starts:
        q = _descend(model, T_BE.matrix, start, None)
        if q is None:
            continue
        q = np.remainder(q + np.pi, 2.0 * np.pi) - np.pi
        if ((q >= lower) & (q <= upper)).all():
            return np.asarray(q)
        beyond = q
    if beyond is None:
        raise planning_error(
            f"{where}: no joints reach it from {len(starts)} starts, expected a pose within the "
            "arm's reach",
            PlanFailure.NO_IK_SOLUTION,
        )
    j = int(np.argmax(np.maximum(lower - beyond, beyond - upper)))
    raise planning_error(
        f"{where}: got {model.joint_names[j]} at {beyond[j]:.3f} rad, expected within "
        f"[{lower[j]:.3f}, {upper[j]:.3f}]",
        PlanFailure.JOINT_LIMIT,
    )
