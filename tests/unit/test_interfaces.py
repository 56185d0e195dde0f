"""States are checked where they are made: a NaN would pass every comparison further on."""

import numpy as np
import pytest

from mt3.errors import GeometryError
from mt3.geometry import SE3
from mt3.interfaces import ArmState, GripperState

ARM = {"t_s": 0.0, "joints": np.zeros(7), "T_BE": SE3.identity(), "V_BE_E": np.zeros(6)}
GRIPPER = {"t_s": 0.0, "opening": 0.4, "command": 0.0}


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize(
    ("state", "fields", "name"),
    [
        (ArmState, ARM, "t_s"),
        (ArmState, ARM, "joints"),
        (ArmState, ARM, "V_BE_E"),
        *((GripperState, GRIPPER, name) for name in GRIPPER),
    ],
)
def test_a_state_of_no_number_is_refused(state, fields, name, value):
    """A gripper of unknown opening held its object to the end of every trial."""
    state(**fields)
    with pytest.raises(GeometryError, match=name):
        state(**(fields | {name: fields[name] + value}))
