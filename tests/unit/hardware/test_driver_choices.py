"""A driver's choice is true or false: the text "no" counted as true."""

import pytest

from hardware.arms.franka import FrankaArm
from hardware.arms.xarm import UfactoryArm
from hardware.grippers.robotiq import RobotiqGripper
from hardware.grippers.xarm_gripper import UfactoryGripper
from mt3.errors import ConfigurationError
from mt3.tool import ToolBox

ZEROS = (0.0,) * 7
FRANKA = (FrankaArm, {"address": "127.0.0.1", "tool": None, "lower": ZEROS, "upper": ZEROS})
XARM = (
    UfactoryArm,
    {"address": "127.0.0.1", "model": "xarm7", "tool": None, "lower": ZEROS, "upper": ZEROS},
)
BOX = (ToolBox, {"name": "palm", "lower_flange": ZEROS[:3], "upper_flange": (0.1, 0.1, 0.1)})


@pytest.mark.parametrize("value", ["no", "nein", "false", 0, None])
@pytest.mark.parametrize(
    ("made", "name"),
    [
        (FRANKA, "recover_errors"),
        (FRANKA, "require_realtime_kernel"),
        (XARM, "clear_errors"),
        ((UfactoryGripper, {"address": "127.0.0.1"}), "clear_errors"),
        ((RobotiqGripper, {"host": "127.0.0.1"}), "activate"),
        (BOX, "fingers"),
    ],
)
def test_text_is_no_choice(made, name, value):
    kind, values = made
    kind(**values, **{name: False})
    with pytest.raises(ConfigurationError, match=f"{name}: got {value!r}, expected true or false"):
        kind(**values, **{name: value})
