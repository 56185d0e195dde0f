"""Put the object in the hand down on the target."""

from collections.abc import Sequence

import numpy as np

from mt3.geometry import SE3
from sim.objects import ObjectModel
from sim.scene import PyBulletScene
from sim.skills.skill import Grip, Move, Pause, Script, is_upright, raised, with_half_turns

_UPRIGHT_RAD = np.deg2rad(10.0)
_RELEASE_M = 0.002
_OPEN = 0.9
_YAWS = 8


class PlaceOn:
    """The object rests upright on the target, inside its outline; the open hand is off it."""

    name = "place_on"
    clearance_m = 0.09
    targets = frozenset({"tray", "box"})
    starts_holding = True

    def start_condition(self, scene: PyBulletScene) -> bool:
        """The first object is in the hand, the target stands on the table."""
        target = scene.roles.target
        return scene.holds(scene.roles.require_held()) and scene.world.touches(
            target, scene.world.table
        )

    def success(self, scene: PyBulletScene) -> bool:
        """On the target, upright, inside its outline, and let go."""
        held, target = scene.roles.require_held(), scene.roles.target
        world = scene.world
        T_WO = world.pose(held)
        p_target = world.pose(target).inverse() @ T_WO.t
        lower, upper = _top_outline(world.objects[target].model)
        inside = bool(((p_target[:2] >= lower) & (p_target[:2] <= upper)).all())
        released = not scene.touches_robot(held) and scene.measured_opening() >= _OPEN
        resting = world.touches(held, world.objects[target].body)
        return inside and released and resting and is_upright(T_WO, _UPRIGHT_RAD)

    def scripts(self, scene: PyBulletScene, rng: np.random.Generator) -> Sequence[Script]:
        """Over the target's middle in any yaw: down, open, up."""
        held, target = scene.roles.require_held(), scene.roles.target
        world = scene.world
        T_OE = world.pose(held).inverse() @ scene.tool_pose()
        above_m, retreat_m = rng.uniform((0.085, 0.085), (0.105, 0.105))
        shift_x, shift_y = rng.normal(0.0, 0.003, 2)
        pause_s = float(rng.uniform(0.15, 0.35))
        top_m = support_height_m(world.objects[target].model) + _RELEASE_M
        place = world.pose(target) @ SE3.from_translation((shift_x, shift_y, top_m))
        scripts = []
        for yaw in np.arange(_YAWS) * np.pi / _YAWS:
            for T_WE in with_half_turns([place @ SE3.from_yaw(float(yaw)) @ T_OE]):
                actions = (
                    Move(T_WE),
                    Pause(pause_s),
                    Grip(1.0),
                    Pause(pause_s),
                    Move(raised(T_WE, retreat_m)),
                )
                scripts.append(Script(raised(T_WE, above_m), 0.0, actions))
        return scripts


def support_height_m(model: ObjectModel) -> float:
    """Height in O of the surface that things are put on."""
    return model.dimensions.get("floor", model.dimensions.get("height", 0.0))


def _top_outline(model: ObjectModel) -> tuple[np.ndarray, np.ndarray]:
    """Corners in O of the rectangle that things may stand in, (2,) each."""
    half = np.array([model.dimensions["length"], model.dimensions["width"]]) / 2
    return -half, half
