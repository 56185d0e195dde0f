"""Fixtures and options of the contract tests.

``pytest tests/contract/test_real_devices.py --device-scene ur5e --i-am-beside-the-robot`` runs the
contracts on the devices of a scene's configuration. Without the option those tests are left out.
"""

import contextlib
import gc
import os

import pytest


def pytest_addoption(parser):
    group = parser.getgroup("real devices")
    group.addoption("--device-scene", metavar="NAME", help="scene whose devices keep the contracts")
    group.addoption("--config-dir", metavar="DIR", help="folder with your own scene/NAME.yaml")
    group.addoption(
        "--i-am-beside-the-robot",
        action="store_true",
        help="it moves: up to 15 cm to every side, and the fingers open and close",
    )


def pytest_configure(config):
    if config.getoption("device_scene", None) and not config.getoption("i_am_beside_the_robot"):
        raise pytest.UsageError(
            "--device-scene moves the robot up to 15 cm to every side, without the safety gate, "
            "and opens and closes its fingers. Free 30 cm around tool and elbow, empty the hand, "
            "take the emergency stop, and add --i-am-beside-the-robot"
        )


def pytest_collection_modifyitems(config, items):
    """Leave out the tests of real devices, or with ``--device-scene`` all others."""
    wanted = bool(config.getoption("device_scene", None))
    others = [item for item in items if bool(item.get_closest_marker("device")) != wanted]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]


@pytest.fixture(scope="module")
def priority():
    """Run before other programs, as a control process does: a twist that comes late is lost."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    gc.freeze()  # collection of all that the tests hold takes longer than a watchdog waits
    yield
    gc.unfreeze()
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
