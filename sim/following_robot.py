"""A simulated robot without a controller of its own: it follows one that is elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from mt3.errors import ConfigurationError
from mt3.types import FloatArray, frozen_array, require_finite
from sim.following_fingers import FollowingFingers, ObstacleReport
from sim.scene import PyBulletScene

_MAX_START_OFFSET_RAD = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Posture:
    """Where a controller has its arm and its fingers.

    Args:
        joints: (n,), rad.
        opening: Of the fingers as the controller moves them, 0 closed and 1 open.

    Raises:
        GeometryError: Wrong shape, or a value that is not finite.
    """

    joints: FloatArray
    opening: float

    def __post_init__(self) -> None:
        require_finite("opening", self.opening)
        object.__setattr__(self, "joints", frozen_array("joints", self.joints, (None,)))


PostureSource: TypeAlias = Callable[[], Posture]


class FollowingRobot:
    """Moves a scene's robot, against physics, to where a controller has its own.

    Args:
        scene: Whose robot follows; connected, its arm about where the controller has its own.
        source: Where the controller has its robot now.
        report_obstacle: See ``FollowingFingers``.

    Raises:
        ConfigurationError: The controller's arm is elsewhere than the scene's.
    """

    def __init__(
        self, scene: PyBulletScene, source: PostureSource, report_obstacle: ObstacleReport
    ) -> None:
        self._scene, self._source = scene, source
        self._posture = source()
        self._fingers = FollowingFingers(scene, report_obstacle)
        joints = scene.arm.state().joints
        same = self._posture.joints.shape == joints.shape
        if not same or np.abs(self._posture.joints - joints).max() > _MAX_START_OFFSET_RAD:
            raise ConfigurationError(
                f"controller's joints: got {self._posture.joints.round(3).tolist()}, expected "
                f"about the scene's {joints.round(3).tolist()}; move the controller's arm there"
            )

    def step(self, steps: int) -> None:
        """Advance physics by so many steps, over which the robot comes to the controller's."""
        start, goal = self._posture, self._source()
        for k in range(1, steps + 1):
            share = k / steps
            self._scene.arm.pursue(start.joints + share * (goal.joints - start.joints))
            self._fingers.pursue(start.opening + share * (goal.opening - start.opening))
            self._scene.world.step()
        self._posture = goal
