"""What an arm may never exceed. Not safety-rated: an emergency stop stays within reach."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from mt3.errors import ConfigurationError
from mt3.motion.tool_limits import ToolLimits


class Limit(StrEnum):
    """Names of the limits, in ``SafetyViolation.limit`` and ``GuardedArm.interventions``."""

    COMMAND = "command"
    COMMAND_GAP = "command_gap"
    STALE_STATE = "stale_state"
    TRAJECTORY_START = "trajectory_start"
    JOINT_POSITION = "joint_position"
    JOINT_VELOCITY = "joint_velocity"
    TOOL_SPEED = "tool_speed"
    TOOL_ACCELERATION = "tool_acceleration"
    WORKSPACE = "workspace"
    TABLE = "table"
    SELF_COLLISION = "self_collision"


@dataclass(frozen=True, slots=True)
class SafetyLimits:
    """Limits of one arm in one workplace.

    Args:
        joint_margin_rad: Distance kept from the model's joint limits.
        joint_velocity_fraction: Of the model's joint speed limits.
        tool: Speeds and accelerations of E.
        workspace_lower_W: Least x, y, z of E in W, metres.
        workspace_upper_W: Greatest x, y, z of E in W, metres.
        table_height_m: z in W of the table's surface; no link but base and fingers goes below.
        table_clearance_m: Least height of E above it.
        max_state_age_s: An older state is no state.
        max_command_gap_s: After a longer pause in a stream of twists the arm starts from rest.
        command_period_s: Expected time between twists.
        start_tolerance_rad: Distance of a trajectory's first joints from the measured ones.

    Raises:
        ConfigurationError: A value out of range; the message names it.
    """

    joint_margin_rad: float
    joint_velocity_fraction: float
    tool: ToolLimits
    workspace_lower_W: tuple[float, float, float]
    workspace_upper_W: tuple[float, float, float]
    table_height_m: float
    table_clearance_m: float
    max_state_age_s: float = 0.1
    max_command_gap_s: float = 0.1
    command_period_s: float = 1.0 / 60.0
    start_tolerance_rad: float = 0.02

    def __post_init__(self) -> None:
        for name in ("joint_margin_rad", "table_clearance_m"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ConfigurationError(
                    f"{name}: got {getattr(self, name)}, expected a number of at least 0"
                )
        positive = ("max_state_age_s", "max_command_gap_s", "command_period_s")
        for name in (*positive, "start_tolerance_rad"):
            if not 0 < getattr(self, name) < np.inf:
                raise ConfigurationError(
                    f"{name}: got {getattr(self, name)}, expected a positive number"
                )
        if not 0 < self.joint_velocity_fraction <= 1:
            raise ConfigurationError(
                f"joint_velocity_fraction: got {self.joint_velocity_fraction}, expected in (0, 1]"
            )
        corners = np.array([self.workspace_lower_W, self.workspace_upper_W], dtype=np.float64)
        if corners.shape != (2, 3) or not (corners[0] < corners[1]).all():
            raise ConfigurationError(
                f"workspace: got {corners.tolist()}, expected two corners, lower under upper"
            )
        if not np.isfinite(self.table_height_m):
            raise ConfigurationError(f"table_height_m: got {self.table_height_m}, expected finite")
