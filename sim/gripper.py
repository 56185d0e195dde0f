"""The simulated hand, behind the core's ``Gripper`` protocol."""

from types import TracebackType
from typing import Self, TypeAlias

import numpy as np

from mt3.errors import GeometryError, NotConnectedError
from mt3.interfaces import GripperState
from sim.robot import SimRobot
from sim.world import STEP_S

_FINGER_SPEED_M_S = 0.08
_GRIP_FORCE_N = 50.0
_COUPLING_FORCE_N = 200.0
_POSITION_GAIN = 0.3
_BLOCKED_M = 0.002  # the target is this far inside the object when the fingers hold something

GripperController: TypeAlias = tuple[float, float]


class SimGripper:
    """Two fingers that a gear keeps symmetric, closing with a limited force.

    Raises:
        NotConnectedError: Anything but ``with`` outside the ``with`` block.
    """

    def __init__(self, robot: SimRobot) -> None:
        self._robot = robot
        self._world = robot.world
        self._travel_m = robot.description.finger_travel_m
        self._connected = False
        left, right = robot.finger_joints
        self._world.bullet.couple_joints(robot.body, left, right, _COUPLING_FORCE_N)
        self.reset(1.0)
        self._world.call_before_step(self._tick)

    def __enter__(self) -> Self:
        self._connected = True
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._hold()
        self._connected = False

    def state(self) -> GripperState:
        """Measured opening (sum of both fingers over full travel), and the last command."""
        self._require_connection()
        return GripperState(self._world.steps * STEP_S, self._robot.opening(), self._command)

    def command(self, opening: float) -> None:
        """Begin to move to an opening, 0 closed and 1 open.

        Raises:
            GeometryError: Not a fraction.
        """
        self._require_connection()
        if not 0.0 <= opening <= 1.0:
            raise GeometryError(f"opening: got {opening}, expected a fraction from 0 to 1")
        self._command = float(opening)

    def stop(self) -> None:
        """Stop the fingers; what they hold stays held."""
        self._require_connection()
        self._hold()

    def reset(self, opening: float) -> None:
        """Put the fingers at an opening without physics; for staging a scene."""
        self._command = opening
        self._target_m = opening * self._travel_m
        self._world.bullet.reset_joints(
            self._robot.body, self._robot.finger_joints, np.full(2, self._target_m)
        )

    def controller_state(self) -> GripperController:
        """What ``restore_controller`` needs beside the state of the physics."""
        return self._command, self._target_m

    def restore_controller(self, state: GripperController) -> None:
        """Return the controller to a remembered state."""
        self._command, self._target_m = state

    def _tick(self) -> None:
        limit_m = _FINGER_SPEED_M_S * STEP_S
        error_m = self._command * self._travel_m - self._target_m
        step_m = float(np.clip(error_m, -limit_m, limit_m))
        self._world.bullet.drive_joints(
            self._robot.body,
            self._robot.finger_joints,
            np.full(2, self._target_m),
            np.full(2, step_m / STEP_S),
            np.full(2, _GRIP_FORCE_N),
            _POSITION_GAIN,
        )
        self._target_m += step_m

    def _hold(self) -> None:
        if self._target_m == self._command * self._travel_m:
            return  # not moving: there is nothing to stop
        measured_m = self._robot.opening() * self._travel_m
        if measured_m - self._target_m < _BLOCKED_M:
            self._target_m = measured_m
        self._command = self._target_m / self._travel_m

    def _require_connection(self) -> None:
        if not self._connected:
            raise NotConnectedError("gripper: not connected, use it inside `with`")
