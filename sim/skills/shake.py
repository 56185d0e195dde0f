"""Take the target, lift it and shake it."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from mt3.geometry import SE3
from mt3.types import FloatArray
from sim.objects import GRASPABLE
from sim.scene import Memory, PyBulletScene
from sim.skills.pick_up import PickUp
from sim.skills.skill import Script, Sweep

_SWING_M: Final = 0.025
_REVERSALS: Final = 3
_REACH_M: Final = 0.032  # of the demonstrator, to either side
_SWINGS: Final = 3


class Shake(PickUp):
    """While held it went to and fro, turning back at least 3 times after 2.5 cm; still held."""

    name = "shake"
    partners = dict.fromkeys(sorted(GRASPABLE - {"tray", "pan"}), frozenset[str]())

    def watch(self, scene: PyBulletScene) -> Memory:
        """How often it has turned back."""
        return _Swings(scene)

    def success(self, scene: PyBulletScene) -> bool:
        """Shaken, and still in the hand."""
        memory = scene.memory
        shaken = isinstance(memory, _Swings) and memory.reversals >= _REVERSALS
        return shaken and scene.holds(scene.roles.target)

    def scripts(self, scene: PyBulletScene, rng: np.random.Generator) -> Sequence[Script]:
        """Every grasp of the category: down, close, lift, to and fro."""
        scripts = []
        for script in super().scripts(scene, rng):
            T_WE = script.poses()[-1]
            ways = [SE3.from_translation((0, side * _REACH_M, 0)) for side in (1, -1) * _SWINGS]
            shaking = Sweep((*(way @ T_WE for way in ways), T_WE), 1.0)
            scripts.append(
                Script(script.T_WE_bottleneck, script.opening, (*script.actions, shaking))
            )
        return scripts


class _Swings:
    """How often the held target has turned back, and how far it has gone since."""

    def __init__(self, scene: PyBulletScene) -> None:
        self._scene, self._name = scene, scene.roles.target
        self.reversals = 0
        self._anchor = self._farthest = self._place()

    def _place(self) -> FloatArray:
        place: FloatArray = self._scene.world.pose(self._name).t[:2].copy()
        return place

    def observe(self) -> None:
        """Follow the target; a turn counts once it has come back far enough."""
        p = self._place()
        if not self._scene.holds(self._name):
            self._anchor = self._farthest = p
            return
        gone_m = float(np.linalg.norm(self._farthest - self._anchor))
        if np.linalg.norm(p - self._anchor) > gone_m:
            self._farthest = p
        elif gone_m >= _SWING_M and np.linalg.norm(p - self._farthest) >= _SWING_M:
            self.reversals += 1
            self._anchor, self._farthest = self._farthest, p

    def snapshot(self) -> object:
        """Counts and places."""
        return self.reversals, self._anchor, self._farthest

    def restore(self, snapshot: object) -> None:
        """Return to earlier counts and places."""
        if isinstance(snapshot, tuple):
            self.reversals, self._anchor, self._farthest = snapshot
