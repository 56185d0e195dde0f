"""How long an arm has been told to go on where a limit holds it at rest."""

from mt3.safety.breach import Breach, BreachError

_HELD_SHARE = 0.05  # of a twist, from which on the arm counts as held


class Hold:
    """Ends a stream of twists that presses on against a limit.

    Args:
        max_hold_s: Longer is refused.
    """

    def __init__(self, max_hold_s: float) -> None:
        self._max_hold_s = max_hold_s
        self._since_s: float | None = None
        self._now: Breach | None = None

    def end(self) -> None:
        """The arm is free, or stopped."""
        self._since_s = self._now = None

    def mind(self, share: float, breach: Breach) -> float:
        """The share that a limit leaves of this twist; none where it leaves next to nothing.

        So the arm comes to rest a little before the limit, instead of creeping up to it.
        """
        if share >= _HELD_SHARE:
            return share
        self._now = breach
        return 0.0

    def require_short(self, now_s: float) -> None:
        """Look at the time once the command is known.

        Raises:
            BreachError: The arm was held for too long.
        """
        held, self._now = self._now, None
        if held is None:
            self._since_s = None
            return
        if self._since_s is None:
            self._since_s = now_s
        if now_s - self._since_s > self._max_hold_s:
            raise BreachError(
                held.limit,
                f"{held.message}; got twists against this limit for over {self._max_hold_s} s",
            )
