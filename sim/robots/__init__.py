"""The robots of the simulator, by the names that a configuration gives them."""

from collections.abc import Mapping
from types import MappingProxyType

from mt3.errors import ConfigurationError
from sim.robots.description import RobotDescription
from sim.robots.panda import PANDA
from sim.robots.ur5e import UR5E
from sim.robots.xarm6 import XARM6

ROBOTS: Mapping[str, RobotDescription] = MappingProxyType(
    {"panda": PANDA, "ur5e": UR5E, "xarm6": XARM6}
)


def robot_named(name: str) -> RobotDescription:
    """The robot of a name.

    Raises:
        ConfigurationError: None.
    """
    if name not in ROBOTS:
        raise ConfigurationError(f"robot: got {name!r}, expected one of {', '.join(ROBOTS)}")
    return ROBOTS[name]


__all__ = ["PANDA", "ROBOTS", "UR5E", "XARM6", "RobotDescription", "robot_named"]
