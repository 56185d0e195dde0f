"""What must not be late, and before what it goes on a busy computer."""

import logging
import os
from enum import IntEnum

_log = logging.getLogger(__name__)


class RealTimePriority(IntEnum):
    """Real-time priorities, of the 99 that Linux has; all of them go before what has none."""

    SAMPLING = 5
    SIGN_OF_LIFE = 10
    CONTROL = 20


def take_priority(priority: RealTimePriority) -> None:
    """Give the calling thread a real-time priority, where the system lets us."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except (OSError, AttributeError) as error:
        _log.info("no real-time priority for %s: %s", priority.name.lower(), error)
