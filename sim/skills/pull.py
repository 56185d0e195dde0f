"""Take hold of the target and drag it over the table."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from mt3.geometry import SE3
from mt3.types import FloatArray
from sim.objects import GRASPABLE, TOPPLING
from sim.scene import PyBulletScene
from sim.skills.skill import (
    Grip,
    Move,
    Pause,
    Script,
    Skill,
    Sweep,
    draw_offset_E,
    is_upright,
    raised,
    stands_free,
    with_half_turns,
)

_SHORTEST_M, _LONGEST_M = 0.06, 0.20
_DIRECTION_TOLERANCE_RAD: Final = np.deg2rad(30.0)
_UPRIGHT_RAD: Final = np.deg2rad(15.0)
_DIRECTION_O: Final = np.array([-1.0, 0.0, 0.0])
# Dragged between two finger tips, these turn about the line through them.
_TILTING: Final = frozenset(
    {"apple", "bottle", "can", "egg", "glass", "jar", "orange", "speaker", "spool", "tub"}
)


class Pull(Skill):
    """The target has gone 6 to 20 cm along -x of the frame it stood in, upright, and is let go.

    For an object that turns leave unchanged, so are the directions that they lead to.
    """

    name = "pull"
    clearance_m = 0.16
    partners = dict.fromkeys(sorted(GRASPABLE - TOPPLING - _TILTING), frozenset[str]())

    def start_condition(self, scene: PyBulletScene) -> bool:
        """The target stands on the table and the hand does not touch it."""
        return stands_free(scene)

    def success(self, scene: PyBulletScene) -> bool:
        """Far enough, not too far, in the right direction, on the table, let go."""
        world, target = scene.world, scene.roles.target
        T_WO, T_WO_start = world.pose(target), scene.roles.start_poses[target]
        moved_O = (T_WO_start.inverse() @ T_WO).t[:2]
        distance_m = float(np.linalg.norm(moved_O))
        if not _SHORTEST_M <= distance_m <= _LONGEST_M or not is_upright(T_WO, _UPRIGHT_RAD):
            return False
        least = float(np.cos(_DIRECTION_TOLERANCE_RAD))
        right_way = self._along(scene, moved_O / distance_m) >= least
        let_go = not scene.touches_robot(target)
        return right_way and let_go and world.touches(target, world.table)

    def scripts(self, scene: PyBulletScene, rng: np.random.Generator) -> Sequence[Script]:
        """Every grasp of the category: down, close, drag, open, up."""
        world, target = scene.world, scene.roles.target
        T_WO, offset = world.pose(target), draw_offset_E(rng)
        above_m, pull_m, retreat_m = rng.uniform((0.085, 0.10, 0.06), (0.105, 0.12, 0.08))
        pause_s = float(rng.uniform(0.15, 0.35))
        drag = SE3.from_translation(T_WO.R @ _DIRECTION_O * pull_m)
        scripts = []
        for T_OE in with_half_turns(world.objects[target].model.grasps_O):
            start = T_WO @ T_OE @ offset
            end = drag @ start
            actions = (
                Move(start),
                Pause(pause_s),
                Grip(0.0),
                Sweep((end,), 0.8),
                Grip(1.0),
                Move(raised(end, retreat_m)),
            )
            scripts.append(Script(raised(start, above_m), 1.0, actions))
        return scripts

    def _along(self, scene: PyBulletScene, way_O: FloatArray) -> float:
        """Cosine of the angle between a direction and the nearest that counts."""
        symmetry = scene.world.objects[scene.roles.target].model.symmetry
        if symmetry == "full":
            return 1.0
        cosine = float(_DIRECTION_O[:2] @ way_O)
        return abs(cosine) if symmetry == "2-fold" else cosine
