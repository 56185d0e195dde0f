"""The axes of a device with springs, between what it last reported and what counts."""

from collections.abc import Mapping

import numpy as np

from hardware.teleop.axis_mapping import AxisMapping
from hardware.teleop.axis_response import AxisResponse
from mt3.types import FloatArray, require_finite_setting, require_positive

_SETTLING_S = 0.2


class StickAxes:
    """Deflections that count.

    An axis that is deflected as the device connects counts only once it has been let go: a hand
    on it, or a middle that is off, moves nothing. A device that has reported nothing for a while
    counts as let go, until it reports again.

    Args:
        mapping: Device axis to axis of the twist.
        response: Dead zone and curve.
        stale_s: How long a deflection counts without a report.

    Raises:
        ConfigurationError: ``stale_s`` is not a positive number.
    """

    def __init__(self, mapping: AxisMapping, response: AxisResponse, stale_s: float) -> None:
        require_finite_setting("stale_s", stale_s)
        require_positive("stale_s", stale_s)
        self._mapping = mapping
        self._response = response
        self._stale_s = stale_s
        self.begin(0.0)

    def begin(self, t_s: float) -> None:
        """Forget everything, and take the axes as they are from now on."""
        self._begin_s = self._newest_s = t_s
        self._values = dict.fromkeys(self._mapping.axes, 0.0)
        self._blocked: set[str] = set()

    def report(self, values: Mapping[str, float], t_s: float) -> None:
        """Take note of a report of all mapped axes, -1 to 1, made at a time."""
        self._newest_s = t_s
        for name in self._values:
            value = self._response.apply(values[name])
            if value == 0.0:
                self._blocked.discard(name)
            elif t_s - self._begin_s < _SETTLING_S:
                self._blocked.add(name)
            self._values[name] = 0.0 if name in self._blocked else value

    def deflection_O(self, now_s: float) -> FloatArray:
        """Along the axes of the mapping's frame, (6,), each -1 to 1."""
        if now_s - self._newest_s > self._stale_s:
            return np.zeros(6)
        return self._mapping.deflection_O(self._values)
