"""What the method asks of a robot, a camera, a clock and a store of demonstrations.

Small protocols with our own types only. Constructing a device never connects; ``with`` does, and
leaving the block always stops motion and never hides the error that is already on its way.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np

from mt3.demonstration import Demonstration, DemoSummary
from mt3.errors import GeometryError
from mt3.geometry import SE3
from mt3.perception import RGBD
from mt3.tool import ToolFrame
from mt3.types import FloatArray, frozen_array, require_finite


@dataclass(frozen=True, slots=True, eq=False)
class ArmState:
    """One consistent snapshot of an arm.

    Args:
        t_s: When it was measured, on the scene's clock.
        joints: (n,), rad.
        T_BE: Pose of the tool centre point in the arm's base.
        V_BE_E: Twist of E in B, expressed in E, (6,), m/s then rad/s.
        wrench_E: What presses on the tool from outside, weight of the tool left out: force, and
            torque about E, expressed in E, (6,), N then Nm; None where the arm reports none.

    Raises:
        GeometryError: Wrong shape, or a value that is not finite.
    """

    t_s: float
    joints: FloatArray
    T_BE: SE3
    V_BE_E: FloatArray
    wrench_E: FloatArray | None = None

    def __post_init__(self) -> None:
        require_finite("t_s", self.t_s)
        object.__setattr__(self, "joints", frozen_array("joints", self.joints, (None,)))
        object.__setattr__(self, "V_BE_E", frozen_array("V_BE_E", self.V_BE_E, (6,)))
        if self.wrench_E is not None:
            object.__setattr__(self, "wrench_E", frozen_array("wrench_E", self.wrench_E, (6,)))

    def __reduce__(self) -> tuple[Any, ...]:
        return (ArmState, (self.t_s, self.joints, self.T_BE, self.V_BE_E, self.wrench_E))


@dataclass(frozen=True, slots=True)
class GripperState:
    """Opening as a fraction, 0 closed and 1 open: measured, and last commanded.

    Args:
        t_s: When it was measured, on the scene's clock.
        opening: Measured; noise may carry it a little out of 0 to 1.
        command: Last commanded.

    Raises:
        GeometryError: A value that is not finite.
    """

    t_s: float
    opening: float
    command: float

    def __post_init__(self) -> None:
        for name in self.__slots__:
            require_finite(name, getattr(self, name))


@dataclass(frozen=True, slots=True, eq=False)
class TeleopCommand:
    """What an operator's device asks for at one moment.

    Args:
        V_BE_E: Twist of E in B, expressed in E, (6,), m/s then rad/s; None where a hand moves the
            arm itself, and no twist may be sent.
        opening: Gripper fraction that is asked for, 0 closed and 1 open; None leaves it as it is.
        buttons: Names of the ``OperatorAction``s whose buttons were pressed since the last read,
            in order.

    Raises:
        GeometryError: Wrong shape, or a value that is not finite.
    """

    V_BE_E: FloatArray | None
    opening: float | None
    buttons: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.V_BE_E is not None:
            object.__setattr__(self, "V_BE_E", frozen_array("V_BE_E", self.V_BE_E, (6,)))
        if self.opening is not None:
            require_finite("opening", self.opening)

    def __reduce__(self) -> tuple[Any, ...]:
        return (TeleopCommand, (self.V_BE_E, self.opening, self.buttons))


@dataclass(frozen=True, slots=True, eq=False)
class JointTrajectory:
    """A timed path in joint space.

    Args:
        t_s: (T,), seconds from its start, strictly increasing from 0.
        joints: (T, n), rad.

    Raises:
        GeometryError: Lengths differ, fewer than two samples, or time does not increase from 0.
    """

    t_s: FloatArray
    joints: FloatArray

    def __post_init__(self) -> None:
        t_s = frozen_array("t_s", self.t_s, (None,))
        joints = frozen_array("joints", self.joints, (len(t_s), None))
        if len(t_s) < 2 or t_s[0] != 0.0 or (np.diff(t_s) <= 0).any():
            raise GeometryError("t_s: expected at least two times, strictly increasing from 0")
        object.__setattr__(self, "t_s", t_s)
        object.__setattr__(self, "joints", joints)

    def __reduce__(self) -> tuple[Any, ...]:
        return (JointTrajectory, (self.t_s, self.joints))


class Clock(Protocol):
    """Monotonic time. The simulator's clock advances physics while it sleeps."""

    def now_s(self) -> float:
        """Seconds since an arbitrary origin."""
        ...

    def sleep_until(self, t_s: float) -> None:
        """Return when ``now_s() >= t_s``; at once if that has passed."""
        ...


