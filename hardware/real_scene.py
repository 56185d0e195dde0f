"""A real workplace: an arm and a gripper behind a control process, and cameras."""

import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from types import MappingProxyType, TracebackType
from typing import Self

from hardware.calibration.checked_camera import CheckedCamera
from mt3.control.control_process import ControlProcess, RemoteArm, RemoteGripper
from mt3.control.monotonic_clock import MonotonicClock
from mt3.errors import ConfigurationError
from mt3.geometry import SE3
from mt3.interfaces import ArmDriver, Camera, Gripper
from mt3.motion.robot_model import RobotModel
from mt3.safety import SafetyLimits
from mt3.tool import ToolFrame

_log = logging.getLogger(__name__)


class RealScene:
    """Implements the core's ``Scene`` with devices; ``with`` connects them all.

    Arm and gripper are the ones of a control process, so every command to them passes its safety
    gate; nothing here reaches the drivers in another way.

    Args:
        robot: Name of the arm, for demonstrations: one robot's are not another's.
        tool: What is mounted at its flange.
        control: The control process, not started.
        cameras: By name, not connected; the first is the default view.
        T_WB: Pose of the arm's base in W.

    Raises:
        ConfigurationError: No camera.
    """

    backend = "real"

    def __init__(
        self,
        robot: str,
        tool: ToolFrame,
        control: ControlProcess,
        cameras: Mapping[str, Camera],
        T_WB: SE3,
    ) -> None:
        if not cameras:
            raise ConfigurationError("cameras: got none, expected at least one")
        self.robot, self.tool, self.T_WB = robot, tool, T_WB
        self.control = control
        self.clock = MonotonicClock()
        self._cameras = dict(cameras)
        self._connections = ExitStack()
        self._warnings: tuple[str, ...] = ()

    @property
    def arm(self) -> RemoteArm:
        """The guarded arm of the control process."""
        return self.control.arm

    @property
    def gripper(self) -> RemoteGripper:
        """The gripper of the control process."""
        return self.control.gripper

    @property
    def cameras(self) -> Mapping[str, Camera]:
        """Cameras by name; the first is the default view."""
        return MappingProxyType(self._cameras)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the look at the cameras' calibrations, as they were connected, warned of."""
        return self._warnings

    def __enter__(self) -> Self:
        """Connect arm and gripper, then the cameras, which may be on the arm, and check those.

        Raises:
            DeviceError: A device does not answer, or is not as configured.
            ConfigurationError: A camera is no longer where its calibration says.
        """
        with ExitStack() as stack:
            stack.enter_context(self.control)
            for camera in self._cameras.values():
                stack.enter_context(camera)
            self._warnings = self._check_cameras()
            self._connections = stack.pop_all()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connections.__exit__(exc_type, exc, traceback)

    def _check_cameras(self) -> tuple[str, ...]:
        """Warn of calibrations that may no longer hold, before anything moves."""
        checked = (c for c in self._cameras.values() if isinstance(c, CheckedCamera))
        found = [camera.check(self.robot, self.T_WB, self.arm, self.clock) for camera in checked]
        warnings = tuple(filter(None, found))
        for warning in warnings:
            _log.warning("%s", warning)
        return warnings


def build_real_scene(
    robot: str,
    tool: ToolFrame,
    arm: Callable[..., ArmDriver],
    gripper: Callable[[], Gripper],
    cameras: Mapping[str, Callable[..., Camera]],
    T_WB: SE3,
    model: RobotModel,
    limits: SafetyLimits,
    may_move: bool,
) -> RealScene:
    """A real workplace from what a configuration names.

    Args:
        robot: Name of the arm.
        tool: What is mounted at its flange; the driver compares it with its controller's.
        arm: Makes the driver of the arm, given ``tool``, ``lower``, ``upper`` and ``clock``.
        gripper: Makes that of the gripper.
        cameras: Make the cameras, each given ``arm`` and ``T_WB``, by name.
        T_WB: Pose of the arm's base in W.
        model: The arm's kinematics and shape.
        limits: What it may not exceed.
        may_move: Whether anything may move at all.
    """
    arm = partial(arm, tool=tool, lower=model.lower.tolist(), upper=model.upper.tolist())
    control = ControlProcess(arm, gripper, model, limits, T_WB, may_move=may_move)
    mounted = {name: camera(arm=control.arm, T_WB=T_WB) for name, camera in cameras.items()}
    return RealScene(robot, tool, control, mounted, T_WB)


def control_of(scene: RealScene) -> ControlProcess:
    """The control process of a real scene, as a configuration asks for it."""
    return scene.control
