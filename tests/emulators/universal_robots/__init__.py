"""A Universal Robots controller and a Robotiq gripper, emulated down to their ports.

Vendor clients drive it unmodified. A cable pulled out, a pressed stop button and whatever else a
test needs come in through the back door of ``UrEmulator``.
"""

from universal_robots.emulator import UrEmulator

__all__ = ["UrEmulator"]
