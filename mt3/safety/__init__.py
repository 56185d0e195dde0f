"""The gate between every command and every arm, simulated or real."""

from mt3.safety.guarded_arm import GuardedArm
from mt3.safety.limits import Limit, SafetyLimits
from mt3.safety.slowing import required_slowing
from mt3.safety.surroundings import Surroundings

__all__ = ["GuardedArm", "Limit", "SafetyLimits", "Surroundings", "required_slowing"]
