"""Catalogue of procedural household objects: every seed is another shape of its category."""

from sim.objects.catalogue import CATEGORIES, instance
from sim.objects.model import ObjectModel, Symmetry

__all__ = ["CATEGORIES", "ObjectModel", "Symmetry", "instance"]
