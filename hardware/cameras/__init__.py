"""Cameras: drivers that take images, and mountings that know where the camera stands."""
