"""What the simulator has to know of an arm with its gripper."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mt3.geometry import SE3
from mt3.types import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class RobotDescription:
    """One arm with a gripper of two fingers, as its URDF describes it and as it is used here.

    Args:
        name: As demonstrations and trials record it.
        urdf: Gives the robot description, arm and gripper in one; looks for it only when called.
        base_link: The link whose frame is B, the base frame of the arm's own controller.
        T_B_root: Pose of the description's root link in B.
        arm_joints: From the base outwards; each turns about z of the link it moves.
        flange_link: The link that carries the gripper, its frame that of the controller's flange.
        tool_link: The link whose frame is E.
        T_flange_tool: Pose of E in the flange.
        finger_joints: Left and right; 0 is closed.
        finger_travel_m: Of each finger, from closed to open.
        gripper: Name of the gripper.
        hand_mass_kg: Of what the flange carries.
        p_com_flange: Its centre of mass in the flange frame, metres.
        observe_joints: (n,), rad; E straight down over the table, out of the camera's way.
        T_WB: Where the base stands at the simulated table, unless a scene says otherwise.
    """

    name: str
    urdf: Callable[[], Path]
    base_link: str
    T_B_root: SE3
    arm_joints: tuple[str, ...]
    flange_link: str
    tool_link: str
    T_flange_tool: SE3
    finger_joints: tuple[str, str]
    finger_travel_m: float
    gripper: str
    hand_mass_kg: float
    p_com_flange: tuple[float, float, float]
    observe_joints: FloatArray
    T_WB: SE3
