"""Skills with beads, which stand for what flows: pour, fill and scoop."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.spatial.transform import Rotation

from mt3.errors import ConfigurationError
from mt3.geometry import SE3
from mt3.types import FloatArray
from sim.objects.containers import BASKETS
from sim.objects.pourers import JUGS, SHOVELS
from sim.scene import PyBulletScene
from sim.skills.put_down import starts_in_hand, tool_in_held
from sim.skills.skill import Cast, Move, Pause, Script, Skill, Sweep, raised

RADIUS_M: Final = 0.005
_MASS_KG: Final = 0.001
_FALL_STEPS: Final = 150
_BALL_RADIUS_M: Final = 0.008  # large enough to climb onto a shovel's edge
_POSES: Final = 8
_ROUND: Final = ("bowl", "pan")


class Pour(Skill):
    """At least a share of the beads that were in the jug are in the target.

    Args:
        name: Of the skill.
        beads: How many are in the jug.
        share: Of them, that must arrive.
    """

    name: str
    clearance_m = 0.10
    partners = dict.fromkeys((*_ROUND, *BASKETS), frozenset(JUGS))

    def __init__(self, name: str, beads: int, share: float) -> None:
        self.name = name
        self._beads, self._share = beads, share

    def arrange(self, scene: PyBulletScene, cast: Cast, rng: np.random.Generator) -> None:
        """Let beads fall into the jug in the hand."""
        if cast.held is None:
            raise ConfigurationError(f"{self.name}: got an empty hand, expected a jug in it")
        size = scene.world.objects[cast.held].model.dimensions
        x = (size["back_x"] + 0.008, size["front_x"])
        y = (-size["width"] / 2 + 0.007, size["width"] / 2 - 0.007)
        _drop(scene, scene.world.pose(cast.held), (x, y), size["floor"] + 0.008, self._beads)

    def start_condition(self, scene: PyBulletScene) -> bool:
        """The jug is in the hand with nearly all beads in it, the target stands on the table."""
        inside = _inside_trough(scene, scene.roles.require_held())
        return starts_in_hand(scene) and inside >= self._beads - 1

    def success(self, scene: PyBulletScene) -> bool:
        """Enough beads are in the target."""
        return _inside_target(scene) >= self._share * self._beads

    def scripts(self, scene: PyBulletScene, rng: np.random.Generator) -> Sequence[Script]:
        """The front edge over the middle, in eight directions; tilt about it, wait, and back."""
        world, T_HE = scene.world, tool_in_held(scene)
        target = world.objects[scene.roles.target].model.dimensions
        jug = world.objects[scene.roles.require_held()].model.dimensions
        above_m, tilt_rad = rng.uniform((0.030, 1.35), (0.040, 1.50))
        pause_s = float(rng.uniform(0.5, 0.8))
        edge_H = np.array([jug["lip_x"], 0.0, jug["depth"]])
        p_T = np.array([-0.015, 0.0, target["height"] + above_m])
        scripts = []
        for yaw in np.arange(8) * np.pi / 4:
            T_WA = (
                world.pose(scene.roles.target)
                @ SE3.from_yaw(float(yaw))
                @ SE3.from_translation(p_T)
            )
            way = [
                T_WA @ _tilted(edge_H, float(angle)) @ T_HE
                for angle in np.linspace(0.0, tilt_rad, _POSES)
            ]
            actions = (
                Move(way[0]),
                Sweep(tuple(way[1:])),
                Pause(pause_s),
                Sweep(tuple(way[-2::-1])),
            )
            scripts.append(Script(raised(way[0], 0.05), 0.0, actions))
        return scripts


class Scoop(Skill):
    """At least 3 of the 6 balls lie in the shovel, which is held above the basket's rim."""

    name = "scoop_from"
    clearance_m = 0.10
    partners = dict.fromkeys(BASKETS, frozenset(SHOVELS))
    _BALLS = 6
    _ENOUGH = 3

    def arrange(self, scene: PyBulletScene, cast: Cast, rng: np.random.Generator) -> None:
        """Lay balls in two rows along the basket's wall at +x, no wider than the shovel."""
        size = scene.world.objects[cast.target].model.dimensions
        wall, across_m = size["length"] / 2 - size["wall"], 3 * 2.1 * _BALL_RADIUS_M
        x = (wall - 2 * 2.1 * _BALL_RADIUS_M - 0.0005, wall)
        y = (-across_m / 2 - 0.0005, across_m / 2 + 0.0005)
        T_WO, low_m = scene.world.pose(cast.target), size["floor"] + _BALL_RADIUS_M
        _drop(scene, T_WO, (x, y), low_m, self._BALLS, _BALL_RADIUS_M)

    def start_condition(self, scene: PyBulletScene) -> bool:
        """The shovel is in the hand, the balls are in the basket."""
        return starts_in_hand(scene) and _inside_target(scene) == self._BALLS

    def success(self, scene: PyBulletScene) -> bool:
        """Enough balls in the lifted shovel."""
        held, target = scene.roles.require_held(), scene.roles.target
        rim_m = scene.world.objects[target].model.dimensions["height"]
        lifted = scene.world.lowest_point_m(held) > rim_m
        return scene.holds(held) and lifted and _inside_trough(scene, held) >= self._ENOUGH

    def scripts(self, scene: PyBulletScene, rng: np.random.Generator) -> Sequence[Script]:
        """Along the floor towards the wall at +x, tilt back, and up."""
        world, T_HE = scene.world, tool_in_held(scene)
        basket = world.objects[scene.roles.target].model.dimensions
        shovel = world.objects[scene.roles.require_held()].model.dimensions
        lift_m, tilt_rad = rng.uniform((0.10, 0.40), (0.12, 0.50))
        pause_s = float(rng.uniform(0.1, 0.3))
        wall = basket["length"] / 2 - basket["wall"]
        z = basket["floor"] + 0.001
        behind = shovel["back_x"] - 0.036  # of the post
        first = -wall - behind + 0.004
        last = wall - shovel["front_x"] - 0.004
        edge_H = np.array([shovel["front_x"], 0.0, 0.0])
        T_WO = world.pose(scene.roles.target)
        along = [
            T_WO @ SE3.from_translation((x, 0.0, z)) @ T_HE
            for x in np.linspace(first, last, _POSES)
        ]
        T_WA = T_WO @ SE3.from_translation((last + shovel["front_x"], 0.0, z))
        tilting = [
            T_WA @ SE3.from_translation((-0.01 * s, 0.0, 0.02 * s)) @ _tilted(edge_H, a) @ T_HE
            for s, a in zip(
                np.linspace(0.2, 1.0, 4).tolist(),
                np.linspace(-0.2 * tilt_rad, -tilt_rad, 4).tolist(),
                strict=True,
            )
        ]
        actions = (
            Move(along[0]),
            Pause(pause_s),
            Sweep(tuple(along[1:])),
            Sweep(tuple(tilting)),
            Pause(pause_s),
            Move(raised(tilting[-1], lift_m)),
        )
        return [Script(raised(along[0], 0.09), 0.0, actions)]


