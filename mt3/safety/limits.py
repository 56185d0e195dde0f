"""What an arm may never exceed. Not safety-rated: an emergency stop stays within reach."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self, TypeAlias

import numpy as np

from mt3.errors import ConfigurationError
from mt3.motion.tool_limits import ToolLimits
from mt3.types import FloatArray, require_bool, require_positive

# ISO 10218-1:2011, 5.6.2: at reduced speed the tool centre point stays at or below 250 mm/s.
REDUCED_SPEED_M_S = 0.25

# No table-top arm reaches so far from W's origin, near which it stands: more is in millimetres.
_REACH_M = 5.0

Corner: TypeAlias = tuple[float, float, float]
Box: TypeAlias = tuple[Corner, Corner]


class Limit(StrEnum):
    """Names of the limits, in ``SafetyViolation.limit`` and ``GuardedArm.interventions``."""

    COMMAND = "command"
    COMMAND_GAP = "command_gap"
    STALE_STATE = "stale_state"
    STATE_JUMP = "state_jump"
    EXTERNAL_FORCE = "external_force"
    TRAJECTORY_START = "trajectory_start"
    JOINT_POSITION = "joint_position"
    JOINT_VELOCITY = "joint_velocity"
    JOINT_ACCELERATION = "joint_acceleration"
    JOINT_JERK = "joint_jerk"
    TOOL_SPEED = "tool_speed"
    TOOL_ACCELERATION = "tool_acceleration"
    WORKSPACE = "workspace"
    TABLE = "table"
    FORBIDDEN_BOX = "forbidden_box"
    SELF_COLLISION = "self_collision"
    OBSTACLE = "obstacle"
    SINGULARITY = "singularity"


@dataclass(frozen=True, slots=True)
class SafetyLimits:
    """Limits of one arm in one workplace.

    Joint ranges and joint speeds are the model's, from the robot's description; what a description
    does not hold is here. Limits of joints are one number for all, or one for each.

    Args:
        joint_margin_rad: Distance kept from the model's joint limits.
        joint_velocity_fraction: Of the model's joint speed limits.
        tool: Speeds and accelerations of E.
        workspace_lower_W: Least x, y, z of E in W, metres.
        workspace_upper_W: Greatest x, y, z of E in W, metres.
        table_height_m: z in W of the table's surface; no link but base and fingers goes below.
        table_clearance_m: Least height of E above it.
        max_state_age_s: An older state is no state.
        max_command_gap_s: After a longer pause in a stream of twists the arm starts from rest. The
            arm goes on for so long at most, and no twist leads out of its limits within that time.
        command_period_s: Expected time between twists.
        start_tolerance_rad: Distance of a trajectory's first joints from the measured ones.
        joint_acceleration_rad_s2: Of the joints.
        joint_jerk_rad_s3: Of the joints.
        forbidden_boxes_W: Lower and upper corners of boxes in W that no moving link enters, metres.
        slow_condition: From this condition number of the Jacobian on, a twist that makes it grow
            is slowed.
        stop_condition: At this condition number such a twist ends at rest.
        max_hold_s: An arm that is told for longer to go on where a limit holds it is stopped.
        max_force_N: Largest force on the tool, its bias included, where the arm reports it.
        reduced_speed_override: Allow more than 0.25 m/s of E.

    Raises:
        ConfigurationError: A value out of range; the message names it.

    Source:
        The condition numbers are MoveIt Servo's defaults, ``lower_singularity_threshold`` and
        ``hard_stop_singularity_threshold``. Reduced speed: ISO 10218-1:2011, 5.6.2.
    """

    joint_margin_rad: float
    joint_velocity_fraction: float
    tool: ToolLimits
    workspace_lower_W: Corner
    workspace_upper_W: Corner
    table_height_m: float
    table_clearance_m: float
    max_state_age_s: float = 0.1
    max_command_gap_s: float = 0.1
    command_period_s: float = 1.0 / 60.0
    start_tolerance_rad: float = 0.02
    joint_acceleration_rad_s2: tuple[float, ...] = (10.0,)
    joint_jerk_rad_s3: tuple[float, ...] = (5000.0,)
    forbidden_boxes_W: tuple[Box, ...] = ()
    slow_condition: float = 17.0
    stop_condition: float = 30.0
    max_hold_s: float = 1.0
    max_force_N: float = 40.0
    reduced_speed_override: bool = False

    def __post_init__(self) -> None:
        require_bool("reduced_speed_override", self.reduced_speed_override)
        self._require_numbers()
        self._require_boxes()
        for name in ("joint_acceleration_rad_s2", "joint_jerk_rad_s3"):
            for value in getattr(self, name):
                require_positive(name, value)
        if not 1.0 <= self.slow_condition < self.stop_condition:
            raise ConfigurationError(
                f"slow_condition: got {self.slow_condition} and a stop_condition of "
                f"{self.stop_condition}, expected from 1 on and the second larger"
            )
        if self.tool.speed_m_s > REDUCED_SPEED_M_S and not self.reduced_speed_override:
            raise ConfigurationError(
                f"tool.speed_m_s: got {self.tool.speed_m_s}, expected at most {REDUCED_SPEED_M_S} "
                "(reduced speed of ISO 10218-1); nobody may be in reach of a faster arm, and "
                "reduced_speed_override=true says that this is so"
            )

    @classmethod
    def at_speed(cls, speed: float, **values: Any) -> Self:  # noqa: ANN401  # the fields' types
        """Limits with a share, in (0, 1], of every speed among the values.

        Raises:
            ConfigurationError: A value out of range.
        """
        return cls(**values).slowed(speed)

    def slowed(self, share: float) -> Self:
        """The same with a share, in (0, 1], of every speed; accelerations stay, for braking.

        Raises:
            ConfigurationError: A share out of range.
        """
        number = isinstance(share, int | float) and not isinstance(share, bool)
        if not number or not 0.0 < share <= 1.0:
            raise ConfigurationError(f"speed: got {share!r}, expected a number in (0, 1]")
        tool = replace(
            self.tool,
            speed_m_s=share * self.tool.speed_m_s,
            angular_speed_rad_s=share * self.tool.angular_speed_rad_s,
        )
        fraction = share * self.joint_velocity_fraction
        return replace(self, tool=tool, joint_velocity_fraction=fraction)

    def share_at(self, condition: float) -> float:
        """Share, in [0, 1], of the speed limits on the way to a singular posture.

        Source: linear between two condition numbers, as MoveIt Servo scales its commands.

        Args:
            condition: Of the Jacobian, where the arm is.
        """
        span = self.stop_condition - self.slow_condition
        return min(1.0, max(0.0, (self.stop_condition - condition) / span))

    def of_joints(self, name: str, count: int) -> FloatArray:
        """A limit of the joints by its name, (count,).

        Raises:
            ConfigurationError: It is given for another number of joints.
        """
        given = getattr(self, name)
        if len(given) not in (1, count):
            raise ConfigurationError(
                f"{name}: got {len(given)} numbers, expected one for all or one for each of the "
                f"arm's {count} joints"
            )
        return np.broadcast_to(np.array(given, dtype=np.float64), (count,))

    def _require_numbers(self) -> None:
        for name in ("joint_margin_rad", "table_clearance_m"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ConfigurationError(
                    f"{name}: got {getattr(self, name)}, expected a number of at least 0"
                )
        positive = ("max_state_age_s", "max_command_gap_s", "command_period_s", "max_hold_s")
        for name in (*positive, "start_tolerance_rad", "max_force_N"):
            require_positive(name, getattr(self, name))
        if not 0 < self.joint_velocity_fraction <= 1:
            raise ConfigurationError(
                f"joint_velocity_fraction: got {self.joint_velocity_fraction}, expected in (0, 1]"
            )
        if not np.isfinite(self.table_height_m):
            raise ConfigurationError(f"table_height_m: got {self.table_height_m}, expected finite")

    def _require_boxes(self) -> None:
        workspace = (self.workspace_lower_W, self.workspace_upper_W)
        for name, box in (
            ("workspace", workspace),
            *(("forbidden_boxes_W", box) for box in self.forbidden_boxes_W),
        ):
            corners = np.array(box, dtype=np.float64)
            if corners.shape != (2, 3) or not (corners[0] < corners[1]).all():
                raise ConfigurationError(
                    f"{name}: got {corners.tolist()}, expected two corners, lower under upper"
                )
            if np.abs(corners).max() > _REACH_M:
                raise ConfigurationError(
                    f"{name}: got {corners.tolist()}, expected metres, within {_REACH_M:g} m of "
                    "W's origin; divide millimetres by 1000, and end a wall there"
                )
