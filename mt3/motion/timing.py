"""When a path's joints are reached: as fast as the limits allow, toppra typed."""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType

import numpy as np

from mt3.errors import ConfigurationError
from mt3.interfaces import JointTrajectory
from mt3.motion.failure import PlanFailure, planning_error
from mt3.motion.robot_model import RobotModel
from mt3.motion.tool_limits import ToolLimits, ToolPeaks
from mt3.types import FloatArray

_GRID = 100
_RATE_HZ = 100.0
_MIN_DISTANCE_RAD = 1e-9
_HOLD_S = 0.1  # duration of a trajectory that goes nowhere


@dataclass(frozen=True, slots=True)
class TimingLimits:
    """How fast a planned motion may be.

    Args:
        velocity_fraction: Of the model's joint speed limits.
        acceleration_rad_s2: Of every joint.
        tool: Of E.

    Raises:
        ConfigurationError: A value that is not positive, or a fraction above 1.
    """

    velocity_fraction: float
    acceleration_rad_s2: float
    tool: ToolLimits

    def __post_init__(self) -> None:
        if not 0 < self.velocity_fraction <= 1:
            raise ConfigurationError(
                f"velocity_fraction: got {self.velocity_fraction}, expected in (0, 1]"
            )
        if not self.acceleration_rad_s2 > 0:
            raise ConfigurationError(
                f"acceleration_rad_s2: got {self.acceleration_rad_s2}, expected positive"
            )


def time_path(model: RobotModel, path: FloatArray, limits: TimingLimits) -> JointTrajectory:
    """Time a smooth curve through joint positions, at rest at both ends.

    Time-optimal within the joint limits, then slowed as a whole until the tool's limits hold.

    Args:
        model: The arm.
        path: Joint positions, (K, n), rad, K >= 2.
        limits: What must hold.

    Returns:
        Samples at 100 Hz.

    Raises:
        PlanningError: ``no_path`` if no timing of this curve exists.
    """
    path = _without_repeats(path)
    if len(path) == 1:
        return JointTrajectory(np.array([0.0, _HOLD_S]), np.repeat(path, 2, axis=0))
    toppra = _toppra()
    at = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    curve = toppra.SplineInterpolator(at, path, bc_type="natural")
    speed = limits.velocity_fraction * model.velocity_limit
    acceleration = np.full(model.joint_count, limits.acceleration_rad_s2)
    algorithm = toppra.algorithm.TOPPRA(
        [
            toppra.constraint.JointVelocityConstraint(np.stack([-speed, speed], axis=1)),
            toppra.constraint.JointAccelerationConstraint(
                np.stack([-acceleration, acceleration], axis=1)
            ),
        ],
        curve,
        gridpoints=np.linspace(0.0, at[-1], _GRID + 1),
        parametrizer="ParametrizeConstAccel",
    )
    timed = algorithm.compute_trajectory(0.0, 0.0)
    if timed is None:
        raise planning_error(
            f"timing: toppra found none for a path of {len(path)} points", PlanFailure.NO_PATH
        )
    fine_s = np.linspace(0.0, timed.duration, 2 * _GRID)
    peaks = ToolPeaks.of(fine_s, tool_path(model, timed(fine_s)), rests_at_ends=True)
    slow = peaks.slowing(limits.tool)
    duration_s = timed.duration * slow
    t_s = np.linspace(0.0, duration_s, max(2, int(np.ceil(duration_s * _RATE_HZ)) + 1))
    return JointTrajectory(t_s, timed(t_s / slow))


def tool_path(model: RobotModel, joints: FloatArray) -> FloatArray:
    """Poses of E in B, (N, 4, 4), along joints (N, n) rad."""
    return np.stack([model.chain.forward(q) for q in joints])


def _without_repeats(path: FloatArray) -> FloatArray:
    """The path without points that repeat the one before."""
    moved = np.linalg.norm(np.diff(path, axis=0), axis=1) > _MIN_DISTANCE_RAD
    return np.asarray(path[np.concatenate([[True], moved])])


@cache
def _toppra() -> ModuleType:
    """Toppra, imported at the first use: it takes a second, because it imports pyplot."""
    return import_module("toppra")
