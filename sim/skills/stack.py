"""Put the block in the hand on top of the target."""

from types import MappingProxyType
from typing import Final

import numpy as np

from sim.scene import PyBulletScene
from sim.skills.place_on import PlaceOn
from sim.skills.put_down import held_in_target, is_let_go
from sim.skills.skill import is_upright

_UPRIGHT_RAD: Final = np.deg2rad(8.0)
_TOP_M: Final = 0.006


class Stack(PlaceOn):
    """The block rests flat on the target's top, off the table, and let go."""

    name = "stack"
    implied = "block"
    partners = MappingProxyType(
        dict.fromkeys(("box", "brick", "can", "jar", "tub", "soap"), frozenset[str]())
    )

    def success(self, scene: PyBulletScene) -> bool:
        """On top, flat, and let go."""
        world, held, target = scene.world, scene.roles.require_held(), scene.roles.target
        height_m = world.objects[target].model.dimensions["height"]
        on_top = abs(float(held_in_target(scene).t[2]) - height_m) < _TOP_M
        resting = world.touches(held, world.objects[target].body)
        flat = is_upright(world.pose(held), _UPRIGHT_RAD)
        return on_top and resting and flat and is_let_go(scene)
