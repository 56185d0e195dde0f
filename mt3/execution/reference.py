"""A demonstrated interaction, moved to where the object stands now."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from mt3.demonstration import Demonstration, GripperEvent
from mt3.errors import GeometryError
from mt3.geometry import (
    SE3,
    compute_body_twists,
    exp_se3,
    interpolate_poses,
    require_rigid,
)
from mt3.motion.robot_model import RobotModel
from mt3.safety import SafetyLimits, required_slowing
from mt3.types import FloatArray, frozen_array

LIMIT_SHARE = 0.8  # of every limit of speed and acceleration that a reference may use
_HALF_TURN_E = np.diag([-1.0, -1.0, 1.0, 1.0])
_HALF_TURN_TWIST = np.array([-1.0, -1.0, 1.0, -1.0, -1.0, 1.0])
_WINDOW_S = 0.1  # speeds are averaged over it: differences of measured poses are noisy


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What the tool and the gripper are to do, from the bottleneck on.

    Args:
        t_s: Times, (N,), seconds, strictly increasing from 0, N >= 2.
        T_WE: Tool poses in W, (N, 4, 4).
        V_WE_E: Twists that lead from each pose to the next, (N, 6), m/s and rad/s in E; the last
            is zero.
        command: Commanded gripper fraction, (N,).
        opening: Gripper fraction measured in the demonstration, (N,), or None where it was not.
        events: Changes of the gripper command, in order.

    Raises:
        GeometryError: Lengths differ, a pose is not rigid, time does not increase from 0, or an
            event is not a sample.
    """

    t_s: FloatArray
    T_WE: FloatArray
    V_WE_E: FloatArray
    command: FloatArray
    opening: FloatArray | None
    events: tuple[GripperEvent, ...]

    def __post_init__(self) -> None:
        t_s = frozen_array("t_s", self.t_s, (None,))
        n = len(t_s)
        if n < 2 or t_s[0] != 0.0 or (np.diff(t_s) <= 0).any():
            raise GeometryError("t_s: expected at least two times, strictly increasing from 0")
        object.__setattr__(self, "t_s", t_s)
        shapes = {"T_WE": (n, 4, 4), "V_WE_E": (n, 6), "command": (n,), "opening": (n,)}
        for name, shape in shapes.items():
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, frozen_array(name, value, shape))
        require_rigid("T_WE", self.T_WE)
        for event in self.events:
            if not 0 <= event.index < n:
                raise GeometryError(f"events: got index {event.index}, expected 0 to {n - 1}")

    def __reduce__(self) -> tuple[Any, ...]:
        return (Reference, tuple(getattr(self, name) for name in self.__slots__))

    @property
    def duration_s(self) -> float:
        """Time from the first to the last sample."""
        return float(self.t_s[-1])

    def opening_at(self, k: int) -> float | None:
        """Demonstrated opening at a sample, or None where it was not measured."""
        return None if self.opening is None else float(self.opening[k])

    def sample_at(self, t_s: float) -> int:
        """Index of the last sample at or before a time."""
        return max(0, int(np.searchsorted(self.t_s, t_s, side="right")) - 1)

    @property
    def T_WE_bottleneck(self) -> SE3:
        """Tool pose at which it begins."""
        return SE3(self.T_WE[0])

    def pose_at(self, t_s: float) -> FloatArray:
        """Tool pose at a time, (4, 4), along the interval's twist; the last pose after the end."""
        k = self.sample_at(t_s)
        pose: FloatArray = self.T_WE[k] @ exp_se3(self.V_WE_E[k] * (t_s - self.t_s[k]))
        return pose

    def twist_at(self, t_s: float) -> FloatArray:
        """Twist of the interval that a time falls into, (6,), in E; zero from the end on."""
        twist: FloatArray = self.V_WE_E[self.sample_at(t_s)]
        return twist

    def half_turned(self) -> "Reference":
        """The same for a parallel gripper turned by half a turn about its axis, z of E."""
        return replace(self, T_WE=self.T_WE @ _HALF_TURN_E, V_WE_E=self.V_WE_E * _HALF_TURN_TWIST)

    def slowed(self, factor: float) -> "Reference":
        """The same path with every time stretched by a factor.

        Raises:
            GeometryError: The factor is not positive.
        """
        if not (np.isfinite(factor) and factor > 0.0):
            raise GeometryError(f"factor: got {factor}, expected a positive number")
        return replace(self, t_s=self.t_s * factor, V_WE_E=self.V_WE_E / factor)

    def slowdown_for(self, model: RobotModel, limits: SafetyLimits, joints: FloatArray) -> float:
        """Factor, at least 1, that keeps it within ``LIMIT_SHARE`` of every limit.

        The tool rests at the start, at every gripper event and at the end, because there the
        reference is held. Speeds are means over a tenth of a second, so that the noise of
        measured poses does not count as acceleration.

        Args:
            model: The arm.
            limits: Its limits.
            joints: Joints along the reference, (N, n), rad.
        """
        bounds = sorted({0, *(event.index for event in self.events), len(self.t_s) - 1})
        factors = []
        for first, last in pairwise(bounds):
            t_s, T_WE, q = self._averaged(first, last, joints)
            factors.append(
                required_slowing(model, limits, t_s, T_WE, q, LIMIT_SHARE, rests_at_ends=True)
            )
        return max(factors)

    def _averaged(
        self, first: int, last: int, joints: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Times, poses and joints of one stretch, a window apart."""
        span_s = float(self.t_s[last] - self.t_s[first])
        t_s = np.linspace(self.t_s[first], self.t_s[last], max(1, round(span_s / _WINDOW_S)) + 1)
        T_WE = interpolate_poses(t_s, self.t_s, self.T_WE)
        q = np.stack([np.interp(t_s, self.t_s, column) for column in joints.T], axis=1)
        return t_s, T_WE, q


def transfers(demo: Demonstration, motions_W: Sequence[SE3]) -> list[Reference]:
    """The interaction moved by each of several motions in W.

    An empty parallel gripper turned by half a turn about its axis is the same gripper. One that
    holds something would turn that too.
    """
    moved = [transfer(demo, D_W) for D_W in motions_W]
    if demo.holds_object:
        return moved
    return [turned for one in moved for turned in (one, one.half_turned())]


def transfer(demo: Demonstration, D_W: SE3) -> Reference:
    """The interaction of a demonstration, from bottleneck to end, moved by a motion in W.

    The twists are differences of the recorded poses over the recorded times, in E, and therefore
    the same wherever the object stands. They are not smoothed: integrating them gives back the
    recorded poses, and the feedback of the interaction takes out their noise.

    Args:
        demo: What was recorded.
        D_W: Motion of the object from the demonstration to now, in W.
    """
    k = demo.bottleneck_index
    t_s = demo.t_s[k:] - demo.t_s[k]
    twists = compute_body_twists(demo.T_WE[k:], t_s)
    return Reference(
        t_s=t_s,
        T_WE=D_W.matrix @ demo.T_WE[k:],
        V_WE_E=np.concatenate([twists, np.zeros((1, 6))]),
        command=demo.command[k:],
        opening=None if demo.opening is None else demo.opening[k:],
        events=demo.gripper_events(),
    )
