"""Whether an arm's measured state can be relied on, and says that all is well."""

import numpy as np

from mt3.interfaces import Arm, ArmState, Clock
from mt3.motion.robot_model import RobotModel
from mt3.safety.breach import BreachError
from mt3.safety.limits import Limit, SafetyLimits

_JUMP_RAD = 0.02  # noise and rounding of time stamps, beyond what the joints' speed allows


class StateWatch:
    """Reads states, and refuses those that are missing, old, or cannot follow the one before.

    Args:
        arm: What measures.
        model: Its kinematics, with the speed limits of its joints.
        limits: How old a state may be, and how hard the tool may be pressed.
        clock: The clock of its states.
    """

    def __init__(self, arm: Arm, model: RobotModel, limits: SafetyLimits, clock: Clock) -> None:
        self._arm, self._limits, self._clock = arm, limits, clock
        self._speeds = model.velocity_limit
        self._last: ArmState | None = None
        self._continues = False

    def forget(self) -> None:
        """The arm may be anywhere when the next newer state is read."""
        self._continues = False

    def fresh(self) -> ArmState:
        """A state that is new enough.

        Raises:
            BreachError: There is none.
        """
        try:
            state = self._arm.state()
        except Exception as error:
            raise BreachError(
                Limit.STALE_STATE, f"state: got none ({error}), expected a measured one"
            ) from error
        age_s, oldest_s = self._clock.now_s() - state.t_s, self._limits.max_state_age_s
        if not 0.0 <= age_s <= oldest_s:
            raise BreachError(
                Limit.STALE_STATE, f"state: got an age of {age_s:.3f} s, expected 0 to {oldest_s} s"
            )
        if len(state.joints) != len(self._speeds):
            raise BreachError(
                Limit.STATE_JUMP,
                f"state: got {len(state.joints)} joints, expected {len(self._speeds)}",
            )
        self._require_later(state)
        self._last = state
        return state

    def steady(self) -> ArmState:
        """A state that is new enough, continues the one before, and has no hard contact.

        Raises:
            BreachError: It is not like that.
        """
        before = self._last if self._continues else None
        state = self.fresh()
        if before is not None:
            self._require_continuous(before, state)
        self._require_light_contact(state)
        self._continues = True
        return state

    def _require_later(self, state: ArmState) -> None:
        """Whatever happened since the last state, it is no older, or another of the same moment."""
        if self._last is None or state.t_s > self._last.t_s:
            return
        if state.t_s < self._last.t_s:
            raise BreachError(
                Limit.STALE_STATE,
                f"state: got one measured {self._last.t_s - state.t_s:.3f} s before the last one, "
                "expected a newer",
            )
        if (state.joints != self._last.joints).any():
            raise BreachError(
                Limit.STALE_STATE,
                "state: got other joints with the time stamp of the last one, expected a later "
                "stamp; does the clock stand still?",
            )

    def _require_continuous(self, before: ArmState, state: ArmState) -> None:
        since_s = state.t_s - before.t_s
        moved = np.abs(state.joints - before.joints)
        excess = moved - (self._speeds * since_s + _JUMP_RAD)
        j = int(excess.argmax())
        if excess[j] > 0.0:
            raise BreachError(
                Limit.STATE_JUMP,
                f"state: got joint {j + 1} {moved[j]:.3f} rad from where it was {since_s:.3f} s "
                f"before, expected at most {moved[j] - excess[j]:.3f} rad by its speed limit; is "
                "the encoder or the connection at fault?",
            )

    def _require_light_contact(self, state: ArmState) -> None:
        if state.wrench_E is None:
            return
        force_N = float(np.linalg.norm(state.wrench_E[:3]))
        if force_N > self._limits.max_force_N:
            raise BreachError(
                Limit.EXTERNAL_FORCE,
                f"tool: got a force of {force_N:.0f} N from outside, expected at most "
                f"{self._limits.max_force_N:.0f} N",
            )
