"""A limit that would be exceeded, and what was wrong."""

from dataclasses import dataclass

from mt3.safety.limits import Limit


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit, and what was wrong."""

    limit: Limit
    message: str


class BreachError(Exception):
    """Raised within the guard, which stops the arm and raises ``SafetyViolation`` instead."""

    def __init__(self, limit: Limit, message: str) -> None:
        super().__init__(message)
        self.limit = limit
