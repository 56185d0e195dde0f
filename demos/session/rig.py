"""What an operator records with: a connected workplace and the devices around it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from demos.recording import Recording
from mt3.interfaces import Arm, Scene, Teleop
from mt3.perception import RGBD, Segmenter
from mt3.types import BoolArray

FindObjects: TypeAlias = Callable[[RGBD], Sequence[BoolArray]]
ReplayCheck: TypeAlias = Callable[[Recording], str]  # returns what came out, in a line


@dataclass(frozen=True, slots=True, eq=False)
class Rig:
    """A workplace ready to record in; whoever made it disconnects it.

    Args:
        scene: The connected scene.
        arm: Its guarded arm.
        teleop: What the operator moves it with, connected.
        segmenter: Finds the task's object in the picture.
        find_objects: Masks of everything that could be the object, numbered for the operator.
        replay: Does the task from a recording that is not saved yet.
    """

    scene: Scene
    arm: Arm
    teleop: Teleop
    segmenter: Segmenter
    find_objects: FindObjects
    replay: ReplayCheck
