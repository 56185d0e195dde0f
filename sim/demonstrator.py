"""A scripted person: moves the arm by twists alone, smoothly, knowing where things are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mt3.errors import PlanningError
from mt3.geometry import SE3, interpolate_poses, log_se3
from mt3.interfaces import Arm, Gripper, OperatorEvent
from mt3.types import FloatArray
from sim.rehearsal import can_visit
from sim.scene import PyBulletScene
from sim.skills.skill import Action, Grip, Move, Pause, Script, Skill, Sweep

RATE_HZ = 60.0
_TRAVEL_Z_M = 0.30  # height at which the hand passes over everything
_PEAK_SPEED_M_S = (0.13, 0.17)
_PEAK_TURN_RAD_S = (0.55, 0.7)
_PEAK_OF_MINIMUM_JERK = 1.875  # peak over mean speed
_SHORTEST_S = 0.5
_BOW_M = 0.002  # how far a move strays sideways from the straight line
_FEEDBACK_HZ = 3.0
_GRIP_S = 2.0
_GRIP_SETTLED = 0.002  # change of the opening over one check
_GRIP_CHECK_SAMPLES = 12
_BOTTLENECK_REST_S = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Intent:
    """What the demonstrator wants of the next sample.

    Args:
        V_E: Twist of E in W, expressed in E, (6,), m/s then rad/s.
        opening: To begin to move the fingers to, 0 closed and 1 open; None leaves them alone.
        event: What it says when the sample is over.
    """

    V_E: FloatArray
    opening: float | None = None
    event: OperatorEvent = OperatorEvent.TICK


class Demonstrator:
    """Performs a skill in a scene, an ``Operator`` for the recorder.

    Args:
        scene: Whose truth it sees, as a person sees with their eyes.
        arm: What it moves; usually the scene's arm behind the safety gate.
        gripper: What it opens and closes.
        skill: What it does.
        rng: Draws the small variations of path and timing.
    """

    def __init__(
        self,
        scene: PyBulletScene,
        arm: Arm,
        gripper: Gripper,
        skill: Skill,
        rng: np.random.Generator,
    ) -> None:
        self._scene = scene
        self._arm = arm
        self._gripper = gripper
        self._skill = skill
        self._rng = rng
        self._speed_m_s = float(rng.uniform(*_PEAK_SPEED_M_S))
        self._turn_rad_s = float(rng.uniform(*_PEAK_TURN_RAD_S))

    def perform(self) -> Iterator[OperatorEvent]:
        """Do the task; yields after every sample of ``1 / RATE_HZ`` seconds.

        Raises:
            PlanningError: No way of doing it stays inside the joint range.
        """
        clock = self._scene.clock
        for intent in self.intents():
            if intent.opening is not None:
                self._gripper.command(intent.opening)
            if intent.event is OperatorEvent.END:
                self._arm.stop()
            self._arm.command_twist(intent.V_E)
            clock.sleep_until(clock.now_s() + 1.0 / RATE_HZ)
            yield intent.event

    def intents(self) -> Iterator[Intent]:
        """What it would do, one sample after the other; commands nothing itself.

        Each is meant to be carried out for ``1 / RATE_HZ`` seconds before the next is asked for,
        because the next one looks at where the arm has come to. ``END`` is the last.

        Raises:
            PlanningError: No way of doing it stays inside the joint range.
        """
        script = self.choose_script()
        above, bottleneck = _way_to(script.T_WE_bottleneck)
        yield from self._move(above, script.opening)
        yield from self._move(bottleneck)
        yield from self._pause(_BOTTLENECK_REST_S)
        yield _rest(event=OperatorEvent.BOTTLENECK)
        for action in script.actions:
            yield from self._act(action)
        yield _rest(event=OperatorEvent.END)

    def choose_script(self) -> Script:
        """The way with the least turning of the hand that the arm can go.

        Raises:
            PlanningError: None.
        """
        T_WE = self._measure()
        scripts = sorted(
            self._skill.scripts(self._scene, self._rng),
            key=lambda script: T_WE.angle_to_rad(script.T_WE_bottleneck),
        )
        for script in scripts:
            goals = [*_way_to(script.T_WE_bottleneck), *script.poses()[1:]]
            if self._can_visit(goals):
                return script
        raise PlanningError(
            f"{self._skill.name}: none of {len(scripts)} ways stays inside the joint range",
            "joint_limit",
        )

    def _act(self, action: Action) -> Iterator[Intent]:
        match action:
            case Move(T_WE):
                yield from self._move(T_WE)
            case Sweep(poses_W, speed):
                yield from self._follow(self._plan_sweep(self._measure(), poses_W, speed))
            case Grip(opening):
                yield from self._grip(opening)
            case Pause(duration_s):
                yield from self._pause(duration_s)

    def _move(self, goal: SE3, opening: float | None = None) -> Iterator[Intent]:
        """Bring the tool to a pose in W, the fingers meanwhile to an opening."""
        yield from self._follow(self._plan(self._measure(), goal), opening)

    def _follow(self, reference: FloatArray, opening: float | None = None) -> Iterator[Intent]:
        """Keep the tool on (N, 4, 4) poses in W, one for each sample."""
        forward = log_se3(np.linalg.inv(reference[:-1]) @ reference[1:]) * RATE_HZ
        for T_WE, V_E in zip(reference[:-1], forward, strict=True):
            error = log_se3(np.linalg.inv(self._measure().matrix) @ T_WE)
            yield Intent(V_E + _FEEDBACK_HZ * error, opening)
            opening = None

    def _plan(self, start: SE3, goal: SE3) -> FloatArray:
        """Poses, (N, 4, 4), at the sample rate: minimum jerk along a slightly bent line."""
        duration_s = self._duration(start, goal)
        count = max(2, round(duration_s * RATE_HZ) + 1)
        u = np.linspace(0.0, 1.0, count)
        s = u**3 * (10.0 - 15.0 * u + 6.0 * u**2)
        ends = np.stack([start.matrix, goal.matrix])
        reference = interpolate_poses(s, np.array([0.0, 1.0]), ends)
        bow = self._rng.normal(0.0, _BOW_M / 2, 3).clip(-_BOW_M, _BOW_M)
        reference[:, :3, 3] += (16.0 * (s * (1.0 - s)) ** 2)[:, None] * bow
        return reference

    def _plan_sweep(self, start: SE3, poses_W: Sequence[SE3], speed: float) -> FloatArray:
        """Poses, (N, 4, 4), at the sample rate: minimum jerk over the way through all of them."""
        goals = [start, *poses_W]
        ways_s = [self._least_duration(a, b) for a, b in pairwise(goals)]
        knots = np.concatenate([[0.0], np.cumsum(np.maximum(ways_s, 1e-6))])
        duration_s = max(_SHORTEST_S, _PEAK_OF_MINIMUM_JERK * float(knots[-1]) / speed)
        u = np.linspace(0.0, 1.0, max(2, round(duration_s * RATE_HZ) + 1))
        s = u**3 * (10.0 - 15.0 * u + 6.0 * u**2)
        matrices = np.stack([goal.matrix for goal in goals])
        return interpolate_poses(s * knots[-1], knots, matrices)

    def _duration(self, start: SE3, goal: SE3) -> float:
        return max(_SHORTEST_S, _PEAK_OF_MINIMUM_JERK * self._least_duration(start, goal))

    def _least_duration(self, start: SE3, goal: SE3) -> float:
        """Time from one pose to another at the top speed all along, seconds."""
        by_distance_s = start.translation_to_m(goal) / self._speed_m_s
        return max(by_distance_s, start.angle_to_rad(goal) / self._turn_rad_s)

    def _grip(self, opening: float) -> Iterator[Intent]:
        seen = self._gripper.state().opening
        for sample in range(1, round(_GRIP_S * RATE_HZ) + 1):
            yield _rest(opening if sample == 1 else None)
            if sample % _GRIP_CHECK_SAMPLES == 0:
                before, seen = seen, self._gripper.state().opening
                if abs(seen - before) < _GRIP_SETTLED:
                    return

    def _pause(self, duration_s: float) -> Iterator[Intent]:
        for _ in range(round(duration_s * RATE_HZ)):
            yield _rest()

    def _measure(self) -> SE3:
        return self._scene.T_WB @ self._arm.state().T_BE

    def _can_visit(self, goals: Sequence[SE3]) -> bool:
        T_BW = self._scene.T_WB.inverse()
        durations_s = [self._duration(a, b) for a, b in pairwise([self._measure(), *goals])]
        return can_visit(
            self._scene.sim_robot.kinematics,
            self._arm.state().joints,
            [T_BW @ goal for goal in goals],
            durations_s,
        )


def _rest(opening: float | None = None, event: OperatorEvent = OperatorEvent.TICK) -> Intent:
    return Intent(np.zeros(6), opening, event)


def _way_to(bottleneck: SE3) -> list[SE3]:
    """Up and over: above the bottleneck first, then down to it."""
    x, y, z = bottleneck.t
    above = SE3.from_rotation_translation(bottleneck.R, (x, y, max(z, _TRAVEL_Z_M)))
    return [above, bottleneck]
