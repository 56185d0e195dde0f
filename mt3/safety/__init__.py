"""The gate between every command and every arm, simulated or real."""

from mt3.safety.guarded_arm import GuardedArm
from mt3.safety.limits import Limit, SafetyLimits

__all__ = ["GuardedArm", "Limit", "SafetyLimits"]