class Device(Protocol):
    """Anything that connects on ``with`` and stops when the block is left."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class Arm(Protocol):
    """What moves an arm: its driver, or the safety gate before it.

    E is the tool centre point between the finger tips.
    """

    def state(self) -> ArmState:
        """The newest measured state.

        Raises:
            NotConnectedError: Outside the ``with`` block, or the connection was lost.
        """
        ...

    def command_twist(self, V_BE_E: FloatArray) -> None:
        """Move along a twist until the next command; returns at once.

        Args:
            V_BE_E: Of E in B, expressed in E, (6,), m/s then rad/s.
        """
        ...

    def follow(self, trajectory: JointTrajectory) -> None:
        """Move along a joint trajectory that starts at the measured joints; returns at its end.

        Raises:
            DeviceError: The arm could not follow.
        """
        ...

    def stop(self) -> None:
        """Stop all motion now and hold still."""
        ...


class ArmDriver(Arm, Device, Protocol):
    """A robot arm with a tool, as a scene connects it."""


@runtime_checkable
class FreedriveArm(Arm, Protocol):
    """An arm that a hand can move, held up by its own controller."""

    def begin_freedrive(self) -> None:
        """Let a hand move the arm; returns once it does.

        Raises:
            DeviceError: The arm's controller refuses.
        """
        ...

    def end_freedrive(self) -> None:
        """Hold still again; does nothing where no hand moves the arm."""
        ...


@runtime_checkable
class StateHistory(Protocol):
    """An arm whose states are remembered for a second: who looks too late misses none."""

    def states_since(self, t_s: float) -> Sequence[tuple[ArmState, "GripperState"]]:
        """States of arm and gripper that were looked at after a time, oldest first.

        Raises:
            NotConnectedError: Outside the ``with`` block, or the connection was lost.
        """
        ...


class Gripper(Device, Protocol):
    """A gripper; openings are fractions, 0 closed and 1 open."""

    def state(self) -> GripperState:
        """The newest measured state."""
        ...

    def command(self, opening: float) -> None:
        """Begin to move to an opening; returns at once, and a grasped object stops the fingers."""
        ...

    def stop(self) -> None:
        """Stop the fingers where they are, keeping hold of what they hold."""
        ...


class Camera(Device, Protocol):
    """A colour and depth camera."""

    def read(self, max_age_s: float) -> RGBD:
        """The newest frame, with intrinsics and pose inside.

        Raises:
            StaleDataError: The newest frame is older than ``max_age_s``.
        """
        ...


class Scene(Device, Protocol):
    """A robot in its workplace: everything the method may use."""

    robot: str
    backend: str
    tool: ToolFrame
    T_WB: SE3

    @property
    def arm(self) -> Arm:
        """The arm; only its ``Control`` may move it."""
        ...

    @property
    def gripper(self) -> Gripper:
        """The gripper at its flange."""
        ...

    @property
    def cameras(self) -> Mapping[str, Camera]:
        """Cameras by name; the first is the default view."""
        ...

    @property
    def clock(self) -> Clock:
        """The clock all time stamps are on."""
        ...


@runtime_checkable
class SelfCheckingScene(Protocol):
    """A scene that looks at itself as it is connected."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What it found that a person should know; none before it was connected."""
        ...


class Keys(Protocol):
    """Key presses of a terminal, of a test, or of whatever stands for them."""

    def pressed(self) -> Sequence[str]:
        """Names of the keys pressed since the last call, in order; never waits.

        A printing key is its character, the others are ``enter``, ``space``, ``tab``, ``escape``,
        ``backspace``, ``up``, ``down``, ``left``, ``right``.
        """
        ...


class Teleop(Device, Protocol):
    """What a person moves the arm with."""

    def read(self) -> TeleopCommand:
        """What is asked for now; never waits.

        Raises:
            NotConnectedError: Outside the ``with`` block, or the device was unplugged.
        """
        ...

    def resume(self) -> None:
        """Go on after the arm was stopped on purpose; most devices have nothing to do.

        Raises:
            DeviceError: The device cannot go on.
        """
        ...

    @property
    def keys(self) -> Mapping[str, str]:
        """What the keys of the terminal do that it takes; empty for most devices."""
        ...

    def press(self, keys: Sequence[str]) -> None:
        """Hand over keys of the terminal that nobody else claimed; most devices drop them."""
        ...


class OperatorEvent(Enum):
    """What a person who demonstrates says at one sample."""

    TICK = "tick"
    BOTTLENECK = "bottleneck"
    END = "end"


class Operator(Protocol):
    """Whoever moves the arm while a demonstration is recorded: a person, or a script."""

    def perform(self) -> Iterator[OperatorEvent]:
        """Move the arm, and yield once per sample that should be recorded; ``END`` is the last."""
        ...


class Judge(Protocol):
    """Says whether the task was done: the simulator's predicate, or a person's key."""

    @property
    def name(self) -> str:
        """What the record calls it."""
        ...

    def success(self) -> bool | None:
        """Whether the task is done now; None where nobody can say."""
        ...


class DemoSource(Protocol):
    """Where demonstrations come from."""

    def summaries(self) -> Sequence[DemoSummary]:
        """All demonstrations, in a fixed order, without reading their arrays.

        One whose description is damaged is left out; ``load`` finds damage anywhere.
        """
        ...

    def load(self, demo_id: str) -> Demonstration:
        """One demonstration; errors name its id.

        Raises:
            DemoNotFoundError: No such id.
            DemoFormatError: Its stored bytes are damaged.
        """
        ...
