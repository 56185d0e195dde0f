"""Catalogue of procedural household objects: every seed is another shape of its category."""

from sim.objects.catalogue import CATEGORIES, CLUTTER, GRASPABLE, PUSHABLE, TOPPLING, instance
from sim.objects.mechanism import Handle, Mechanism
from sim.objects.model import ObjectModel, Symmetry
from sim.objects.random_shape import RANDOM_SHAPES, random_shape

__all__ = [
    "CATEGORIES",
    "CLUTTER",
    "GRASPABLE",
    "PUSHABLE",
    "RANDOM_SHAPES",
    "TOPPLING",
    "Handle",
    "Mechanism",
    "ObjectModel",
    "Symmetry",
    "instance",
    "random_shape",
]
