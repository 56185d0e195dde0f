"""Whether a whole joint trajectory stays within the limits."""

from collections.abc import Sequence

import numpy as np

from mt3.interfaces import JointTrajectory
from mt3.motion.robot_model import RobotModel
from mt3.motion.timing import tool_path
from mt3.motion.tool_limits import ToolPeaks
from mt3.safety.breach import Breach
from mt3.safety.envelope import Envelope
from mt3.safety.joint_peaks import JointPeaks
from mt3.safety.limits import Limit, SafetyLimits
from mt3.safety.motion_limits import MotionLimits
from mt3.safety.scene_contacts import SceneContacts
from mt3.types import FloatArray

_STEP_RAD = 0.05  # between samples for the tool's speed
_PATH_STEP_RAD = 0.02  # between checked positions: the hand is thicker than what it moves by
_SLACK = 1e-6
_TOOL = ("tool, m", "tool, rad")


class TrajectoryCheck:
    """Checks trajectories from rest to rest, linear between their samples.

    Args:
        model: The arm.
        limits: Its limits.
        envelope: Positions it may take.
        scene: What it may not touch, where that is known.
    """

    def __init__(
        self,
        model: RobotModel,
        limits: SafetyLimits,
        envelope: Envelope,
        scene: SceneContacts | None,
    ) -> None:
        self._model, self._limits = model, limits
        self._motion = MotionLimits.of(model, limits)
        self._envelope, self._scene = envelope, scene

    def breach(self, joints: FloatArray, trajectory: JointTrajectory) -> Breach | None:
        """The first limit that a trajectory from measured joints (n,) breaks, if any."""
        return (
            self._start_breach(joints, trajectory)
            or self._rate_breach(trajectory)
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

    def _rate_breach(self, trajectory: JointTrajectory) -> Breach | None:
        """Speeds first: what is too fast is mostly too sudden as well."""
        dense = _densified(trajectory)
        tool = ToolPeaks.of(dense.t_s, tool_path(self._model, dense.joints), rests_at_ends=True)
        joint = JointPeaks.of(trajectory.t_s, trajectory.joints, rests_at_ends=True)
        allowed, joints = self._motion, self._model.joint_names
        for limit, names, got, most, unit in (
            (Limit.JOINT_VELOCITY, joints, joint.speeds, allowed.joint_speeds, ", rad/s"),
            (Limit.TOOL_SPEED, _TOOL, tool.speeds, allowed.tool_speeds, "/s"),
            (Limit.TOOL_ACCELERATION, _TOOL, tool.accelerations, allowed.tool_accelerations, "/s2"),
            (
                Limit.JOINT_ACCELERATION,
                joints,
                joint.accelerations,
                allowed.joint_accelerations,
                ", rad/s2",
            ),
            (Limit.JOINT_JERK, joints, joint.jerks, allowed.joint_jerks, ", rad/s3"),
        ):
            k = int((got / most).argmax())
            if got[k] > most[k] + _SLACK:
                return Breach(
                    limit,
                    f"{names[k]}{unit}: got up to {got[k]:.3f}, expected at most {most[k]:.3f}",
                )
        return None

    def _position_breach(self, joints: FloatArray, trajectory: JointTrajectory) -> Breach | None:
        here, path = self._envelope.place(joints), _path(trajectory)
        for q in path:
            if breach := self._envelope.breach(here, self._envelope.place(q)):
                return breach
        return self._scene.path_breach(path) if self._scene else None


def _path(trajectory: JointTrajectory) -> Sequence[FloatArray]:
    """Positions along a trajectory at even steps of the joint that moves most, and its end."""
    moved = np.abs(np.diff(trajectory.joints, axis=0)).max(axis=1)
    at = np.concatenate([[0.0], np.cumsum(moved)])
    steps = np.linspace(0.0, at[-1], int(np.ceil(at[-1] / _PATH_STEP_RAD)) + 1)
    path = np.stack([np.interp(steps, at, column) for column in trajectory.joints.T], axis=1)
    return [*path, trajectory.joints[-1]]


def _densified(trajectory: JointTrajectory) -> JointTrajectory:
    """The trajectory with further samples wherever a joint moves far between two."""
    moved = np.abs(np.diff(trajectory.joints, axis=0)).max(axis=1)
    counts = np.maximum(1, np.ceil(moved / _STEP_RAD)).astype(np.intp)
    knots = np.concatenate([[0], np.cumsum(counts)])
    t_s = np.interp(np.arange(knots[-1] + 1), knots, trajectory.t_s)
    joints = [np.interp(t_s, trajectory.t_s, column) for column in trajectory.joints.T]
    return JointTrajectory(t_s, np.stack(joints, axis=1))
