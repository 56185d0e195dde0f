"""The gate between every command and every arm, simulated or real."""

from mt3.safety.guarded_arm import GuardedArm
from mt3.safety.limits import Limit, SafetyLimits
from mt3.safety.slowing import required_slowing

__all__ = ["GuardedArm", "Limit", "SafetyLimits", "required_slowing"]
