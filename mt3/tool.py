"""What is mounted at an arm's flange."""

from dataclasses import dataclass

from mt3.geometry import SE3


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
