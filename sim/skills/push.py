"""Push the target some way over the table with the closed hand."""

from collections.abc import Sequence

import numpy as np

from mt3.geometry import SE3
from mt3.types import FloatArray
from sim.objects import PUSHABLE
from sim.objects.grasp import tool_pose_down
from sim.scene import PyBulletScene
from sim.skills.skill import (
    Move,
    Pause,
    Script,
    Skill,
    is_upright,
    stands_free,
    with_half_turns,
)

_SHORTEST_M, _LONGEST_M = 0.06, 0.20
_DIRECTION_TOLERANCE_RAD = np.deg2rad(30.0)
_UPRIGHT_RAD = np.deg2rad(15.0)
_HEIGHT_M = 0.022
_HALF_FINGER_M = 0.011
_DIRECTION_O = np.array([0.0, 1.0, 0.0])


class Push(Skill):
    """The target moves 6 to 20 cm along y of the frame it stood in, and stays upright.

    An object that a half turn leaves unchanged may as well move along -y, a round one anywhere.
    """

    name = "push"
    clearance_m = 0.16
    partners = dict.fromkeys(PUSHABLE, frozenset[str]())

    def start_condition(self, scene: PyBulletScene) -> bool:
        """The target stands on the table and the hand does not touch it."""
        return stands_free(scene)

    def success(self, scene: PyBulletScene) -> bool:
        """Moved far enough, not too far, in the right direction, upright."""
        target = scene.roles.target
        T_WO, T_WO_start = scene.world.pose(target), scene.roles.start_poses[target]
        moved_O = (T_WO_start.inverse() @ T_WO).t[:2]
        distance_m = float(np.linalg.norm(moved_O))
        if not _SHORTEST_M <= distance_m <= _LONGEST_M or not is_upright(T_WO, _UPRIGHT_RAD):
            return False
        if scene.world.objects[target].model.symmetry == "full":
            return True
        cosines = [float(d[:2] @ moved_O) / distance_m for d in self._directions_O(scene)]
        return max(cosines) >= float(np.cos(_DIRECTION_TOLERANCE_RAD))

    def scripts(self, scene: PyBulletScene, rng: np.random.Generator) -> Sequence[Script]:
        """From either equivalent side: straight through, then back a little."""
        target = scene.roles.target
        T_WO, model = scene.world.pose(target), scene.world.objects[target].model
        half_m = float(np.abs(model.mesh.vertices[:, 1]).max()) + _HALF_FINGER_M
        gap_m, push_m, retreat_m = rng.uniform((0.055, 0.115, 0.03), (0.065, 0.135, 0.05))
        side_m = float(np.clip(rng.normal(0.0, 0.002), -0.004, 0.004))
        pause_s = float(rng.uniform(0.1, 0.3))
        scripts = []
        for direction in self._directions_O(scene):
            along = [-half_m - gap_m, -half_m + push_m, -half_m + push_m - retreat_m]
            ways = [_tool_at(T_WO, direction, distance, side_m) for distance in along]
            for start, end, back in zip(*(with_half_turns([way]) for way in ways), strict=True):
                scripts.append(Script(start, 0.0, (Move(end), Pause(pause_s), Move(back))))
        return scripts

    def _directions_O(self, scene: PyBulletScene) -> list[FloatArray]:
        symmetric = scene.world.objects[scene.roles.target].model.symmetry != "none"
        return [_DIRECTION_O, -_DIRECTION_O] if symmetric else [_DIRECTION_O]


def _tool_at(T_WO: SE3, direction_O: FloatArray, along_m: float, side_m: float) -> SE3:
    """Tool pose with the broad side of the closed fingers facing the direction."""
    p_O = direction_O * along_m
    return T_WO @ tool_pose_down(p_O[0] + side_m, p_O[1], _HEIGHT_M, 0.0)
