"""Simulated fingers that follow a gripper's controller, and tell it what is between them."""

from collections.abc import Callable
from typing import TypeAlias

from sim.scene import PyBulletScene

_SQUEEZE_M = 0.008  # how far inside of what they hold the fingers aim
_LAG_M = 0.0003  # fingers this far behind are moving, or stopped by something
_LETS_GO_M = 0.001  # by which the controller's fingers are wider than what is held
_NEWS_M = 0.0005  # a smaller change of the width between the fingers is not told

ObstacleReport: TypeAlias = Callable[[float | None], None]


class FollowingFingers:
    """Fingers that are where a controller has its own, until they close on an object.

    Then they hold it with their full force, wherever the controller's own fingers come to rest,
    and the controller is told how wide it is, until it opens again.

    Args:
        scene: Whose fingers follow.
        report_obstacle: Told the opening at which something stops the fingers, a fraction, and
            None when nothing does any more; only when that changes.
    """

    def __init__(self, scene: PyBulletScene, report_obstacle: ObstacleReport) -> None:
        self._scene, self._report = scene, report_obstacle
        self._full_m = 2.0 * scene.sim_robot.description.finger_travel_m
        self._held_m: float | None = None
        if scene.roles.held is not None:
            self._tell(self._measure_m())

    def pursue(self, opening: float) -> None:
        """Be, if nothing is in the way, at an opening after the next step."""
        wanted_m, width_m = opening * self._full_m, self._measure_m()
        if self._held_m is not None:
            self._keep_hold(self._held_m, wanted_m, width_m)
        elif width_m > wanted_m + _LAG_M and self._squeezes():
            self._tell(width_m)
        aim_m = wanted_m if self._held_m is None else width_m - _SQUEEZE_M
        self._scene.gripper.command(min(max(aim_m / self._full_m, 0.0), 1.0))

    def _keep_hold(self, held_m: float, wanted_m: float, width_m: float) -> None:
        """Notice that the controller opens, and what moves between the fingers."""
        if wanted_m > held_m + _LETS_GO_M:
            self._tell(None)
        elif abs(width_m - held_m) > _NEWS_M:
            self._tell(width_m)

    def _squeezes(self) -> bool:
        return any(self._scene.holds(name) for name in self._scene.world.objects)

    def _measure_m(self) -> float:
        return self._scene.measured_opening() * self._full_m

    def _tell(self, held_m: float | None) -> None:
        self._held_m = held_m
        self._report(None if held_m is None else held_m / self._full_m)
