"""Rigid poses, twists and the 4-DoF projection. Frames and letters: docs/conventions.md."""

from mt3.geometry.planar import project_to_planar, wrap_angle, yaw_of
from mt3.geometry.se3 import SE3
from mt3.geometry.trajectory import (
    compute_body_twists,
    exp_se3,
    interpolate_poses,
    invert_poses,
    log_se3,
    require_rigid,
)

__all__ = [
    "SE3",
    "compute_body_twists",
    "exp_se3",
    "interpolate_poses",
    "invert_poses",
    "log_se3",
    "project_to_planar",
    "require_rigid",
    "wrap_angle",
    "yaw_of",
]
