"""Estimate how far the object has moved since the demonstration, and how far to trust it."""
