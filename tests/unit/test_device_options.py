"""Tests of real devices are left out unless asked for, and run only with somebody beside them."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def collect(*options: str) -> subprocess.CompletedProcess[str]:
    contracts = ["tests/contract/test_real_devices.py", "tests/contract/test_recorded_camera.py"]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *contracts, *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_without_a_scene_they_are_left_out():
    done = collect()
    assert done.returncode == 0
    assert "TestRealArm" not in done.stdout
    assert "test_recorded_camera" in done.stdout
    assert "deselected" in done.stdout


def test_a_scene_needs_somebody_beside_the_robot():
    done = collect("--device-scene", "ur5e")
    assert done.returncode == 4
    assert "--i-am-beside-the-robot" in done.stderr
