"""What the guard changed, counted for the record and logged once for each episode."""

import logging
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from mt3.safety.limits import Limit

_log = logging.getLogger(__name__)

_QUIET_COMMANDS = 30  # after so many commands that a limit left alone, the next is a new episode


class Interventions:
    """Counts every command that a limit changed; logs the first of each episode with its cause."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._noted_at: dict[Limit, int] = {}
        self._commands = 0

    @property
    def counts(self) -> Mapping[str, int]:
        """Changed commands by the name of the ``Limit``."""
        return MappingProxyType(self._counts)

    def next_command(self) -> None:
        """Another command comes."""
        self._commands += 1

    def note(self, limit: Limit, cause: str) -> None:
        """This command is changed because of a limit."""
        self._counts[limit] += 1
        if self._commands - self._noted_at.get(limit, -_QUIET_COMMANDS) >= _QUIET_COMMANDS:
            _log.info("safety gate: %s: %s", limit.value, cause)
        self._noted_at[limit] = self._commands
