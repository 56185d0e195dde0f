"""An arm that obeys a guard, and whose clock and states can lie to it."""

from collections.abc import Callable

import numpy as np
from guard_oracle import Oracle

from mt3.geometry import SE3
from mt3.interfaces import ArmState, JointTrajectory
from mt3.motion.robot_model import RobotModel

WATCHDOG_S, FRAME_S = 0.1, 1 / 60


class Arm:
    """One without mass: it moves along the last twist for 0.1 s at most, and its states can lie."""

    def __init__(self, model: RobotModel, joints: np.ndarray, oracle: Oracle) -> None:
        self.model, self.joints, self.oracle = model, joints, oracle
        self.t_s = 0.0
        self.lie: Callable[[ArmState], ArmState] | None = None
        self._past = [(0.0, joints)]
        self._twist, self._left_s = np.zeros(6), 0.0

    @property
    def moving(self) -> bool:
        """Whether it obeys a twist."""
        return self._left_s > 0.0 and bool(self._twist.any())

    def now_s(self) -> float:
        """The time that the guard is told."""
        return self.t_s

    def sleep_until(self, t_s: float) -> None:
        """Nobody sleeps."""

    def pass_time(self, span_s: float, clock_share: float = 1.0) -> None:
        """Let time go by; the clock may run at another speed."""
        while span_s > 1e-9:
            step_s = min(span_s, FRAME_S)
            self._move(min(step_s, self._left_s))
            self.t_s += clock_share * step_s
            span_s -= step_s
            self._left_s = max(0.0, self._left_s - step_s)
            self._remember()

    def _remember(self) -> None:
        """What old states can show: at one time an arm is in one place.

        While the clock stands still that is the newest. Before, the arm later showed where it had
        been at first, a state that the guard had seen and rightly used: no arm can.
        """
        kept = self._past[-20:] if self.t_s != self._past[-1][0] else self._past[:-1]
        self._past = [*kept, (self.t_s, self.joints)]

    def _move(self, span_s: float) -> None:
        if span_s <= 0.0 or not self._twist.any():
            return
        middle = self.joints + self._velocity(self.joints) * (0.5 * span_s)
        self.joints = self.joints + self._velocity(middle) * span_s
        self.oracle.moved(self.joints)

    def _velocity(self, joints: np.ndarray) -> np.ndarray:
        """Of the joints; taken in a step's middle, as two half steps were off by 34 micrometres."""
        J = self.model.jacobian_E(joints)
        return J.T @ np.linalg.solve(J @ J.T + 1e-12 * np.eye(6), self._twist)

    def measured(self, age_s: float) -> ArmState:
        """The state of a while ago."""
        t_s, joints = next(
            (one for one in reversed(self._past) if one[0] <= self.t_s - age_s + 1e-9),
            self._past[0],
        )
        return ArmState(t_s, joints, SE3.identity(), self._twist)

    def state(self) -> ArmState:
        """What it measures, or says that it does."""
        state = ArmState(self.t_s, self.joints, SE3.identity(), self._twist)
        return self.lie(state) if self.lie else state

    def command_twist(self, V_BE_E: np.ndarray) -> None:
        """Obey."""
        self.oracle.twist(self.t_s, self.joints, V_BE_E)
        self._twist, self._left_s = np.array(V_BE_E), WATCHDOG_S

    def follow(self, trajectory: JointTrajectory) -> None:
        """Obey at once, from rest."""
        if self.moving:
            self.oracle.violations.append("a trajectory while the arm moves")
        self.oracle.trajectory(self.joints, trajectory)
        self.stop()
        self.put(trajectory.joints[-1])
        self.pass_time(float(trajectory.t_s[-1]))

    def stop(self) -> None:
        """Rest."""
        self._twist = np.zeros(6)
        self.oracle.stopped()

    def put(self, joints: np.ndarray) -> None:
        """Be somewhere else, as after a while."""
        self.joints = np.array(joints)
        self.t_s += WATCHDOG_S
        self._past = [(self.t_s, self.joints)]

    def begin_freedrive(self) -> None:
        """A hand takes over."""

    def end_freedrive(self) -> None:
        """It lets go."""
