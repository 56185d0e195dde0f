"""What is mounted at an arm's flange."""

import math
from dataclasses import dataclass

from mt3.errors import ConfigurationError
from mt3.geometry import SE3
from mt3.types import require_bool


@dataclass(frozen=True, slots=True, eq=False)
class ToolFrame:
    """The tool as the arm's controller has to know it.

    Args:
        T_flange_tool: Pose of the tool centre point E in the flange.
        gripper: Model of the gripper.
        payload_kg: Mass of the tool.
        p_com_flange: Its centre of mass in the flange frame, metres.
    """

    T_flange_tool: SE3
    gripper: str
    payload_kg: float
    p_com_flange: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class ToolBox:
    """What a part of the tool occupies at most, as one measures it with a ruler.

    Args:
        name: Of the part.
        lower_flange: Least x, y, z in the flange frame, metres.
        upper_flange: Greatest x, y, z in the flange frame, metres.
        fingers: Whether it holds the fingers, over their whole travel: those may touch things.

    Raises:
        ConfigurationError: Two corners that span nothing, or fingers neither true nor false.
    """

    name: str
    lower_flange: tuple[float, float, float]
    upper_flange: tuple[float, float, float]
    fingers: bool = False

    def __post_init__(self) -> None:
        require_bool(f"{self.name}: fingers", self.fingers)
        sizes = [b - a for a, b in zip(self.lower_flange, self.upper_flange, strict=True)]
        if not all(0.0 < size < math.inf for size in sizes):
            raise ConfigurationError(
                f"{self.name}: got corners {self.lower_flange} and {self.upper_flange}, expected "
                "lower under upper"
            )
