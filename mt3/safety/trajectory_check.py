"""Whether a whole joint trajectory stays within the limits."""

import numpy as np

from mt3.interfaces import JointTrajectory
from mt3.motion.robot_model import RobotModel
from mt3.motion.timing import tool_path
from mt3.motion.tool_limits import ToolPeaks
from mt3.safety.envelope import Breach, Envelope
from mt3.safety.limits import Limit, SafetyLimits
from mt3.types import FloatArray

_STEP_RAD = 0.05  # between checked positions
_SLACK = 1e-6


class TrajectoryCheck:
    """Checks trajectories from rest to rest, linear between their samples.

    Args:
        model: The arm.
        limits: Its limits.
        envelope: Positions it may take.
    """

    def __init__(self, model: RobotModel, limits: SafetyLimits, envelope: Envelope) -> None:
        self._model = model
        self._limits = limits
        self._envelope = envelope

    def breach(self, joints: FloatArray, trajectory: JointTrajectory) -> Breach | None:
        """The first limit that a trajectory from measured joints (n,) breaks, if any."""
        return (
            self._start_breach(joints, trajectory)
            or self._joint_speed_breach(trajectory)
            or self._tool_breach(trajectory)
            or self._position_breach(joints, trajectory)
        )

    def _start_breach(self, joints: FloatArray, trajectory: JointTrajectory) -> Breach | None:
        if trajectory.joints.shape[1] != len(joints):
            return Breach(
                Limit.COMMAND,
                f"trajectory: got {trajectory.joints.shape[1]} joints, expected {len(joints)}",
            )
        offset = float(np.abs(trajectory.joints[0] - joints).max())
        if offset <= self._limits.start_tolerance_rad:
            return None
        return Breach(
            Limit.TRAJECTORY_START,
            f"trajectory: got a first point {offset:.3f} rad from the measured joints, expected "
            f"at most {self._limits.start_tolerance_rad} rad",
        )

    def _joint_speed_breach(self, trajectory: JointTrajectory) -> Breach | None:
        speed = np.abs(np.diff(trajectory.joints, axis=0)) / np.diff(trajectory.t_s)[:, None]
        limit = self._limits.joint_velocity_fraction * self._model.velocity_limit
        k, j = np.unravel_index(int((speed / limit).argmax()), speed.shape)
        if speed[k, j] <= limit[j] + _SLACK:
            return None
        return Breach(
            Limit.JOINT_VELOCITY,
            f"{self._model.joint_names[j]}: got {speed[k, j]:.2f} rad/s at "
            f"{trajectory.t_s[k]:.2f} s, expected at most {limit[j]:.2f}",
        )

    def _tool_breach(self, trajectory: JointTrajectory) -> Breach | None:
        dense = _densified(trajectory)
        peaks = ToolPeaks.of(dense.t_s, tool_path(self._model, dense.joints), rests_at_ends=True)
        tool = self._limits.tool
        for limit, got, allowed, unit in (
            (Limit.TOOL_SPEED, peaks.speeds, tool.speeds, "/s"),
            (Limit.TOOL_ACCELERATION, peaks.accelerations, tool.accelerations, "/s2"),
        ):
            if (got > allowed + _SLACK).any():
                return Breach(
                    limit,
                    f"tool: got up to {got[0]:.3f} m{unit} and {got[1]:.3f} rad{unit}, expected "
                    f"at most {allowed[0]:.3f} and {allowed[1]:.3f}",
                )
        return None

    def _position_breach(self, joints: FloatArray, trajectory: JointTrajectory) -> Breach | None:
        """Positions along the trajectory, at even steps of the joint that moves most."""
        moved = np.abs(np.diff(trajectory.joints, axis=0)).max(axis=1)
        at = np.concatenate([[0.0], np.cumsum(moved)])
        steps = np.linspace(0.0, at[-1], int(np.ceil(at[-1] / _STEP_RAD)) + 1)
        path = np.stack([np.interp(steps, at, column) for column in trajectory.joints.T], axis=1)
        breaches = (self._envelope.breach(joints, q) for q in (*path, trajectory.joints[-1]))
        return next((breach for breach in breaches if breach), None)


def _densified(trajectory: JointTrajectory) -> JointTrajectory:
    """The trajectory with further samples wherever a joint moves far between two."""
    moved = np.abs(np.diff(trajectory.joints, axis=0)).max(axis=1)
    counts = np.maximum(1, np.ceil(moved / _STEP_RAD)).astype(np.intp)
    knots = np.concatenate([[0], np.cumsum(counts)])
    t_s = np.interp(np.arange(knots[-1] + 1), knots, trajectory.t_s)
    joints = [np.interp(t_s, trajectory.t_s, column) for column in trajectory.joints.T]
    return JointTrajectory(t_s, np.stack(joints, axis=1))