def _tilted(edge_H: FloatArray, angle_rad: float) -> SE3:
    """Pose of a trough whose front edge is at the origin, tilted forward about it."""
    R = Rotation.from_rotvec((0.0, angle_rad, 0.0)).as_matrix()
    return SE3.from_rotation_translation(R, -R @ edge_H)


def _drop(
    scene: PyBulletScene,
    T_WO: SE3,
    within: tuple[tuple[float, float], tuple[float, float]],
    low_m: float,
    count: int,
    radius_m: float = RADIUS_M,
) -> None:
    """Let beads fall from a grid over a rectangle of a frame, layer upon layer."""
    spacing_m = 2.1 * radius_m
    rows, columns = (max(1, int((high - low) / spacing_m)) for low, high in within)
    for number in range(count):
        layer, place = divmod(number, rows * columns)
        i, j = divmod(place, columns)
        x, y = (low + (k + 0.5) * spacing_m for (low, _), k in zip(within, (i, j), strict=True))
        p_W = T_WO @ np.array([x, y, low_m + layer * spacing_m])
        scene.world.add_bead(radius_m, _MASS_KG, p_W)
    with scene.arm, scene.gripper:
        for _ in range(_FALL_STEPS):
            scene.world.step()


def _beads_in(scene: PyBulletScene, name: str) -> FloatArray:
    """Places of all beads in an object's frame, (N, 3)."""
    p_O: FloatArray = scene.world.pose(name).inverse() @ scene.world.bead_positions()
    return p_O


def _inside_trough(scene: PyBulletScene, name: str) -> int:
    size = scene.world.objects[name].model.dimensions
    p = _beads_in(scene, name)
    along = (p[:, 0] > size["back_x"]) & (p[:, 0] < size["lip_x"])
    across = np.abs(p[:, 1]) < size["width"] / 2
    up = (p[:, 2] > 0.0) & (p[:, 2] < size["depth"] + 0.02)
    return int((along & across & up).sum())


def _inside_target(scene: PyBulletScene) -> int:
    target = scene.roles.target
    model = scene.world.objects[target].model
    size, p = model.dimensions, _beads_in(scene, target)
    if model.category in _ROUND:
        inside = np.asarray(np.hypot(p[:, 0], p[:, 1]) < size["rim_radius"])
    else:
        half = np.array([size["length"], size["width"]]) / 2
        inside = np.asarray((np.abs(p[:, :2]) < half).all(axis=1))
    return int((inside & (p[:, 2] > 0.0) & (p[:, 2] < size["height"] + 0.01)).sum())


BEADS: Final = (Pour("pour_from_into", 12, 0.6), Pour("fill_with", 20, 0.75), Scoop())
