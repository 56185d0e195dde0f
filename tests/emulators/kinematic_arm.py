"""The arm behind an emulated controller: joints that follow commands within limits of their own.

It shares no code with what is tested: its kinematics are the maker's published Denavit-Hartenberg
parameters, where the code under test reads a URDF.
"""

from dataclasses import dataclass, field

import numpy as np

_DAMPING = 1e-4
_HAND_S = 0.06  # a hand of which nothing was heard for so long has let go


@dataclass(frozen=True)
class DenavitHartenberg:
    """Joint frames of a serial arm from a maker's table, metres and radians.

    Args:
        a, d, alpha: (n,) each.
        offset: Joint angle at which the table's theta is zero, (n,).
        modified: Craig's convention (alpha and a before the turn) instead of the classic one.
    """

    a: np.ndarray
    d: np.ndarray
    alpha: np.ndarray
    offset: np.ndarray
    modified: bool = False

    def frames(self, q: np.ndarray) -> np.ndarray:
        """Base frame, then each joint's frame in the base, (n + 1, 4, 4).

        Joint k turns about z of ``frames[k]`` in the classic convention, about z of
        ``frames[k + 1]`` in the modified one.
        """
        theta = q + self.offset
        ct, st, ca, sa = np.cos(theta), np.sin(theta), np.cos(self.alpha), np.sin(self.alpha)
        steps = np.zeros((len(q), 4, 4))
        if self.modified:
            rows = (
                (ct, -st, 0.0, self.a),
                (st * ca, ct * ca, -sa, -self.d * sa),
                (st * sa, ct * sa, ca, self.d * ca),
            )
        else:
            rows = (
                (ct, -st * ca, st * sa, self.a * ct),
                (st, ct * ca, -ct * sa, self.a * st),
                (0.0, sa, ca, self.d),
            )
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                steps[:, i, j] = value
        steps[:, 3, 3] = 1.0
        frames = np.empty((len(q) + 1, 4, 4))
        frames[0] = np.eye(4)
        for k, step in enumerate(steps):
            np.matmul(frames[k], step, out=frames[k + 1])
        return frames


