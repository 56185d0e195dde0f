"""How fast and how suddenly joints move along a motion."""

from dataclasses import dataclass

import numpy as np

from mt3.types import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class JointPeaks:
    """Largest rates of change of each joint.

    Args:
        speeds: (n,), rad/s.
        accelerations: (n,), rad/s2.
        jerks: (n,), rad/s3.
    """

    speeds: FloatArray
    accelerations: FloatArray
    jerks: FloatArray

    @classmethod
    def of(cls, t_s: FloatArray, joints: FloatArray, *, rests_at_ends: bool) -> "JointPeaks":
        """Peaks of the differences between samples.

        A difference of rates counts over the time between the middles of their intervals.

        Args:
            t_s: Times, (N,), strictly increasing, N >= 2.
            joints: (N, n), rad.
            rests_at_ends: Whether to count the change from rest at the first sample, and to rest
                at the last one.
        """
        span_s, rates, peaks = np.diff(t_s), np.diff(joints, axis=0), []
        rates = rates / span_s[:, None]
        for _ in range(3):
            peaks.append(np.abs(rates).max(axis=0, initial=0.0))
            if rests_at_ends:
                rates, span_s = np.pad(rates, ((1, 1), (0, 0))), np.pad(span_s, 1)
            span_s = 0.5 * (span_s[:-1] + span_s[1:])
            rates = np.diff(rates, axis=0) / span_s[:, None]
        return cls(*peaks)
