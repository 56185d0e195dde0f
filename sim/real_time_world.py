"""A simulated workplace in real time: its robot follows a controller, and cameras look on."""

import threading
from types import TracebackType
from typing import Self

from mt3.control.monotonic_clock import MonotonicClock
from mt3.errors import DeviceError
from sim.following_fingers import ObstacleReport
from sim.following_robot import FollowingRobot, PostureSource
from sim.scene import PyBulletScene
from sim.world import STEP_S

_LEAST_STEPS = 2  # at once: each look at the controller costs as much as a step
_MOST_STEPS = 60  # caught up at once; a thread that waited for longer lets time pass unsimulated


class RealTimeWorld:
    """Steps a staged scene's physics in a thread, along the monotonic clock, while connected.

    The scene's own arm and fingers are the world's then: leave them alone. Its truth, its
    cameras and its judge can be asked at any time, because a step holds ``scene.world.lock``. The
    scene's clock becomes the monotonic one, so mount cameras only after this was made.

    Args:
        scene: As staged.
        source: Where the controller has its robot now; called about 120 times a second, from the
            world's thread.
        report_obstacle: See ``FollowingFingers``; called from the world's thread, between steps.

    Attributes:
        unsimulated_s: Time that passed without physics, because this computer was too busy.
    """

    def __init__(
        self, scene: PyBulletScene, source: PostureSource, report_obstacle: ObstacleReport
    ) -> None:
        self.scene = scene
        self.unsimulated_s = 0.0
        self._source, self._report_obstacle = source, report_obstacle
        self._clock = MonotonicClock()
        scene.clock = self._clock
        self._leaving = threading.Event()
        self._error: Exception | None = None

    def __enter__(self) -> Self:
        """Connect the scene and let time pass.

        Raises:
            ConfigurationError: The controller's arm is elsewhere than the scene's.
        """
        self.scene.__enter__()
        self._leaving.clear()
        self._error = None
        try:
            robot = FollowingRobot(self.scene, self._source, self._report_obstacle)
        except BaseException as error:
            self.scene.__exit__(type(error), error, error.__traceback__)
            raise
        self._thread = threading.Thread(target=self._run, args=(robot,), name="real time world")
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leaving.set()
        self._thread.join()
        self.scene.__exit__(exc_type, exc, traceback)
        if exc is None:
            self.check()

    def check(self) -> None:
        """Make sure that time still passes.

        Raises:
            DeviceError: The source, the report or the physics failed, and the world stands still.
        """
        if self._error is not None:
            raise DeviceError(f"the simulated world stands still: {self._error}") from self._error

    def _run(self, robot: FollowingRobot) -> None:
        due_s = self._clock.now_s()
        try:
            while not self._leaving.is_set():
                late_steps = int((self._clock.now_s() - due_s) / STEP_S)
                due_steps = _LEAST_STEPS + late_steps
                steps = min(due_steps, _MOST_STEPS)
                robot.step(steps)
                lost_s = (due_steps - steps) * STEP_S
                self.unsimulated_s += lost_s
                due_s += steps * STEP_S + lost_s
                self._clock.sleep_until(due_s)
        except Exception as error:  # from any source; told by check()
            self._error = error
