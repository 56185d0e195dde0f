"""Messages of the primary interface, ports 30001 and 30011.

Source: Universal Robots, "Primary and Secondary Interfaces" guide: robot state message 16 with its
sub-packages 0 (robot mode) and 6 (configuration).
"""

import struct

from universal_robots import ur5e


def robot_state(configuration: bytes) -> bytes:
    """A robot state message with a sub-package that a reader has to skip, and the configuration."""
    body = _packed(0, bytes(38)) + configuration
    return struct.pack(">iB", 5 + len(body), 16) + body


def configuration(joint_count: int = 6) -> bytes:
    """Sub-package 6 of a UR5e; with another count of joints, of no robot there is."""
    rows = slice(joint_count)
    limits = zip(ur5e.LOWER[rows], ur5e.UPPER[rows], strict=True)
    speeds = zip(ur5e.MAX_VELOCITY[rows], ur5e.MAX_ACCELERATION[rows], strict=True)
    numbers = [value for pair in (*limits, *speeds) for value in pair]
    numbers += [1.05, 1.4, 0.25, 1.2, 1.0]  # default speeds and accelerations, radius
    for parameters in (ur5e.DH.a, ur5e.DH.d, ur5e.DH.alpha, ur5e.DH.offset):
        numbers += list(parameters[rows])
    return _packed(6, struct.pack(f">{len(numbers)}d4i", *numbers, 0, 2, 1, 2))


def _packed(kind: int, body: bytes) -> bytes:
    return struct.pack(">iB", 5 + len(body), kind) + body
