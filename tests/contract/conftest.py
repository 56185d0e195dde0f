"""Fixtures of the contract tests."""

import contextlib
import os

import pytest


@pytest.fixture(scope="module")
def priority():
    """Run before other programs, as a control process does: a twist that comes late is lost."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    yield
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
