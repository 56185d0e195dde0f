"""Time that passes by stepping physics."""

import math

from sim.world import STEP_S, World

_ROUNDING_STEPS = 1e-6


class SimClock:
    """Simulated time of a world, in seconds since it was made; sleeping advances physics."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now_s(self) -> float:
        """Number of steps so far times the step length."""
        return self._world.steps * STEP_S

    def sleep_until(self, t_s: float) -> None:
        """Step until ``now_s()`` has reached a time."""
        target = math.ceil(t_s / STEP_S - _ROUNDING_STEPS)
        while self._world.steps < target:
            self._world.step()
