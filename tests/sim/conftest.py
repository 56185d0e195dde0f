"""A library recorded once, and the configuration of the commands as tests use it."""

import fcntl
import os
from pathlib import Path

import pytest
from hydra import compose, initialize_config_module
from hydra.core.utils import setup_globals
from omegaconf import DictConfig

from demos.cli.record import record_episode

PICK, PUSH, PLACE = "pick up the hammer", "push the box", "put the can on the tray"
INSTANCES = ("scene.instance_seed=0", "scene.held_instance_seed=0")


def configure(name: str, task: str, library: Path, *typed: str) -> DictConfig:
    """The configuration of one command, with the demonstrated instances."""
    setup_globals()
    overrides = [f"task={task}", f"library={library}", *INSTANCES, *typed]
    with initialize_config_module("mt3.configs", version_base=None):
        return compose(name, overrides=overrides)


@pytest.fixture(scope="session")
def library(tmp_path_factory) -> Path:
    """One demonstration of each skill; recorded once for all processes of a test run."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    path, recorded = folder / "library", folder / "library.recorded"
    with (folder / "library.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not recorded.exists():
            for task in (PICK, PUSH, PLACE):
                typed = ("seed=0", "recorder=steady")
                record_episode(configure("record", task, path, *typed))
            recorded.touch()
    return path


@pytest.fixture(scope="session")
def configured(library):
    """Composes the configuration of ``mt3-run`` for a task in the recorded library."""
    return lambda task, *typed: configure("run", task, library, *typed)


@pytest.fixture(scope="session")
def configured_in():
    """Composes the configuration of any command, for a task in any library; see ``configure``."""
    return configure


@pytest.fixture(scope="session")
def bytes_of():
    """Every file below a folder with its content, to see whether anything was written."""
    return lambda folder: {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }
