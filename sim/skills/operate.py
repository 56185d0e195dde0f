"""Move the moving part of the target along its travel: open, turn on, twist, press, zip, fold."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from mt3.geometry import SE3
from mt3.types import FloatArray
from sim.objects import Handle
from sim.objects.devices import (
    BUTTONS,
    CRANKS,
    DOORS,
    DRAWERS,
    FOLDS,
    KNOBS,
    LEVERS,
    LIDS,
    LIGHTERS,
    ZIPPERS,
)
from sim.scene import Memory, PyBulletScene
from sim.skills.skill import (
    Cast,
    Grip,
    Move,
    Pause,
    Script,
    Skill,
    Sweep,
    draw_offset_E,
    with_half_turns,
)

_DONE: Final = 0.7  # share of the travel
_STARTED: Final = 0.08
_POSES: Final = 9
_OPENING: Final = 0.65  # of the fingers around a fin
_SPEED: Final = 0.7


class Operate(Skill):
    """The part goes from one end of its travel to the other, at least 70 % of the way.

    Args:
        name: Of the skill.
        targets: Categories with a moving part.
        backward: From the end of the travel to its start, instead of the other way.
    """

    def __init__(self, name: str, targets: Iterable[str], *, backward: bool = False) -> None:
        self.name = name
        self.partners = dict.fromkeys(targets, frozenset[str]())
        self._backward = backward

    def arrange(self, scene: PyBulletScene, cast: Cast, rng: np.random.Generator) -> None:
        """Put the part where the task begins."""
        scene.world.set_fraction(cast.target, 1.0 if self._backward else 0.0)

    def start_condition(self, scene: PyBulletScene) -> bool:
        """The part is where the task begins, and the hand does not touch it."""
        target = scene.roles.target
        return self.progress(scene) <= _STARTED and not scene.touches_robot(target)

    def success(self, scene: PyBulletScene) -> bool:
        """The part is, now, far enough along."""
        return self.progress(scene) >= _DONE

    def progress(self, scene: PyBulletScene) -> float:
        """Share of the way from where the task begins."""
        fraction = scene.world.fraction(scene.roles.target)
        return 1.0 - fraction if self._backward else fraction

    def scripts(self, scene: PyBulletScene, rng: np.random.Generator) -> Sequence[Script]:
        """Take hold of the part, or put the closed fingers to it, and go along its travel."""
        mechanism = scene.world.objects[scene.roles.target].model.mechanism
        if mechanism is None:
            return []
        handles = mechanism.backward if self._backward else mechanism.forward
        share = float(rng.uniform(0.90, 0.97))
        offset, pause_s = draw_offset_E(rng), float(rng.uniform(0.15, 0.35))
        ends = (1.0, 1.0 - share) if self._backward else (0.0, share)
        T_WO = scene.world.pose(scene.roles.target)
        scripts = []
        for handle in handles:
            path = [T_WO @ mechanism.tool_O(handle, float(f)) for f in np.linspace(*ends, _POSES)]
            approach_W = T_WO.R @ _moved(mechanism.motion_O(ends[0]), handle)
            for turn in with_half_turns([SE3.identity()]):
                way = [T_WE @ offset @ turn for T_WE in path]
                scripts.append(_script(handle, way, approach_W, pause_s))
        return scripts


class Press(Operate):
    """The button has been pressed at least 70 % of its travel; a spring brings it back."""

    def watch(self, scene: PyBulletScene) -> Memory:
        """How far down the button has been."""
        return _Deepest(scene, scene.roles.target)

    def success(self, scene: PyBulletScene) -> bool:
        """It has been down far enough, once."""
        memory = scene.memory
        return isinstance(memory, _Deepest) and memory.fraction >= _DONE


class _Deepest:
    """The largest fraction of an object's moving part so far."""

    def __init__(self, scene: PyBulletScene, name: str) -> None:
        self._world, self._name = scene.world, name
        self.fraction = scene.world.fraction(name)

    def observe(self) -> None:
        self.fraction = max(self.fraction, self._world.fraction(self._name))

    def snapshot(self) -> object:
        return self.fraction

    def restore(self, snapshot: object) -> None:
        if isinstance(snapshot, float):
            self.fraction = snapshot


def _moved(motion_O: SE3, handle: Handle) -> FloatArray:
    """The approach of a handle once its part has moved, (3,), in O."""
    approach_O = np.asarray(handle.approach_O, dtype=np.float64)
    return motion_O.R @ approach_O if handle.turns else approach_O


def _script(handle: Handle, way: Sequence[SE3], approach_W: FloatArray, pause_s: float) -> Script:
    """From beside the handle along a way, and off it again."""
    bottleneck = SE3.from_translation(approach_W) @ way[0]
    if handle.grips:
        away = SE3.from_translation((0.0, 0.0, 0.06)) @ way[-1]
        return Script(
            bottleneck,
            _OPENING,
            (
                Move(way[0]),
                Pause(pause_s),
                Grip(0.0),
                Sweep(tuple(way[1:]), _SPEED),
                Pause(pause_s),
                Grip(_OPENING),
                Move(away),
            ),
        )
    away = SE3.from_translation((0.0, 0.0, 0.06)) @ way[-1]
    return Script(
        bottleneck,
        0.0,
        (Move(way[0]), Sweep(tuple(way[1:]), _SPEED), Pause(pause_s), Move(away)),
    )


OPERATIONS: Final[tuple[Operate, ...]] = (
    Operate("open", (*DRAWERS, *DOORS, *LIDS)),
    Operate("close", (*DRAWERS, *DOORS, *LIDS), backward=True),
    Operate("turn_on", (*LEVERS, *KNOBS)),
    Operate("turn_off", (*LEVERS, *KNOBS), backward=True),
    Operate("twist-anticlockwise", KNOBS),
    Operate("twist-clockwise", KNOBS, backward=True),
    Operate("turn-left", CRANKS),
    Operate("turn-right", CRANKS, backward=True),
    Operate("zip", ZIPPERS),
    Operate("unzip", ZIPPERS, backward=True),
    Operate("fold", FOLDS),
    Operate("unfold", FOLDS, backward=True),
    Operate("light", LIGHTERS),
    Press("press", BUTTONS),
)
