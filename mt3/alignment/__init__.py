"""Estimate how far the object has moved since the demonstration, and how far to trust it."""

from mt3.alignment.registrar import Registrar, Stage
from mt3.alignment.registration import Registration, YawMode
from mt3.alignment.trust import TrustFeatures, TrustModel

__all__ = ["Registrar", "Registration", "Stage", "TrustFeatures", "TrustModel", "YawMode"]
