"""The first motions of docs/hardware.md move an emulated arm as they say."""

import functools
import re
from pathlib import Path

import numpy as np
import pytest
from emulator_process import EmulatorProcess
from ufactory.controller import Controller
from universal_robots import UrEmulator

from mt3.errors import DeviceError
from mt3.geometry import SE3

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("priority")]

PAGE = (Path(__file__).parents[2] / "docs" / "hardware.md").read_text()


@pytest.mark.parametrize(
    ("section", "controller", "documented", "address"),
    [
        ("Universal Robots", UrEmulator, "127.0.0.2", "127.0.2.90"),
        ("UFACTORY xArm", Controller, "127.0.0.3", "127.0.2.91"),
    ],
)
def test_a_first_motion_goes_back_by_a_centimetre(section, controller, documented, address) -> None:
    text = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    (section_text,) = (part for part in text if part.startswith(section))
    program = re.findall(r"^```python\n(.*?)^```", section_text, re.MULTILINE | re.DOTALL)[0]
    assert documented in program
    for remaining in (2, 1, 0):
        try:
            moved = run_first_motion(program.replace(documented, address), controller, address)
            break
        except DeviceError:  # a computer that is late by 50 ms is stopped, as the page says
            if not remaining:
                raise
    np.testing.assert_allclose(moved.t, (0.0, 0.0, -0.01), atol=0.003)


def run_first_motion(program: str, controller, address: str) -> SE3:
    """How far the tool moved, in its own frame."""
    with EmulatorProcess(functools.partial(controller, address)) as emulator:
        before = SE3(emulator.call("pose"))
        exec(program, {})
        return before.inverse() @ SE3(emulator.call("pose"))
