"""The scenes of real arms: what is missing is said, and building one connects nothing."""

import json
import socket
from pathlib import Path

import pytest
from hydra import compose, initialize_config_module
from hydra.core.utils import setup_globals

from mt3.cli.assembly import build
from mt3.cli.entry import run_hydra_command
from mt3.cli.run import COMMAND
from mt3.errors import NotConnectedError

SCENES = ("ur5e", "xarm6", "franka")
CALIBRATIONS = Path(__file__).parents[1] / "emulators" / "configs"
SERIAL = "scene.cameras.front.driver.serial='1'"


def composed(scene, *typed):
    setup_globals()
    with initialize_config_module("mt3.configs", version_base=None):
        needed = ["task=push the box", "library=library", f"scene={scene}", SERIAL]
        return compose("run", overrides=[*needed, *typed])


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("something connects")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.parametrize("scene", SCENES)
def test_a_camera_without_a_calibration_is_bad_input_that_names_the_remedy(
    scene, library, tmp_path, capfd, monkeypatch, no_network
):
    """It ended with the exit code of a failed trial."""
    monkeypatch.chdir(tmp_path)
    typed = ["task=push the box", f"library={library}", f"scene={scene}", SERIAL, "output=json"]
    assert run_hydra_command(COMMAND, typed) == 3
    error = json.loads(capfd.readouterr().out)["error"]
    assert "mt3-calibrate hand-eye camera=front" in error["message"]


@pytest.mark.parametrize("scene", SCENES)
def test_a_calibrated_one_is_built_and_connects_nothing(scene, no_network):
    calibration = CALIBRATIONS / "ur5e_front.json"
    cfg = composed(scene, f"scene.cameras.front.calibration={calibration}")
    built = build(cfg.scene)
    assert (built.robot, built.backend) == (scene, "real")
    assert list(built.cameras) == ["front"]
    assert build(cfg.control)(scene=built) is built.control
    for ask in (built.arm.state, built.gripper.state):
        with pytest.raises(NotConnectedError, match="with"):
            ask()
