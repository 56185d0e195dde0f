"""The simulated workplace: what the core may use, and the truth that it may not."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import MappingProxyType, TracebackType
from typing import Protocol, Self

from mt3.errors import ConfigurationError
from mt3.geometry import SE3
from mt3.interfaces import Camera, Clock
from mt3.tool import ToolFrame
from sim.arm import ArmController, SimArm
from sim.clock import SimClock
from sim.gripper import GripperController, SimGripper
from sim.robot import SimRobot
from sim.robots import PANDA, RobotDescription
from sim.world import World


@dataclass(frozen=True, slots=True, eq=False)
class SceneState:
    """A remembered moment of one scene; only that scene can return to it."""

    ticket: int
    steps: int
    arm: ArmController
    gripper: GripperController
    memory: object


@dataclass(frozen=True, slots=True, eq=False)
class Roles:
    """Which object plays which part in the staged task, and where everything stood.

    Args:
        target: Name of the object acted on.
        held: Name of the object that is in the hand from the start.
        start_poses: ``T_WO`` of every object when the task began.
        support: Name of the object that the target stands on or in.
        T_WE_start: Where the tool was when the task began.
    """

    target: str
    held: str | None
    start_poses: Mapping[str, SE3]
    support: str | None = None
    T_WE_start: SE3 = field(default_factory=SE3.identity)

    def require_held(self) -> str:
        """Name of the object in the hand.

        Raises:
            ConfigurationError: Staged with an empty hand.
        """
        if self.held is None:
            raise ConfigurationError("roles.held: got none, expected an object in the hand")
        return self.held

    def require_support(self) -> str:
        """Name of the object that the target stands on or in.

        Raises:
            ConfigurationError: Staged on the bare table.
        """
        if self.support is None:
            raise ConfigurationError("roles.support: got none, expected what the target stands on")
        return self.support


class Memory(Protocol):
    """What a predicate needs of the time since the task began."""

    def observe(self) -> None:
        """Look at the present moment; called before every physics step."""
        ...

    def snapshot(self) -> object:
        """What has been remembered so far, as values that do not change any more."""
        ...

    def restore(self, snapshot: object) -> None:
        """Return to what had been remembered."""
        ...


class PyBulletScene:
    """A robot at a table with objects, and a clock that advances physics.

    Implements the core's ``Scene``. Beyond it lies the simulator's truth, for staging, scripted
    demonstrators, success predicates and tests.

    Args:
        T_WB: Pose of the robot's base.
        robot: Which robot it is.
    """

    backend = "sim"

    def __init__(self, T_WB: SE3, robot: RobotDescription = PANDA) -> None:
        self.robot = robot.name
        self.T_WB = T_WB
        self.world = World()
        self.sim_robot = SimRobot(self.world, robot, T_WB)
        self.tool = ToolFrame(
            self.sim_robot.T_flange_tool, robot.gripper, robot.hand_mass_kg, robot.p_com_flange
        )
        self.clock: Clock = SimClock(self.world)
        self.arm = SimArm(self.sim_robot)
        self.gripper = SimGripper(self.sim_robot)
        self._cameras: dict[str, Camera] = {}
        self._connections = ExitStack()
        self._roles: Roles | None = None
        self.memory: Memory | None = None

    @property
    def cameras(self) -> Mapping[str, Camera]:
        """Cameras by name; the first is the default view."""
        return MappingProxyType(self._cameras)

    def mount(self, name: str, camera: Camera) -> None:
        """Add a camera that looks at this scene's world."""
        self._cameras[name] = camera

    @property
    def roles(self) -> Roles:
        """Who plays which part.

        Raises:
            ConfigurationError: No task was staged here.
        """
        if self._roles is None:
            raise ConfigurationError("scene: no task was staged (see sim.staging.stage)")
        return self._roles

    def assign(self, roles: Roles) -> None:
        """Say who plays which part, once everything stands."""
        self._roles = roles

    def remember(self, memory: Memory | None) -> None:
        """Let what a predicate has to remember see every moment from now on."""
        self.memory = memory
        if memory is not None:
            self.world.call_before_step(memory.observe)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.arm)
            stack.enter_context(self.gripper)
            for camera in self._cameras.values():
                stack.enter_context(camera)
            self._connections = stack.pop_all()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connections.__exit__(exc_type, exc, traceback)

    def tool_pose(self) -> SE3:
        """True ``T_WE``, connected or not."""
        return self.sim_robot.tool_pose()

    def measured_opening(self) -> float:
        """True opening of the fingers, connected or not."""
        return self.sim_robot.opening()

    def finger_forces_N(self, name: str) -> tuple[float, float]:
        """Normal force of each finger on an object during the last step."""
        contacts = self.world.bullet.contacts(self.sim_robot.body, self.world.objects[name].body)
        left, right = (
            sum(c.force_N for c in contacts if c.link_a == finger)
            for finger in self.sim_robot.finger_joints
        )
        return left, right

    def holds(self, name: str) -> bool:
        """Whether both fingers press on an object."""
        return min(self.finger_forces_N(name)) > 0.0

    def touches_robot(self, name: str) -> bool:
        """Whether any part of the robot pressed on an object during the last step."""
        return self.world.touches(name, self.sim_robot.body)

    def save(self) -> SceneState:
        """Remember this moment, physics and controllers."""
        return SceneState(
            self.world.save(),
            self.world.steps,
            self.arm.controller_state(),
            self.gripper.controller_state(),
            None if self.memory is None else self.memory.snapshot(),
        )

    def restore(self, state: SceneState) -> None:
        """Return to a remembered moment of this scene."""
        self.world.restore(state.ticket)
        self.world.steps = state.steps
        self.arm.restore_controller(state.arm)
        self.gripper.restore_controller(state.gripper)
        if self.memory is not None:
            self.memory.restore(state.memory)
