"""One sequence of commands played to a guarded arm, with an oracle that watches the arm."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from guard_bench_arm import Arm
from guard_oracle import Oracle, Permitted

from mt3.errors import DeviceError, SafetyViolation
from mt3.geometry import SE3
from mt3.interfaces import ArmState, JointTrajectory
from mt3.motion.obstacles import Obstacles, TableGrid
from mt3.motion.robot_model import RobotModel
from mt3.motion.tool_limits import ToolLimits
from mt3.safety import GuardedArm, SafetyLimits, Surroundings

PERIOD_S = 1 / 60
POSTURES = 200
# A height field falls off from the middles of its outer cells, half a cell inside of a block.
RIM_M = np.array([[0.005, 0.005, 0.0], [-0.005, -0.005, 0.0]])
TABLE = TableGrid((0.0, 0.9), (-0.6, 0.6))

SENSELESS = (
    np.full(6, np.nan),
    np.array([0.0, 0.0, np.inf, 0.0, 0.0, 0.0]),
    np.array([0.0, 0.0, 0.0, 0.0, -np.inf, 0.0]),
    np.zeros(5),
    np.zeros((6, 1)),
    np.zeros(0),
    [0.1, 0.0, 0.0, 0.0, 0.0, "fast"],
    "fast",
    None,
    0.1,
    {},
    1j * np.ones(6),
)


@dataclass(frozen=True)
class Sequence:
    """Where the arm starts, what it may do there, and what happens.

    Args:
        posture: Number of the posture it starts in.
        room_m: From the tool to each wall of its workspace, x, y, z below, then above; and from the
            tool to its least height.
        box_m: Middle of a forbidden box as seen from the tool, W's axes; None for no box.
        slow: Whether joints may use half of their speeds and accelerations only.
        actions: Name of a method of ``Trial`` and its arguments.
    """

    posture: int
    room_m: tuple[float, ...]
    box_m: tuple[float, float, float] | None
    slow: bool
    actions: tuple[tuple[Any, ...], ...]


def draw_postures(model: RobotModel) -> np.ndarray:
    """Postures from all over the range of an arm that is sound there, (POSTURES, n)."""
    rng, found = np.random.default_rng(0), []
    lower, upper = model.lower + 0.03, model.upper - 0.03
    while len(found) < POSTURES:
        q = rng.uniform(lower, upper)
        condition = np.linalg.cond(model.jacobian_E(q))
        if model.forward(q).t[2] > 0.1 and model.self_gap_m(q) > 0.0 and condition < 60.0:
            found.append(q)
    return np.array(found)


class Trial:
    """One sequence on one arm."""

    def __init__(self, model: RobotModel, postures: np.ndarray, sequence: Sequence) -> None:
        q = postures[sequence.posture]
        limits = _limits(model, q, sequence)
        self._limits = limits
        self.oracle = Oracle(model, _permitted(model, limits))
        self.arm = Arm(model, q, self.oracle)
        self.guarded = GuardedArm(self.arm, model, limits, SE3.identity(), self.arm)
        self.oracle.handed_over(q)
        self.refused = 0

    def play(self, actions: tuple[tuple[Any, ...], ...]) -> None:
        """Do it all, and wait until the arm rests."""
        for name, *values in actions:
            getattr(self, name)(*values)
        self.arm.pass_time(0.2)

    def stream(self, twist: list[float], pause_s: float, count: int, sign: float) -> None:
        """The same twist again and again, or to and fro."""
        for k in range(count):
            if not self._ask(self.guarded.command_twist, np.array(twist) * sign**k):
                return
            self.arm.pass_time(pause_s)

    def senseless(self, number: int) -> None:
        """What is no twist is refused."""
        self._must_refuse(self.guarded.command_twist, SENSELESS[number])

    def silence(self, span_s: float) -> None:
        """Nothing is asked for a while."""
        self.arm.pass_time(span_s)

    def strange_clock(self, share: float, twist: list[float], count: int) -> None:
        """The clock stands still, creeps or races."""
        for _ in range(count):
            if not self._ask(self.guarded.command_twist, np.array(twist)):
                return
            self.arm.pass_time(PERIOD_S, share)

    def clock_jump(self, jump_s: float) -> None:
        """The clock is set."""
        self.arm.t_s += jump_s

    def old_states(self, age_s: float, twist: list[float], count: int) -> None:
        """States come late, at last too late."""
        self.arm.lie = lambda _: self.arm.measured(age_s)
        self.stream(twist, PERIOD_S, count, 1.0)
        self.arm.lie = None

    def frozen_states(self, twist: list[float], count: int) -> None:
        """The same state comes again and again."""
        frozen = self.arm.state()
        self.arm.lie = lambda _: frozen
        self.stream(twist, PERIOD_S, count, 1.0)
        self.arm.lie = None

    def bad_state(self, kind: int, size: float) -> None:
        """A state that cannot be true, or says that something is wrong, is refused."""

        def lie(state: ArmState) -> ArmState:
            t_s, joints, force = state.t_s, state.joints, np.zeros(6)
            if kind == 0:
                raise DeviceError("connection lost")
            if kind == 1:
                t_s += 0.01 + size
            elif kind == 2:
                t_s -= 0.11 + size
            elif kind == 3:
                joints = joints[:-1]
            elif kind == 4:
                force[int(3 * size)] = -41.0
            elif kind == 5:
                joints = joints + (0.6 + size)
            return ArmState(t_s, joints, state.T_BE, state.V_BE_E, force)

        if kind == 5 and not self._just_moved():
            return  # an arm at rest may have been moved by somebody
        self.arm.lie = lie
        self._must_refuse(self.guarded.command_twist, np.array([0.01, 0, 0, 0, 0, 0]))
        self.arm.lie = None

    def _just_moved(self) -> bool:
        return self._ask(self.guarded.command_twist, np.zeros(6)) and self._passed(PERIOD_S)

    def _passed(self, span_s: float) -> bool:
        self.arm.pass_time(span_s)
        return True

    def follow(self, goal: list[float], span_s: float, samples: int, offset: float) -> None:
        """A trajectory, smooth where it has many samples, that starts elsewhere by an offset."""
        share = np.sin(np.linspace(0.0, np.pi / 2, samples)) ** 2
        path = self.arm.joints + offset + share[:, None] * np.array(goal)
        trajectory = JointTrajectory(np.linspace(0.0, span_s, samples), path)
        ask = self._must_refuse if abs(offset) > 0.02 else self._ask
        ask(self.guarded.follow, trajectory)

    def wrong_trajectory(self, joints: int) -> None:
        """One for another arm."""
        self._must_refuse(self.guarded.follow, JointTrajectory([0.0, 1.0], np.zeros((2, joints))))

    def freedrive(self, moves: list[float], twist: list[float], interrupted: bool) -> None:
        """A hand moves the arm; a twist in between is refused."""
        if not self._ask(self.guarded.begin_freedrive):
            return
        model = self.arm.model
        q = np.clip(self.arm.joints + moves, model.lower + 0.01, model.upper - 0.01)
        self.arm.put(q)
        self.oracle.handed_over(q)
        if interrupted:
            self._must_refuse(self.guarded.command_twist, np.array(twist))
        self.guarded.end_freedrive()

    def surround(self, at_m: list[float], target: bool, contact: bool, held: bool) -> None:
        """Something stands near the resting arm; seen from the tool, W's axes."""
        self.guarded.stop()
        tool = self.arm.model.forward(self.arm.joints).t
        block = _block(tool + at_m)
        heights = _heights(block)
        none = np.zeros(TABLE.shape)
        around = Surroundings(
            Obstacles(TABLE, none, heights) if target else Obstacles(TABLE, heights, none),
            0.02 * (np.random.default_rng(0).random((20, 3)) - 0.5) if held else None,
            float(tool[2]) - 0.03 if contact else None,
        )
        self.guarded.set_surroundings(around)
        floor_m = float(tool[2]) - 0.03 if contact else self._limits.table_clearance_m
        seen = block + RIM_M if heights.any() else None
        self.oracle.surrounded(seen, floor_m, target=target, contact=contact)
        self.oracle.handed_over(self.arm.joints)

    def alone(self) -> None:
        """What stood there is forgotten."""
        self.guarded.stop()
        self.guarded.set_surroundings(None)
        floor_m = self._limits.table_clearance_m
        self.oracle.surrounded(None, floor_m, target=False, contact=False)
        self.oracle.handed_over(self.arm.joints)

    def stop(self) -> None:
        """Rest."""
        self.guarded.stop()

    def _ask(self, command: Callable[..., None], *values: object) -> bool:
        """Whether it was let through; the arm rests where not."""
        before = self.oracle.commands
        try:
            command(*values)
        except SafetyViolation:
            self.refused += 1
            if self.arm.moving:
                self.oracle.violations.append("refused, but the arm moves on")
            if self.oracle.commands != before:
                self.oracle.violations.append("refused, but sent")
            return False
        return True

    def _must_refuse(self, command: Callable[..., None], *values: object) -> None:
        if self._ask(command, *values):
            self.oracle.violations.append(f"let through: {command.__name__} {values}")


