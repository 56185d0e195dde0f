"""One command of a stream of twists: what a twist does to the arm, and how far it may go."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from mt3.safety.breach import Breach
from mt3.safety.limits import Limit
from mt3.safety.motion_limits import MotionLimits
from mt3.safety.place import Place
from mt3.types import FloatArray

_DAMPING = 1e-6 * np.eye(6)  # small, so that the joint speeds of a twist are not underrated
_SPEED_SLACK = 0.01  # share of the joints' speed limits that braking may exceed them by
_ROUNDING = 1e-9
_HALVINGS = 8
_PROBE_RAD = 0.01  # how far to look for whether a singular posture comes nearer


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """What the arm was told last.

    Args:
        twist: Of E in B, in E, (6,), m/s then rad/s.
        velocity: What it asked of the joints, (n,), rad/s.
    """

    twist: FloatArray
    velocity: FloatArray

    @classmethod
    def rest(cls, joint_count: int) -> "Sent":
        """Nothing."""
        return cls(np.zeros(6), np.zeros(joint_count))


@dataclass(frozen=True, slots=True)
class Timing:
    """Times of one command.

    Args:
        since_s: Since the last command.
        period_s: Expected between commands; no twist changes by more than fits into it.
        reaction_s: For how long the arm goes on at a twist if no other follows.
    """

    since_s: float
    period_s: float
    reaction_s: float


class Step:
    """From where the arm is, after what it was told last.

    Args:
        here: Where it is.
        jacobian_E: Its body Jacobian, (6, n), at joints (n,) rad.
        last: What it was told last.
        timing: When.
        limits: How fast and how suddenly it may move.
        place: Joints as the bounds see them.
        forbidden: What is wrong with moving from one place to another near it.
    """

    def __init__(
        self,
        here: Place,
        jacobian_E: Callable[[FloatArray], FloatArray],
        last: Sent,
        timing: Timing,
        limits: MotionLimits,
        place: Callable[[FloatArray], Place],
        forbidden: Callable[[Place, Place], Breach | None],
    ) -> None:
        self.here = here
        self._jacobian_E = jacobian_E
        self._inverse = damped_inverse(jacobian_E(here.joints))
        self._last, self._timing, self._limits = last, timing, limits
        self._place, self._forbidden = place, forbidden
        change_s = min(timing.since_s, timing.period_s)
        self._tool_change = limits.tool_accelerations * change_s
        self._joint_change = limits.streamed_accelerations(timing.since_s) * timing.since_s
        self._braking = limits.streamed_accelerations(timing.period_s)

    def velocity(self, twist: FloatArray) -> FloatArray:
        """Joint speeds that a twist needs, (n,), rad/s."""
        velocity: FloatArray = self._inverse @ twist
        return velocity

    def joint_share(self, twist: FloatArray) -> float:
        """Largest share that a twist has of the joints' speed limits."""
        return float((np.abs(self.velocity(twist)) / self._limits.joint_speeds).max())

    def speed_share(self, twist: FloatArray) -> float:
        """Largest share that a twist has of the speed limits of tool and joints."""
        speeds = np.array([math.hypot(*twist[:3]), math.hypot(*twist[3:])])
        return max(float((speeds / self._limits.tool_speeds).max()), self.joint_share(twist))

    def condition_ahead(self, twist: FloatArray) -> float:
        """Condition number of the Jacobian a little further along a twist."""
        velocity = self.velocity(twist)
        probe = velocity * (_PROBE_RAD / max(float(np.abs(velocity).max()), _ROUNDING))
        return self._place(self.here.joints + probe).condition

    def towards(self, twist: FloatArray) -> tuple[FloatArray, Limit | None]:
        """As far from the last twist to another as accelerations allow, and what did not allow all.

        Args:
            twist: The other one, (6,).
        """
        change = twist - self._last.twist
        shares = {
            Limit.TOOL_ACCELERATION: largest_factor(change, self._tool_change),
            Limit.JOINT_ACCELERATION: self._joint_factor(change),
        }
        limit = min(shares, key=shares.__getitem__)
        factor = shares[limit]
        return self._last.twist + factor * change, limit if factor < 1.0 else None

    def breach(self, twist: FloatArray) -> Breach | None:
        """What is wrong with a twist, if the arm brakes from it as hard as allowed."""
        velocity = self.velocity(twist)
        if (share := self.joint_share(twist)) > 1.0 + _SPEED_SLACK:
            return Breach(
                Limit.JOINT_VELOCITY,
                f"joints: got {share:.2f} of their speed limits while braking as hard as allowed, "
                "expected at most 1 (close to a singular posture?)",
            )
        change = np.abs(velocity - self._last.velocity)
        if (change > (1.0 + _SPEED_SLACK) * self._joint_change + _ROUNDING).any():
            share = float((change / np.maximum(self._joint_change, _ROUNDING)).max())
            return Breach(
                Limit.JOINT_ACCELERATION,
                f"joints: got {share:.2f} of their limits of acceleration while the tool changes "
                "as slowly as it can, expected at most 1 (close to a singular posture?)",
            )
        return self._breach_ahead(twist, self._reach_s(twist, velocity)) if twist.any() else None

    def free_share(self, twist: FloatArray) -> float:
        """Share of a twist, in [0, 1], at which the arm can still brake before what is forbidden.

        Along the twist it is free for some distance d. At a share s it goes on for the reaction
        time T and then brakes at its largest acceleration a, so that d = s v T + (s v)^2 / (2 a),
        which is solved for s.

        Source: speed from which a body stops within a distance, v^2 = 2 a d, with a reaction time;
            as the stopping distance of ISO 13855:2010, 3.1.2 and annex B, is made up.
        """
        free_s, reach_s = 0.0, self._reach_s(twist, self.velocity(twist))
        blocked_s = reach_s
        for _ in range(_HALVINGS):
            middle_s = 0.5 * (free_s + blocked_s)
            if self._breach_ahead(twist, middle_s):
                blocked_s = middle_s
            else:
                free_s = middle_s
        reaction_s = self._timing.reaction_s
        braking_s = 2.0 * (reach_s - reaction_s)
        return 2.0 * free_s / (math.sqrt(reaction_s**2 + 2.0 * braking_s * free_s) + reaction_s)

    def _reach_s(self, twist: FloatArray, velocity: FloatArray) -> float:
        """How long the arm would go on at a twist before it could have come to rest.

        The reaction time, and the braking distance at the limits of acceleration: that of half the
        braking time at full speed.
        """
        speeds = np.array([math.hypot(*twist[:3]), math.hypot(*twist[3:])])
        tool_s = float((speeds / self._limits.tool_accelerations).max())
        joint_s = float((np.abs(velocity) / self._braking).max())
        return self._timing.reaction_s + 0.5 * max(tool_s, joint_s)

    def _breach_ahead(self, twist: FloatArray, reach_s: float) -> Breach | None:
        """What is wrong with where a twist leads; in E it leads round a bend where E turns.

        Source: the explicit midpoint rule; a straight line of joints was up to 4 mm off.
        """
        middle = self.here.joints + self.velocity(twist) * (0.5 * reach_s)
        velocity = damped_inverse(self._jacobian_E(middle)) @ twist
        return self._forbidden(self.here, self._place(self.here.joints + velocity * reach_s))

    def _joint_factor(self, change: FloatArray) -> float:
        """Largest share of a change, at most 1, that the joints' accelerations allow.

        The last twist asks other speeds of the joints than it did where the arm was then; what this
        drift leaves is for the change.
        """
        drift = self.velocity(self._last.twist) - self._last.velocity
        bend = self.velocity(change)
        room = self._joint_change - np.sign(bend) * drift
        share = float((room / np.maximum(np.abs(bend), _ROUNDING)).min())
        return min(1.0, max(0.0, share))


def largest_factor(twist: FloatArray, bounds: FloatArray) -> float:
    """Largest factor, at most 1, that keeps both parts of a twist within (2,) bounds."""
    linear, angular = math.hypot(*twist[:3]), math.hypot(*twist[3:])
    return min(
        1.0,
        float(bounds[0]) / linear if linear > bounds[0] else 1.0,
        float(bounds[1]) / angular if angular > bounds[1] else 1.0,
    )


def damped_inverse(J: FloatArray) -> FloatArray:
    """Takes a twist to joint speeds, (n, 6), by damped least squares.

    Args:
        J: Body Jacobian, (6, n).
    """
    _, solution, _ = lapack.dposv(J @ J.T + _DAMPING, J)
    inverse: FloatArray = solution.T
    return inverse
