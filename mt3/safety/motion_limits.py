"""How fast and how suddenly joints and tool of one arm may move, as arrays."""

from dataclasses import dataclass, replace

import numpy as np

from mt3.motion.robot_model import RobotModel
from mt3.safety.limits import SafetyLimits
from mt3.types import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class MotionLimits:
    """Largest rates of change.

    Args:
        joint_speeds: (n,), rad/s.
        joint_accelerations: (n,), rad/s2.
        joint_jerks: (n,), rad/s3.
        tool_speeds: Linear and angular, (2,), m/s and rad/s.
        tool_accelerations: Linear and angular, (2,), m/s2 and rad/s2.
    """

    joint_speeds: FloatArray
    joint_accelerations: FloatArray
    joint_jerks: FloatArray
    tool_speeds: FloatArray
    tool_accelerations: FloatArray

    @classmethod
    def of(cls, model: RobotModel, limits: SafetyLimits) -> "MotionLimits":
        """Those of an arm.

        Raises:
            ConfigurationError: Limits for another number of joints.
        """
        n = len(model.velocity_limit)
        return cls(
            limits.joint_velocity_fraction * model.velocity_limit,
            limits.of_joints("joint_acceleration_rad_s2", n),
            limits.of_joints("joint_jerk_rad_s3", n),
            limits.tool.speeds,
            limits.tool.accelerations,
        )

    def with_reserve(self, share: float) -> "MotionLimits":
        """The same without a share of what joints may do."""
        return replace(
            self,
            joint_speeds=(1.0 - share) * self.joint_speeds,
            joint_accelerations=(1.0 - share) * self.joint_accelerations,
            joint_jerks=(1.0 - share) * self.joint_jerks,
        )

    def streamed_accelerations(self, period_s: float) -> FloatArray:
        """Of joints under commands a period apart, (n,), rad/s2.

        So small that even its reversal from one command to the next keeps the jerk: that changes
        the acceleration by at most twice its size within one period.
        """
        return np.minimum(self.joint_accelerations, 0.5 * period_s * self.joint_jerks)