def judged(model: RobotModel, postures: np.ndarray, sequence: Sequence) -> Trial:
    """Play a sequence; the trial's oracle says what was wrong."""
    trial = Trial(model, postures, sequence)
    trial.play(sequence.actions)
    return trial


def _limits(model: RobotModel, q: np.ndarray, sequence: Sequence) -> SafetyLimits:
    tool, room = model.forward(q).t, np.array(sequence.room_m)
    boxes: tuple[Any, ...] = ()
    if sequence.box_m is not None:
        middle, half = tool + sequence.box_m, np.array([0.05, 0.1, 0.05])
        boxes = ((tuple(middle - half), tuple(middle + half)),)
    return SafetyLimits(
        joint_margin_rad=0.02,
        joint_velocity_fraction=0.5 if sequence.slow else 0.9,
        tool=ToolLimits(0.25, 1.2, 2.0, 6.0),
        workspace_lower_W=tuple(tool - room[:3]),
        workspace_upper_W=tuple(tool + room[3:6]),
        table_height_m=0.0,
        table_clearance_m=max(0.0, float(tool[2]) - room[6]),
        joint_acceleration_rad_s2=(5.0,) if sequence.slow else (10.0,),
        joint_jerk_rad_s3=(1000.0,) if sequence.slow else (5000.0,),
        forbidden_boxes_W=boxes,
    )


