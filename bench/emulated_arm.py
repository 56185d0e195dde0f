"""Arms with emulated controllers, driven from a control process, for the benches."""

import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "emulators"))

from closed_loop import drivers, emulated_controller, tool_of
from emulator_process import EmulatorProcess

from mt3.control.control_process import ControlProcess
from mt3.execution.interaction import Interaction, TrackingRules
from mt3.execution.reference import Reference
from mt3.geometry import SE3, log_se3
from mt3.motion.tool_limits import ToolLimits
from mt3.safety import SafetyLimits
from sim.robots import robot_named
from sim.workplace import build_model

HOSTS = {"ur5e": "127.0.2.20", "xarm6": "127.0.2.21"}
LIMITS = SafetyLimits(
    joint_margin_rad=0.02,
    joint_velocity_fraction=0.9,
    tool=ToolLimits(0.25, 1.2, 2.0, 6.0),
    workspace_lower_W=(-1.0, -1.0, 0.0),
    workspace_upper_W=(1.0, 1.0, 1.2),
    table_height_m=0.0,
    table_clearance_m=0.002,
)
_SWING_M, _PEAK_M_S = 0.06, 0.15
_RATE_HZ = 60.0
_STILL_RAD_S = 1e-3

__all__ = [
    "HOSTS",
    "EmulatorProcess",
    "control_of",
    "emulated_controller",
    "joint_log",
    "stopped_after_s",
    "swing",
]


def control_of(robot: str) -> ControlProcess:
    """A control process, not started, for the robot of a name at its emulator."""
    model = build_model(robot)
    arm, gripper = drivers(robot, HOSTS[robot])
    arm = partial(arm, tool=tool_of(robot), lower=model.lower.tolist(), upper=model.upper.tolist())
    return ControlProcess(arm, gripper, model, LIMITS, robot_named(robot).T_WB)


def swing(robot: str, duration_s: float, rate_hz: float = _RATE_HZ) -> Interaction:
    """To and fro along x of W from the observe posture, at up to 0.15 m/s."""
    description = robot_named(robot)
    T_WE = description.T_WB @ build_model(robot).forward(description.observe_joints)
    t_s = np.arange(round(duration_s * _RATE_HZ)) / _RATE_HZ
    x_m = _SWING_M * (1.0 - np.cos(_PEAK_M_S / _SWING_M * t_s))
    poses = np.stack([(SE3.from_translation([x, 0.0, 0.0]) @ T_WE).matrix for x in x_m])
    V_WE_E = np.zeros((len(t_s), 6))
    V_WE_E[:-1] = log_se3(np.linalg.inv(poses[:-1]) @ poses[1:]) * _RATE_HZ
    still = np.ones(len(t_s))
    reference = Reference(t_s, poses, V_WE_E, still, still, ())
    return Interaction(reference, TrackingRules(rate_hz=rate_hz, feedback_hz=5.0))


def joint_log(
    controller: EmulatorProcess, since_s: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times (N,), of the last packet then (N,), and joint speeds (N, n) of an emulated arm."""
    log = controller.call("log")
    if isinstance(log, dict):
        t_s, packet_s, qd = log["t_s"], log["last_packet_s"], log["qd"]
    else:
        t_s, packet_s, qd = (np.array([row[k] for row in log]) for k in (0, 1, 4))
    chosen = t_s >= since_s
    return t_s[chosen], packet_s[chosen], qd[chosen]


def stopped_after_s(controller: EmulatorProcess, since_s: float) -> tuple[float, float]:
    """How long an arm went on: after a moment, and after the last packet that its controller got.

    Waits until it stands still; infinite where it does not.
    """
    deadline_s = time.monotonic() + 2.0
    while time.monotonic() < deadline_s:
        time.sleep(0.2)
        t_s, packet_s, qd = joint_log(controller, since_s)
        moving = np.flatnonzero(np.abs(qd).max(axis=1) > _STILL_RAD_S)
        end = int(moving[-1]) + 1 if len(moving) else 0
        if len(t_s) and t_s[-1] - t_s[min(end, len(t_s) - 1)] > 0.1:
            still_s = float(t_s[end])
            return still_s - since_s, still_s - float(packet_s[end])
    return float("inf"), float("inf")
