"""Judges what a guarded arm is told, by rules written anew: nothing of ``mt3.safety`` is used.

Only the robot's kinematics and the shapes of its links are the model's own. Tolerances are for the
steps in which the arm is moved: 0.1 mm and 0.1 mrad of a position, 0.01 % of a rate, a tenth of a
unit of the Jacobian's condition number.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mt3.interfaces import JointTrajectory
from mt3.motion.robot_model import RobotModel

POSITION, RATE, CONDITION = 1e-4, 1.0001, 0.1
ROUNDING = 1e-6
SAMPLES_S = 0.02
OUTLINE_M = 0.011  # so far outside of a block the guard, which knows cells of 1 cm, sees contact
LEAVING_M, ARRIVING_M = 0.055, 0.135  # so near its ends a trajectory's tool may touch things


@dataclass(frozen=True)
class Permitted:
    """What an arm may do; B and W are one frame, the table's surface is z = 0.

    Args:
        lower: Of the joints, rad, margins taken off.
        upper: Likewise.
        speed: Of the joints, rad/s.
        acceleration: Of the joints, rad/s2.
        jerk: Of the joints, rad/s3.
        tool_speed: Linear and angular.
        tool_acceleration: Linear and angular.
        corners: Of the workspace of E, (2, 3), metres.
        floor_m: Least height of E.
        boxes: Lower and upper corners that no moving link enters, metres.
        condition: Largest condition number of the Jacobian.
        period_s: Expected between twists.
    """

    lower: np.ndarray
    upper: np.ndarray
    speed: np.ndarray
    acceleration: np.ndarray
    jerk: np.ndarray
    tool_speed: np.ndarray
    tool_acceleration: np.ndarray
    corners: np.ndarray
    floor_m: float
    boxes: Sequence[np.ndarray]
    condition: float
    period_s: float


@dataclass
class Oracle:
    """Looks at every command and at every position that the arm goes through.

    Args:
        model: The arm.
        permitted: What it may do.
        block: Lower and upper corner of what stands on the table, (2, 3), metres.
        target: Whether that is the target object, which the tool may reach at a trajectory's end.
        contact: Whether the tool may touch it everywhere.
        violations: What went wrong, in words.
        worst: Largest share of each limit that was used.
    """

    model: RobotModel
    permitted: Permitted
    block: np.ndarray | None = None
    target: bool = False
    contact: bool = False
    violations: list[str] = field(default_factory=list)
    worst: dict[str, float] = field(default_factory=dict)
    commands: int = 0

    def __post_init__(self) -> None:
        hulls = [hull for hull in self.model.chain.hulls if hull.joint]
        self._points = [(h.joint, h.points) for h in hulls]
        self._fingers = np.concatenate([np.full(len(h.points), h.movable) for h in hulls])
        self._tool = np.concatenate([np.full(len(h.points), h.on_tool) for h in hulls])
        self.stopped()

    def handed_over(self, q: np.ndarray) -> None:
        """Somebody else put the arm here, or things around it; it may be no worse from now on."""
        self.stopped()
        self._given = self._excess(q)
        gap_m = self.model.self_gap_m(q)
        self._least_gap_m = gap_m - POSITION if gap_m < 0.0 else 0.0
        self._given_m = self._tool_at(q)

    def surrounded(
        self, block: np.ndarray | None, floor_m: float, *, target: bool, contact: bool
    ) -> None:
        """Something else stands near the arm; another height is its least."""
        self.block, self.target, self.contact = block, target, target and contact
        self.permitted = replace(self.permitted, floor_m=floor_m)

    def stopped(self) -> None:
        """The arm was told to rest at once."""
        n = self.model.joint_count
        self._twist, self._velocity = np.zeros(6), np.zeros(n)
        self._acceleration, self._at_s, self._gap_s = np.zeros(n), None, 0.0

    def twist(self, t_s: float, q: np.ndarray, V_BE_E: np.ndarray) -> None:
        """A twist reaches the arm."""
        self.commands += 1
        if np.shape(V_BE_E) != (6,) or not np.isfinite(V_BE_E).all():
            self.violations.append(f"twist {V_BE_E}")
            return
        limits = self.permitted
        gap_s = limits.period_s if self._at_s is None else t_s - self._at_s
        change_s = min(gap_s, limits.period_s)
        J = self.model.jacobian_E(q)
        velocity = J.T @ np.linalg.solve(J @ J.T, V_BE_E)
        acceleration = (velocity - self._velocity) / max(gap_s, ROUNDING)
        jerk = (acceleration - self._acceleration) / max(0.5 * (gap_s + self._gap_s), ROUNDING)
        self._compare("tool speed", _norms(V_BE_E), limits.tool_speed)
        if gap_s > 0.0:
            tool = _norms(V_BE_E - self._twist) / change_s
            self._compare("tool acceleration", tool, limits.tool_acceleration)
            self._compare("joint acceleration", np.abs(acceleration), limits.acceleration)
            self._compare("joint jerk", np.abs(jerk), limits.jerk)
        elif np.abs(V_BE_E - self._twist).max() > ROUNDING:
            self.violations.append("a twist changed within no time")
        self._compare("joint speed", np.abs(velocity), limits.speed)
        self._twist, self._velocity, self._at_s = V_BE_E, velocity, t_s
        self._acceleration, self._gap_s = acceleration, gap_s

    def moved(self, q: np.ndarray) -> None:
        """The arm went to joints (n,) rad."""
        risen_m = self._tool_at(q)[2] - self._given_m[2]
        self._look(q, max(0.0, float(risen_m)))

    def _look(self, q: np.ndarray, depth_m: float) -> None:
        """Compare a position; a tool that was in the block may be so much deeper in it."""
        excess = self._excess(q)
        for name, got in excess.items():
            given, slack = self._given[name], CONDITION if name == "condition" else POSITION
            if name == "tool in block":
                slack += np.where(given > -OUTLINE_M, depth_m, 0.0)
            bad = got > np.maximum(given, 0.0) + slack
            if bad.any():
                self.violations.append(f"{name}: {np.max((got - given)[bad]):.5f} too far")
            inside = given <= 0.0
            if inside.any():
                self.worst[name] = max(self.worst.get(name, -np.inf), float(got[inside].max()))
        if self.model.self_collides(q) and self.model.self_gap_m(q) < self._least_gap_m:
            self.violations.append("self collision")

    def _tool_at(self, q: np.ndarray) -> np.ndarray:
        return self.model.chain.forward(q)[:3, 3]

    def trajectory(self, q: np.ndarray, trajectory: JointTrajectory) -> None:
        """A trajectory reaches the arm at joints (n,) rad."""
        self.commands += 1
        limits, t_s, joints = self.permitted, trajectory.t_s, trajectory.joints
        if np.abs(joints[0] - q).max() > 0.02 + ROUNDING:
            self.violations.append("a trajectory that starts elsewhere")
        span_s, rate = np.diff(t_s), np.diff(joints, axis=0) / np.diff(t_s)[:, None]
        self._compare("joint speed", np.abs(rate).max(axis=0), limits.speed)
        for name, bound in (
            ("joint acceleration", limits.acceleration),
            ("joint jerk", limits.jerk),
        ):
            span_s = np.concatenate([[0.0], span_s, [0.0]])
            rate = np.concatenate([np.zeros_like(q)[None], rate, np.zeros_like(q)[None]])
            span_s = 0.5 * (span_s[1:] + span_s[:-1])
            rate = np.diff(rate, axis=0) / span_s[:, None]
            self._compare(name, np.abs(rate).max(axis=0), bound)
        even_s = np.linspace(0.0, t_s[-1], max(2, int(t_s[-1] / SAMPLES_S)))
        path = np.stack([np.interp(even_s, t_s, column) for column in joints.T], axis=1)
        p = np.stack([self._tool_at(one) for one in path])
        speed = np.linalg.norm(np.diff(p, axis=0), axis=1) / np.diff(even_s)
        self._compare("tool speed", np.array([speed.max()]), limits.tool_speed[:1])
        for one, at in zip(path, p, strict=True):
            leaves = np.linalg.norm(at - p[0]) < LEAVING_M
            arrives = self.target and np.linalg.norm(at - p[-1]) < ARRIVING_M
            self._look(one, np.inf if leaves or arrives else 0.0)

    def _compare(self, name: str, got: np.ndarray, bound: np.ndarray) -> None:
        share = float((got / bound).max())
        self.worst[name] = max(self.worst.get(name, 0.0), share)
        if share > RATE:
            self.violations.append(f"{name}: {share:.4f} of its limit")

    def _excess(self, q: np.ndarray) -> dict[str, np.ndarray]:
        """How far outside each limit of position the arm is, negative inside."""
        limits, model = self.permitted, self.model
        T = model.chain.joint_poses(q)
        p = np.concatenate([x @ T[k, :3, :3].T + T[k, :3, 3] for k, x in self._points])
        tool = model.chain.forward(q)[:3, 3]
        low, high = limits.corners
        singular = np.linalg.svd(model.jacobian_E(q), compute_uv=False)
        excess = {
            "joints": np.maximum(limits.lower - q, q - limits.upper),
            "workspace": np.maximum(low - tool, tool - high),
            "table": np.array([limits.floor_m - tool[2], -p[~self._fingers, 2].min()]),
            "condition": np.array([singular[0] / max(singular[-1], 1e-9) - limits.condition]),
        }
        if limits.boxes:
            excess["boxes"] = np.array([_depth(p, box) for box in limits.boxes])
        if self.block is not None:
            excess["link in block"] = np.array([_depth(p[~self._tool], self.block)])
            if not self.contact:
                excess["tool in block"] = np.array([_depth(p[self._tool], self.block)])
        return excess


def _depth(p: np.ndarray, box: np.ndarray) -> float:
    """How deep the deepest of points lies in a box; negative outside of it."""
    return float(np.minimum(p - box[0], box[1] - p).min(axis=1).max())


def _norms(twist: np.ndarray) -> np.ndarray:
    return np.linalg.norm(np.asarray(twist).reshape(2, 3), axis=1)


def shares(oracles: Sequence[Oracle]) -> dict[str, float]:
    """The worst of several, by limit."""
    worst: dict[str, float] = {}
    for oracle in oracles:
        for name, value in oracle.worst.items():
            worst[name] = max(worst.get(name, -np.inf), value)
    return worst


def counted(violations: Sequence[str]) -> dict[str, int]:
    """Violations by their first words."""
    return dict(Counter(violation.split(":")[0] for violation in violations))
