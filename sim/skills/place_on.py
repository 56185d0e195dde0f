"""Put the object in the hand down on the target."""

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np

from mt3.geometry import SE3
from sim.objects import ObjectModel
from sim.objects.blocks import BLOCKS
from sim.objects.surfaces import SURFACES
from sim.objects.turned import TURNED
from sim.scene import PyBulletScene
from sim.skills.put_down import Habit, put_down, starts_in_hand, tool_in_held
from sim.skills.skill import Script, Skill, is_upright

_UPRIGHT_RAD = np.deg2rad(10.0)
_RELEASE_M = 0.002
_OPEN = 0.9
_YAWS = 8
_COMPACT = frozenset({*TURNED, *BLOCKS, "can", "bottle", "mug", "box", "banana"})
_BROAD = frozenset({"tray", "board", "plate", "counter"})  # a bowl stands on no other


class PlaceOn(Skill):
    """The object rests upright on the target, inside its outline; the open hand is off it."""

    name = "place_on"
    partners = MappingProxyType(
        {
            target: (_COMPACT | {"bowl"} if target in _BROAD else _COMPACT) - {target}
            for target in ("tray", "box", *SURFACES)
        }
    )

    def start_condition(self, scene: PyBulletScene) -> bool:
        """The first object is in the hand, the target stands on the table."""
        return starts_in_hand(scene)

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
        """Over the target's middle in any yaw in which it fits, if there is one: down, open, up."""
        habit, T_OE = Habit.draw(rng), tool_in_held(scene)
        world, target = scene.world, scene.roles.target
        top_m = support_height_m(world.objects[target].model) + _RELEASE_M
        shift = SE3.from_translation((habit.shift_x_m, habit.shift_y_m, top_m))
        place = world.pose(target) @ shift
        turns = [SE3.from_yaw(float(yaw)) for yaw in np.arange(_YAWS) * np.pi / _YAWS]
        vertices = world.objects[scene.roles.require_held()].model.mesh.vertices
        _, half = _top_outline(world.objects[target].model)
        fitting = [turn for turn in turns if (np.abs(turn @ vertices)[:, :2] <= half).all()]
        return put_down([place @ turn @ T_OE for turn in fitting or turns], habit)


def support_height_m(model: ObjectModel) -> float:
    """Height in O of the surface that things are put on."""
    return model.dimensions.get("floor", model.dimensions.get("height", 0.0))


def _top_outline(model: ObjectModel) -> tuple[np.ndarray, np.ndarray]:
    """Corners in O of the rectangle that things may stand in, or about a round top, (2,) each."""
    size = model.dimensions
    across = [size["length"], size["width"]] if "length" in size else [2 * size["radius"]] * 2
    half = np.array(across) / 2
    return -half, half
