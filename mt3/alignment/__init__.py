"""Estimate how far the object has moved since the demonstration, and how far to trust it."""

from mt3.alignment.registrar import Registrar, Stage, TrustThresholds
from mt3.alignment.registration import Registration, YawMode

__all__ = ["Registrar", "Registration", "Stage", "TrustThresholds", "YawMode"]
