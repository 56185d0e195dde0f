"""What a Franka's controller says of itself, against what the configuration says of it."""

import xml.etree.ElementTree as ET
from types import ModuleType
from typing import Any

import numpy as np

from hardware.arms.wrench import wrench_at_tool
from mt3.errors import ConfigurationError, DeviceError
from mt3.geometry import SE3
from mt3.tool import ToolFrame
from mt3.types import FloatArray

JOINTS = 7
_TOOL_TOLERANCE_M = 1e-3
_TOOL_TOLERANCE_RAD = 0.01
_MASS_TOLERANCE_KG = 0.05
_CENTRE_TOLERANCE_M = 0.01
_JOINT_TOLERANCE_RAD = 0.01

# Modes of franka::RobotState in which FCI takes no command, and what to do about them. Source:
# libfranka, robot_state.h, and the Franka Research 3 manual on the colours of the base.
_REMEDIES = {
    "Other": "is locked or not ready: unlock its joints and activate FCI in Desk",
    "Guiding": "is guided by hand: let go of the guiding buttons",
    "Reflex": (
        "is in error after a reflex (a collision, or a motion it could not follow): look at the "
        "arm, remove the cause, then connect once with scene.arm.recover_errors=true"
    ),
    "UserStopped": "is stopped by the user stop: release it, then connect again",
    "AutomaticErrorRecovery": "is recovering from an error: wait, then connect again",
    "Move": "is moved by another program: end that program",
}


def pose_of(affine: Any) -> SE3:  # noqa: ANN401  # franky has no types
    """A pose of franky's; its rotation is made a rotation again, for it was sent as float32."""
    return SE3.from_quat_xyzw(affine.quaternion, affine.translation)


def tool_wrench(state: Any) -> FloatArray:  # noqa: ANN401  # franky has no types
    """What presses on the tool, wrench_E, (6,), N then Nm; the robot's own estimate.

    Source: libfranka, robot_state.h, ``K_F_ext_hat_K``: about and along the stiffness frame K,
    positive where the robot presses on its environment, and zero near a singular posture.
    """
    T_EK = pose_of(state.EE_T_K)
    return wrench_at_tool(T_EK.R, T_EK.t, -np.asarray(state.K_F_ext_hat_K))


def mode_fault(mode_name: str) -> str | None:
    """Why a robot in a mode cannot be commanded, and the remedy; None where it can."""
    remedy = _REMEDIES.get(mode_name)
    return None if remedy is None else f"the arm {remedy} (mode {mode_name})"


def check_tool(tool: ToolFrame, state: Any) -> None:  # noqa: ANN401  # franky has no types
    """Compare the end effector and the load of a ``franky.RobotState`` with the configuration.

    Raises:
        ConfigurationError: They differ; the message has both values.
    """
    T_flange_tool = pose_of(state.F_T_EE)
    if not T_flange_tool.is_close(tool.T_flange_tool, _TOOL_TOLERANCE_M, _TOOL_TOLERANCE_RAD):
        raise ConfigurationError(
            f"tool.T_flange_tool: got {_rounded(tool.T_flange_tool.as_twist())} (as a twist), the "
            f"controller's F_T_EE is {_rounded(T_flange_tool.as_twist())}: set the end effector in "
            "Desk, or correct the configuration"
        )
    if abs(state.m_total - tool.payload_kg) > _MASS_TOLERANCE_KG:
        raise ConfigurationError(
            f"tool.payload_kg: got {tool.payload_kg}, the controller carries "
            f"{state.m_total:.3f} (end effector {state.m_ee:.3f}, load {state.m_load:.3f}): set "
            "both in Desk, or correct the configuration"
        )
    centre = np.asarray(state.F_x_Ctotal)
    if np.abs(centre - tool.p_com_flange).max() > _CENTRE_TOLERANCE_M:
        raise ConfigurationError(
            f"tool.p_com_flange: got {list(tool.p_com_flange)}, the controller's centre of mass is "
            f"{_rounded(centre)}: set it in Desk, or correct the configuration"
        )


def check_joints(lower: FloatArray, upper: FloatArray, robot_urdf: str) -> None:
    """Compare the configuration with the joint limits of the robot's own description.

    Narrower ones are fine.

    Args:
        lower: (7,), rad.
        upper: (7,), rad.
        robot_urdf: As the controller sends it.

    Raises:
        ConfigurationError: Wider limits, or another number of joints.
    """
    limits = np.array(
        [
            [float(joint.find("limit").get(end)) for end in ("lower", "upper")]  # type: ignore[union-attr,arg-type]
            for joint in ET.fromstring(robot_urdf).iter("joint")
            if joint.get("type") == "revolute"
        ]
    )
    for name, ours, theirs, outward in (
        ("lower", lower, limits[:, 0], -1.0),
        ("upper", upper, limits[:, 1], 1.0),
    ):
        if ours.shape != theirs.shape or (outward * (ours - theirs)).max() > _JOINT_TOLERANCE_RAD:
            raise ConfigurationError(
                f"{name} joint limits: got {_rounded(ours)}, expected none beyond the robot's own "
                f"{_rounded(theirs)}: use the description of this very robot, or narrow them"
            )


def realtime_config(vendor: ModuleType, required: bool) -> Any:  # noqa: ANN401
    """Franky's name for whether a realtime kernel is required."""
    return vendor.RealtimeConfig.Enforce if required else vendor.RealtimeConfig.Ignore


def require_mode(address: str, mode_name: str) -> None:
    """Pass a robot that can be commanded.

    Raises:
        DeviceError: It cannot; the message has the remedy.
    """
    if (fault := mode_fault(mode_name)) is not None:
        raise DeviceError(f"{address}: {fault}")


def _rounded(values: FloatArray) -> list[float]:
    return [float(value) for value in np.round(values, 4)]