@dataclass
class KinematicArm:
    """Joints with limits of speed and acceleration; ``tick`` moves them on.

    Args:
        table: Kinematics to the flange.
        q: Joints now, (n,), rad.
        max_velocity: (n,), rad/s.
        max_acceleration: (n,), rad/s2.
        T_flange_tool: Tool centre point in the flange, (4, 4).
    """

    table: DenavitHartenberg
    q: np.ndarray
    max_velocity: np.ndarray
    max_acceleration: np.ndarray
    T_flange_tool: np.ndarray = field(default_factory=lambda: np.eye(4))

    def __post_init__(self) -> None:
        self.qd = np.zeros_like(self.q)
        self._guided_s = 0.0
        self._frames_at: tuple[np.ndarray, np.ndarray] | None = None
        self.hold()

    # What to do; the last call counts.

    def hold(self) -> None:
        """Come to rest as fast as the joints may, and stay."""
        self._aim, self._twist = self._rest, np.zeros(6)

    def move_by_joint_velocity(self, qd: np.ndarray, acceleration: float) -> None:
        """Turn the joints at (n,) rad/s, reached at an acceleration in rad/s2."""
        self._aim = lambda dt: (qd, np.full_like(self.q, acceleration))

    def move_by_twist(self, V_base: np.ndarray, acceleration: float) -> None:
        """Move the tool centre point along a twist in the base, (6,), m/s then rad/s.

        Args:
            V_base: Linear velocity of the tool centre point, then angular velocity.
            acceleration: By which it is reached, m/s2 (and rad/s2 for its turn).
        """
        goal = np.array(V_base, dtype=np.float64)

        def aim(dt: float) -> tuple[np.ndarray, np.ndarray]:
            change = goal - self._twist
            size = np.linalg.norm(change)
            self._twist = self._twist + change * min(1.0, acceleration * dt / max(size, 1e-12))
            J = self.jacobian()
            qd = J.T @ np.linalg.solve(J @ J.T + _DAMPING**2 * np.eye(6), self._twist)
            return qd, self.max_acceleration

        if getattr(self._aim, "__name__", "") != "aim":
            self._twist = self.jacobian() @ self.qd
        self._aim = aim

    def servo_to(self, q: np.ndarray, lag_s: float) -> None:
        """Chase joints (n,) rad, about this far behind them in time."""
        goal = np.array(q, dtype=np.float64)
        self._aim = lambda dt: ((goal - self.q) / max(lag_s, dt), self.max_acceleration)

    def move_to(self, q: np.ndarray, velocity: float, acceleration: float) -> None:
        """Go straight in joint space and rest there; leading joint's rad/s and rad/s2."""
        goal = np.array(q, dtype=np.float64)

        def aim(dt: float) -> tuple[np.ndarray, np.ndarray]:
            gap = goal - self.q
            lead = np.abs(gap).max()
            if lead < 1e-9:
                return np.zeros_like(gap), self.max_acceleration
            speed = min(velocity, np.sqrt(2.0 * acceleration * lead), lead / dt)
            return gap / lead * speed, np.full_like(gap, 2.0 * acceleration)

        self._aim = aim

    def place(self, q: np.ndarray) -> None:
        """Put the joints somewhere, at rest."""
        self.guide(q, np.zeros_like(self.q))

    def guide(self, q: np.ndarray, qd: np.ndarray, age_s: float = 0.0) -> None:
        """A hand had the joints there some time ago, and turns them on until it lets go.

        Args:
            q: (n,), rad.
            qd: (n,), rad/s.
            age_s: How long ago that was.
        """
        self.qd = np.array(qd, dtype=np.float64)
        self.q = np.array(q, dtype=np.float64) + self.qd * min(age_s, _HAND_S)
        self._guided_s = max(_HAND_S - age_s, 1e-6)

    # What it is now.

    @property
    def moving(self) -> bool:
        """Whether any joint turns."""
        return bool(np.abs(self.qd).max() > 1e-6)

    def pose(self) -> np.ndarray:
        """Tool centre point in the base, (4, 4)."""
        return self._frames()[-1] @ self.T_flange_tool

    def twist(self) -> np.ndarray:
        """Of the tool centre point in the base, (6,), m/s then rad/s."""
        return self.jacobian() @ self.qd

    def jacobian(self) -> np.ndarray:
        """Geometric Jacobian of the tool centre point in the base, (6, n), linear rows first."""
        frames = self._frames()
        p = (frames[-1] @ self.T_flange_tool)[:3, 3]
        joints = frames[1:] if self.table.modified else frames[:-1]
        x, y, z = joints[:, :3, 2].T
        lx, ly, lz = (p - joints[:, :3, 3]).T
        return np.stack([y * lz - z * ly, z * lx - x * lz, x * ly - y * lx, x, y, z])

    def tick(self, dt: float) -> None:
        """Move on by a time step, seconds."""
        if self._guided_s > 0.0:
            self.q = self.q + self.qd * min(dt, self._guided_s)
            self._guided_s -= dt
            if self._guided_s <= 0.0:
                self.qd = np.zeros_like(self.q)
            return
        wanted, acceleration = self._aim(dt)
        wanted = np.clip(wanted, -self.max_velocity, self.max_velocity)
        step = np.minimum(acceleration, self.max_acceleration) * dt
        self.qd = self.qd + np.clip(wanted - self.qd, -step, step)
        if self.qd.any():
            self.q = self.q + self.qd * dt

    def _frames(self) -> np.ndarray:
        """Frames of the joints as they are; worked out once while they are."""
        if self._frames_at is None or self._frames_at[0] is not self.q:
            self._frames_at = (self.q, self.table.frames(self.q))
        return self._frames_at[1]

    def _rest(self, dt: float) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros_like(self.q), self.max_acceleration