def _permitted(model: RobotModel, limits: SafetyLimits) -> Permitted:
    n = model.joint_count
    return Permitted(
        lower=model.lower + limits.joint_margin_rad,
        upper=model.upper - limits.joint_margin_rad,
        speed=limits.joint_velocity_fraction * model.velocity_limit,
        acceleration=np.full(n, limits.joint_acceleration_rad_s2[0]),
        jerk=np.full(n, limits.joint_jerk_rad_s3[0]),
        tool_speed=np.array([0.25, 1.2]),
        tool_acceleration=np.array([2.0, 6.0]),
        corners=np.array([limits.workspace_lower_W, limits.workspace_upper_W]),
        floor_m=limits.table_clearance_m,
        boxes=[np.array(box) for box in limits.forbidden_boxes_W],
        condition=limits.stop_condition,
        period_s=limits.command_period_s,
    )


def _block(top: np.ndarray) -> np.ndarray:
    """Corners of a block that stands on the table, its sides on the borders of cells."""
    i, j = np.round((top[:2] - [TABLE.x_m[0], TABLE.y_m[0]]) / TABLE.cell_m)
    x, y = TABLE.x_m[0] + TABLE.cell_m * i, TABLE.y_m[0] + TABLE.cell_m * j
    return np.array([[x - 0.04, y - 0.04, 0.0], [x + 0.04, y + 0.04, max(0.02, top[2])]])


def _heights(block: np.ndarray) -> np.ndarray:
    x, y = TABLE.centres()
    over_x = (x > block[0, 0]) & (x < block[1, 0])
    over_y = (y > block[0, 1]) & (y < block[1, 1])
    return np.where(np.outer(over_x, over_y), block[1, 2], 0.0)
