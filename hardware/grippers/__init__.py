"""Grippers: one driver each."""
