"""What happened while an interaction was followed."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from mt3.control.ticker import Punctuality
from mt3.geometry import SE3
from mt3.types import FloatArray, frozen_array


class InteractionFailure(StrEnum):
    """Why an interaction was stopped."""

    TRACKING = "tracking"
    GRIPPER_TIMEOUT = "gripper_timeout"
    GRASP_MISSED = "grasp_missed"
    GRASP_LOST = "grasp_lost"
    SAFETY = "safety"
    DEVICE = "device"
    OPERATOR_STOP = "operator_stop"
    OPERATOR_LOST = "operator_lost"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class GripperHold:
    """One pause of the reference while the gripper moved.

    Args:
        index: Sample of the reference at which it paused.
        command: Opening that was commanded.
        demonstrated: Opening that the demonstration settled at, or None where it was not measured.
        measured: Opening at the end of the pause.
        duration_s: How long it paused.
    """

    index: int
    command: float
    demonstrated: float | None
    measured: float
    duration_s: float


@dataclass(frozen=True, slots=True, eq=False)
class InteractionLog:
    """Every tick of an interaction, and how it ended.

    Args:
        t_s: Times of the ticks since the start, (K,).
        T_WE_reference: Where the tool was to be, (K, 4, 4).
        T_WE_measured: Where it was, (K, 4, 4).
        opening: Measured gripper fraction, (K,).
        holds: Pauses at gripper events, in order.
        failure: Why it was stopped, or None where the reference was followed to its end.
        reason: The same in words with figures, or an empty text.
        limit: Name of the safety ``Limit`` that was broken, or an empty text.
        punctuality: How well the ticks kept their times.
        progress_s: Where the reference stood when it ended or was stopped, on its own time.
        sample: Index of the sample of the reference that was reached by then.
    """

    t_s: FloatArray
    T_WE_reference: FloatArray
    T_WE_measured: FloatArray
    opening: FloatArray
    holds: tuple[GripperHold, ...]
    failure: InteractionFailure | None
    reason: str
    limit: str = ""
    punctuality: Punctuality = field(default_factory=Punctuality)
    progress_s: float = 0.0
    sample: int = 0

    def __post_init__(self) -> None:
        n = len(self.t_s)
        poses = (n, 4, 4)
        shapes: dict[str, tuple[int, ...]] = {"t_s": (n,), "opening": (n,)}
        shapes |= {"T_WE_reference": poses, "T_WE_measured": poses}
        for name, shape in shapes.items():
            object.__setattr__(self, name, frozen_array(name, getattr(self, name), shape))

    def __reduce__(self) -> tuple[Any, ...]:
        return (InteractionLog, tuple(getattr(self, name) for name in self.__slots__))

    @property
    def completed(self) -> bool:
        """Whether the reference was followed to its end."""
        return self.failure is None

    @property
    def final_error(self) -> tuple[float, float]:
        """Distance (m) and angle (rad) from the reference at the last tick; zero without ticks."""
        if not len(self.t_s):
            return 0.0, 0.0
        reference, measured = SE3(self.T_WE_reference[-1]), SE3(self.T_WE_measured[-1])
        return measured.translation_to_m(reference), measured.angle_to_rad(reference)

    @property
    def max_error_m(self) -> float:
        """Largest distance from the reference; zero without ticks."""
        gap_W = self.T_WE_reference[:, :3, 3] - self.T_WE_measured[:, :3, 3]
        return float(np.linalg.norm(gap_W, axis=1).max(initial=0.0))
