"""Why a motion could not be planned."""

from enum import StrEnum

from mt3.errors import PlanningError


class PlanFailure(StrEnum):
    """Reason of a ``PlanningError``."""

    JOINT_LIMIT = "joint_limit"
    COLLISION = "collision"
    NO_IK_SOLUTION = "no_ik_solution"
    NO_PATH = "no_path"
    SINGULAR = "singular"


def planning_error(message: str, reason: PlanFailure) -> PlanningError:
    """A ``PlanningError`` with one of our reasons."""
    return PlanningError(message, reason.value)
