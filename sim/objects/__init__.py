"""Catalogue of procedural household objects: every seed is another shape of its category."""

from sim.objects.catalogue import CATEGORIES, instance
from sim.objects.model import ObjectModel, Symmetry
from sim.objects.random_shape import RANDOM_SHAPES, random_shape

__all__ = [
    "CATEGORIES",
    "RANDOM_SHAPES",
    "ObjectModel",
    "Symmetry",
    "instance",
    "random_shape",
]
