"""Cameras: one driver each, and a recorded stream played back."""
