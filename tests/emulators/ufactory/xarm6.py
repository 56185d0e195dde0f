"""The arm behind the emulated controller.

Source of the table: UFACTORY support articles, "Kinematic and Dynamic Parameters", xArm 6,
modified D-H parameters. Limits: xarm-python-sdk 1.18.4, ``xarm/core/config/x_config.py``.
"""

import math

import numpy as np
from kinematic_arm import DenavitHartenberg, KinematicArm

START = (0.0, -0.35, -0.75, 0.0, 1.1, 0.0)
LOWER = np.array([-2 * math.pi, -2.059488, -3.92699, -2 * math.pi, -1.692969, -2 * math.pi])
UPPER = np.array([2 * math.pi, 2.094395, 0.191986, 2 * math.pi, math.pi, 2 * math.pi])
AXES, DEVICE_TYPE = 6, 6

_ELBOW = math.atan(284.5 / 53.5)


def xarm6(q: tuple = START) -> KinematicArm:
    """An xArm 6 at rest at joints (6,), rad."""
    table = DenavitHartenberg(
        a=np.array([0.0, 0.0, math.hypot(0.2845, 0.0535), 0.0775, 0.0, 0.076]),
        d=np.array([0.267, 0.0, 0.0, 0.3425, 0.0, 0.097]),
        alpha=np.array([0.0, -1.0, 0.0, -1.0, 1.0, -1.0]) * math.pi / 2,
        offset=np.array([0.0, -_ELBOW, _ELBOW, 0.0, 0.0, 0.0]),
        modified=True,
    )
    return KinematicArm(table, np.array(q), np.full(6, math.pi), np.full(6, 20.0))
