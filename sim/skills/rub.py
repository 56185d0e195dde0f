"""Rub a surface with what is in the hand: wipe, dust, wash, iron, swipe, sharpen."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from mt3.geometry import SE3
from mt3.types import BoolArray, FloatArray
from sim.scene import Memory, PyBulletScene
from sim.skills.put_down import starts_in_hand, tool_in_held
from sim.skills.skill import Move, Pause, Script, Skill, Sweep, raised

_CELL_M: Final = 0.01
_COVERED: Final = 0.7
_PRESS_M: Final = 0.001  # how far into the surface the sole is led
_END_M: Final = 0.008  # how far the sole stays off the ends of the surface
_POSES: Final = 6


class Rub(Skill):
    """The sole has been in contact with at least 70 % of the band that its strokes pass over.

    Contact is a force between the two bodies; what the sole covers at that moment counts.

    Args:
        name: Of the skill.
        partners: Surfaces, each with the tools for it.
        strokes: How often the demonstrator goes along the surface.
        implied: Category of the tool, where the words do not name it.
    """

    def __init__(
        self,
        name: str,
        partners: Mapping[str, Iterable[str]],
        strokes: int,
        implied: str | None = None,
    ) -> None:
        self.name, self.implied = name, implied
        self.partners = {target: frozenset(tools) for target, tools in partners.items()}
        self._strokes = strokes

    def start_condition(self, scene: PyBulletScene) -> bool:
        """The tool is in the hand, the surface stands on the table."""
        return starts_in_hand(scene)

    def watch(self, scene: PyBulletScene) -> Memory:
        """Which cells of the surface have been rubbed."""
        return Coverage(scene)

    def success(self, scene: PyBulletScene) -> bool:
        """Enough of the band has been covered, and the tool is still in the hand."""
        memory = scene.memory
        covered = isinstance(memory, Coverage) and memory.share() >= _COVERED
        return covered and scene.holds(scene.roles.require_held())

    def scripts(self, scene: PyBulletScene, rng: np.random.Generator) -> Sequence[Script]:
        """Down onto one end, along x of the surface and back as often as due, and up."""
        world, target = scene.world, scene.roles.target
        T_OE = tool_in_held(scene)
        band = Band.of(scene)
        above_m, lift_m = rng.uniform((0.06, 0.06), (0.08, 0.08))
        side_m, pause_s = float(rng.normal(0.0, 0.002)), float(rng.uniform(0.1, 0.3))
        z = band.floor_m - _PRESS_M
        scripts = []
        for yaw in (0.0, np.pi):
            along = np.linspace(-band.reach_m, band.reach_m, _POSES)
            way: list[SE3] = []
            for stroke in range(self._strokes):
                xs = along if stroke % 2 == 0 else along[::-1]
                way += [
                    world.pose(target) @ SE3.from_yaw(yaw, (x, side_m, z)) @ T_OE
                    for x in xs[0 if stroke == 0 else 1 :]
                ]
            actions = (
                Move(way[0]),
                Pause(pause_s),
                Sweep(tuple(way[1:])),
                Pause(pause_s),
                Move(raised(way[-1], lift_m)),
            )
            scripts.append(Script(raised(way[0], above_m), 0.0, actions))
        return scripts


class Band:
    """The strip of a surface, along its x, that a tool's sole passes over.

    Args:
        floor_m: Height of the surface in its own frame.
        reach_m: How far the sole's middle goes to either side of the surface's.
        sole_m: Half sides of the sole along x and y.
    """

    def __init__(self, floor_m: float, reach_m: float, sole_m: FloatArray) -> None:
        self.floor_m, self.reach_m, self.sole_m = floor_m, reach_m, sole_m

    @classmethod
    def of(cls, scene: PyBulletScene) -> "Band":
        """The band of the staged tool and surface."""
        objects = scene.world.objects
        surface = objects[scene.roles.target].model.dimensions
        tool = objects[scene.roles.require_held()].model.dimensions
        sole_m = np.array([tool["length"], tool["width"]]) / 2
        reach_m = max(surface["length"] / 2 - sole_m[0] - _END_M, 0.02)
        return cls(surface["floor"], float(reach_m), sole_m)

    def cells(self) -> FloatArray:
        """Centres of its cells in the surface's frame, (N, 2), metres."""
        length_m, half_m = self.reach_m + self.sole_m[0], max(self.sole_m[1] - 0.008, 0.003)
        x = np.arange(-length_m + _CELL_M / 2, length_m, _CELL_M)
        y = np.linspace(-half_m, half_m, max(2, round(2 * half_m / _CELL_M)))
        return np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)


class Coverage:
    """Which cells of the target's surface the held tool has been pressed on."""

    def __init__(self, scene: PyBulletScene) -> None:
        self._world, roles = scene.world, scene.roles
        self._held, self._target = roles.require_held(), roles.target
        self._band = Band.of(scene)
        self._cells = self._band.cells()
        self._rubbed: BoolArray = np.zeros(len(self._cells), dtype=np.bool_)

    def share(self) -> float:
        """Share of the cells that have been rubbed."""
        return float(self._rubbed.mean())

    def observe(self) -> None:
        """Mark what is under the sole, when it presses."""
        world = self._world
        if not world.touches(self._held, world.objects[self._target].body):
            return
        T_HS = world.pose(self._held).inverse() @ world.pose(self._target)
        cells = np.column_stack([self._cells, np.full(len(self._cells), self._band.floor_m)])
        p_H = T_HS @ cells
        self._rubbed |= (np.abs(p_H[:, :2]) <= self._band.sole_m + 0.001).all(axis=1)

    def snapshot(self) -> object:
        """What has been rubbed so far."""
        return self._rubbed.copy()

    def restore(self, snapshot: object) -> None:
        """Return to what had been rubbed."""
        self._rubbed = np.array(snapshot, dtype=np.bool_)


def _all(targets: Iterable[str], tools: Iterable[str]) -> dict[str, Iterable[str]]:
    return dict.fromkeys(targets, frozenset(tools))


RUBBING: Final = (
    Rub(
        "wipe_with", _all(("board", "tile", "counter", "screen"), ("rag", "sponge", "squeegee")), 2
    ),
    Rub("dust_with", _all(("mirror", "screen", "board", "counter"), ("duster", "brush", "rag")), 2),
    Rub("wash_with", _all(("plate", "tile", "mirror"), ("sponge", "scrubber", "brush")), 3),
    Rub("swipe_on", _all(("reader", "screen"), ("card",)), 1),
    Rub("sharpen_with", _all(("whetstone",), ("knife", "cleaver")), 2),
    Rub("iron", _all(("board", "counter", "tile"), ()), 1, implied="iron"),
)
