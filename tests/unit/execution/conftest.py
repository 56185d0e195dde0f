"""A rig without physics, and one demonstration."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "fakes"))

from fake_rig import demonstrate


@pytest.fixture(scope="session")
def demo():
    return demonstrate()
