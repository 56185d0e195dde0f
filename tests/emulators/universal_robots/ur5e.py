"""Figures of a UR5e that its controller knows by heart.

Source: Universal Robots, "DH parameters for calculations of kinematics and dynamics" (UR5e), and
"UR5e user manual", technical specifications: range of all joints 360 deg to both sides, 180 deg/s.
"""

import numpy as np
from kinematic_arm import DenavitHartenberg

DH = DenavitHartenberg(
    a=np.array([0.0, -0.425, -0.3922, 0.0, 0.0, 0.0]),
    d=np.array([0.1625, 0.0, 0.0, 0.1333, 0.0997, 0.0996]),
    alpha=np.array([np.pi / 2, 0.0, 0.0, np.pi / 2, -np.pi / 2, 0.0]),
    offset=np.zeros(6),
)
LOWER, UPPER = np.full(6, -2 * np.pi), np.full(6, 2 * np.pi)
MAX_VELOCITY = np.full(6, np.pi)
MAX_ACCELERATION = np.full(6, 40.0)  # ours: the maker publishes none
START = np.array([0.0, -1.5708, -1.9, -1.2416, 1.5708, 0.0])
