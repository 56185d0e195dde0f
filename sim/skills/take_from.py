"""Take the target off or out of what it stands on or in."""

from collections.abc import Iterable, Mapping
from typing import Final

from mt3.geometry import SE3
from sim.objects import ObjectModel
from sim.objects.blocks import BLOCKS
from sim.objects.containers import HOLDERS
from sim.objects.inserts import PLUGS
from sim.objects.surfaces import SURFACES
from sim.objects.turned import TURNED
from sim.scene import PyBulletScene
from sim.skills.pick_up import PickUp

_LIFTED_M: Final = 0.05
_STAYED_M: Final = 0.03
_OFF_M: Final = 0.001


class TakeFrom(PickUp):
    """Held by both fingers, 5 cm above where it stood; what it stood on has stayed in its place.

    Args:
        name: Of the skill.
        partners: Targets, each with what it can stand on or in.
    """

    def __init__(self, name: str, partners: Mapping[str, Iterable[str]]) -> None:
        self.name = name
        self.partners = {target: frozenset(others) for target, others in partners.items()}

    def start_pose(self, target: ObjectModel, support: ObjectModel) -> SE3:
        """On its middle, or in its hole with the head just over the mouth."""
        size = support.dimensions
        if "hole" not in size:
            return SE3.from_translation((0.0, 0.0, size["floor"] + _OFF_M))
        z = max(size["floor"], size["height"] - target.dimensions["depth"])
        return SE3.from_translation((0.0, 0.0, z + _OFF_M))

    def start_condition(self, scene: PyBulletScene) -> bool:
        """The target rests on the support and the hand does not touch it."""
        target, support = scene.roles.target, scene.roles.require_support()
        resting = scene.world.touches(target, scene.world.objects[support].body)
        return resting and not scene.touches_robot(target)

    def success(self, scene: PyBulletScene) -> bool:
        """Held and lifted, its support where it was."""
        world, roles = scene.world, scene.roles
        support = roles.require_support()
        risen_m = world.pose(roles.target).t[2] - roles.start_poses[roles.target].t[2]
        apart = not world.touches(roles.target, world.objects[support].body)
        moved_m = world.pose(support).translation_to_m(roles.start_poses[support])
        return bool(
            scene.holds(roles.target) and apart and risen_m >= _LIFTED_M and moved_m <= _STAYED_M
        )


_SMALL: Final = frozenset({*TURNED, *BLOCKS, "can", "bottle", "mug", "bowl", "box"})

PICK_UP_FROM: Final = TakeFrom("pick_up_from", dict.fromkeys(sorted(_SMALL), (*SURFACES, "tray")))
REMOVE_FROM: Final = TakeFrom("remove_from", dict.fromkeys(PLUGS, HOLDERS))
