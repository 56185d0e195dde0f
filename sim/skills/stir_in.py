"""Stir in the target with what is in the hand."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from mt3.geometry import SE3, wrap_angle
from sim.objects.containers import BASKETS
from sim.objects.tools import STIRRERS
from sim.scene import Memory, PyBulletScene
from sim.skills.put_down import starts_in_hand, tool_in_held
from sim.skills.skill import Move, Pause, Script, Skill, Sweep, raised

_TURNS: Final = 1.5
_SHOWN_TURNS: Final = 2.0
_RADIUS_M: Final = 0.022
_OFF_FLOOR_M: Final = 0.008
_LEAST_RADIUS_M: Final = 0.008


class StirIn(Skill):
    """The lower end has gone round one and a half times inside the target, below its rim."""

    name = "stir_in"
    partners = dict.fromkeys(("bowl", "pan", *BASKETS), frozenset(STIRRERS))

    def start_condition(self, scene: PyBulletScene) -> bool:
        """The stirrer is in the hand, the target stands on the table."""
        return starts_in_hand(scene)

    def watch(self, scene: PyBulletScene) -> Memory:
        """How far round it has gone."""
        return _Rounds(scene)

    def success(self, scene: PyBulletScene) -> bool:
        """Far enough round, still in the hand, and the target stands."""
        memory, roles = scene.memory, scene.roles
        stirred = isinstance(memory, _Rounds) and abs(memory.angle_rad) >= _TURNS * 2 * np.pi
        stands = scene.world.touches(roles.target, scene.world.table)
        return stirred and stands and scene.holds(roles.require_held())

    def scripts(self, scene: PyBulletScene, rng: np.random.Generator) -> Sequence[Script]:
        """Into the middle, outwards, round, and up."""
        world, T_HE = scene.world, tool_in_held(scene)
        target = world.objects[scene.roles.target].model.dimensions
        above_m, radius_m = rng.uniform((0.06, _RADIUS_M), (0.08, _RADIUS_M + 0.004))
        pause_s = float(rng.uniform(0.1, 0.3))
        z = target["floor"] + _OFF_FLOOR_M
        angles = np.linspace(0.0, _SHOWN_TURNS * 2 * np.pi, round(_SHOWN_TURNS * 12) + 1)
        scripts = []
        for yaw in np.arange(4) * np.pi / 4:
            T_WT = world.pose(scene.roles.target) @ SE3.from_yaw(float(yaw))
            middle = T_WT @ SE3.from_translation((0.0, 0.0, z)) @ T_HE
            way = [
                T_WT @ SE3.from_translation((radius_m * np.cos(a), radius_m * np.sin(a), z)) @ T_HE
                for a in angles
            ]
            actions = (
                Move(middle),
                Sweep(tuple(way), 0.9),
                Pause(pause_s),
                Move(raised(middle, above_m)),
            )
            scripts.append(Script(raised(middle, above_m), 0.0, actions))
        return scripts


class _Rounds:
    """The angle that the held thing's lower end has gone round the target's middle, signed."""

    def __init__(self, scene: PyBulletScene) -> None:
        self._world, roles = scene.world, scene.roles
        self._held, self._target = roles.require_held(), roles.target
        self._rim_m = self._world.objects[self._target].model.dimensions["height"]
        self.angle_rad = 0.0
        self._last_rad: float | None = None

    def observe(self) -> None:
        """Add what it has gone since the last look, while it is inside and off the middle."""
        world = self._world
        x, y, z = (world.pose(self._target).inverse() @ world.pose(self._held)).t
        if z > self._rim_m or np.hypot(x, y) < _LEAST_RADIUS_M:
            self._last_rad = None
            return
        now_rad = float(np.arctan2(y, x))
        if self._last_rad is not None:
            self.angle_rad += float(wrap_angle(now_rad - self._last_rad))
        self._last_rad = now_rad

    def snapshot(self) -> object:
        """Angles."""
        return self.angle_rad, self._last_rad

    def restore(self, snapshot: object) -> None:
        """Return to earlier angles."""
        if isinstance(snapshot, tuple):
            self.angle_rad, self._last_rad = snapshot
