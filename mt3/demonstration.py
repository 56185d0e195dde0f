"""What the method needs of one recording, in memory."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mt3.demo_summary import DemoSummary
from mt3.errors import GeometryError
from mt3.geometry import SE3, require_rigid
from mt3.perception import ObjectView
from mt3.skill_grammar import SKILLS, OtherRole
from mt3.task import TaskDescription
from mt3.tool import ToolFrame
from mt3.types import FloatArray, frozen_array

__all__ = ["UNKNOWN_ROBOT", "DemoSummary", "Demonstration", "GripperEvent"]

UNKNOWN_ROBOT = "unknown"  # of a demonstration whose source does not name its arm
_COMMAND_STEP = 0.02  # smaller changes of the commanded fraction are noise of a teleoperation key


@dataclass(frozen=True, slots=True)
class GripperEvent:
    """A change of the commanded opening during the interaction.

    Args:
        index: Sample of the interaction (0 is the bottleneck) from which the command holds.
        command: Commanded fraction from there on.
        opening: Measured fraction that this command settled at in the demonstration, or None where
            the opening was not measured.
    """

    index: int
    command: float
    opening: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Demonstration:
    """One recorded task.

    Args:
        demo_id: Its name in the library.
        content_hash: Hash of what is stored; changes when any byte does.
        task: What was done.
        views: The object before contact, at least one; the first is the default.
        t_s: Times of the samples, (T,), seconds, strictly increasing from 0.
        T_WE: Measured tool poses in W, (T, 4, 4).
        opening: Measured gripper fraction, (T,), or None where it was not measured.
        command: Commanded gripper fraction, (T,).
        bottleneck_index: Sample at which the interaction begins.
        robot: Name of the arm, or ``UNKNOWN_ROBOT``.
        tool: What was mounted at its flange, or None where that is unknown: such a demonstration
            cannot be replayed.
        backend: ``sim`` or ``real``.

    Raises:
        GeometryError: Lengths differ, a pose is not rigid, time does not increase, or the
            bottleneck is not a sample.
    """

    demo_id: str
    content_hash: str
    task: TaskDescription
    views: tuple[ObjectView, ...]
    t_s: FloatArray
    T_WE: FloatArray
    opening: FloatArray | None
    command: FloatArray
    bottleneck_index: int
    robot: str
    tool: ToolFrame | None
    backend: str

    def __post_init__(self) -> None:
        t_s = frozen_array("t_s", self.t_s, (None,))
        n = len(t_s)
        if n and (t_s[0] != 0.0 or (np.diff(t_s) <= 0).any()):
            raise GeometryError("t_s: expected strictly increasing times from 0")
        if not 0 <= self.bottleneck_index < n - 1:
            raise GeometryError(
                f"bottleneck_index: got {self.bottleneck_index}, expected 0 to {n - 2}"
            )
        if not self.views:
            raise GeometryError("views: got none, expected at least one")
        T_WE = frozen_array("T_WE", self.T_WE, (n, 4, 4))
        require_rigid("T_WE", T_WE)
        object.__setattr__(self, "t_s", t_s)
        object.__setattr__(self, "T_WE", T_WE)
        object.__setattr__(self, "command", frozen_array("command", self.command, (n,)))
        if self.opening is not None:
            object.__setattr__(self, "opening", frozen_array("opening", self.opening, (n,)))

    def __reduce__(self) -> tuple[Any, ...]:
        return (Demonstration, tuple(getattr(self, name) for name in self.__slots__))

    @property
    def view(self) -> ObjectView:
        """The default view of the object."""
        return self.views[0]

    @property
    def T_WE_bottleneck(self) -> SE3:
        """Tool pose at which the interaction begins."""
        return SE3(self.T_WE[self.bottleneck_index])

    @property
    def holds_object(self) -> bool:
        """Whether something was in the hand at the bottleneck: fingers stopped before closing.

        Where the opening was not measured, closed fingers hold what the skill says is in the hand.
        """
        k = self.bottleneck_index
        if self.opening is None:
            in_hand = SKILLS[self.task.skill].other is OtherRole.IN_HAND
            return bool(self.command[k] < 0.5 and in_hand)
        return bool(self.command[k] < 0.5 and self.opening[k] > self.command[k] + _COMMAND_STEP)

    def gripper_events(self) -> tuple[GripperEvent, ...]:
        """Changes of the gripper command after the bottleneck, in order."""
        command = self.command[self.bottleneck_index :]
        opening = None if self.opening is None else self.opening[self.bottleneck_index :]
        starts = [int(k) + 1 for k in np.flatnonzero(np.abs(np.diff(command)) > _COMMAND_STEP)]
        ends = [*starts, len(command)][1:]
        return tuple(
            GripperEvent(
                start, float(command[start]), None if opening is None else float(opening[end - 1])
            )
            for start, end in zip(starts, ends, strict=True)
        )
