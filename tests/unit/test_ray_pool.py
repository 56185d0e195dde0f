"""A suite over Ray: the same results, and none lost when a worker is killed in the middle."""

import os
import signal
import sys

import pytest

from mt3.benchmark.ray_pool import RayPool
from mt3.errors import ConfigurationError

_configured = []


def remember(configuration):
    _configured.append(configuration)


def work(job):
    """Ends its process where it is told to; the first time only, if there is a file for that."""
    kind, path = job
    if kind == "die" or (kind == "die once" and not os.path.exists(path)):
        if path:
            with open(path, "w") as file:
                file.write("died")
        os.kill(os.getpid(), signal.SIGKILL)
    return f"{kind} {_configured[0]} {os.environ['OMP_NUM_THREADS']}"


def crashed(job):
    return f"crashed {job[0]}"


def test_two_workers_one_killed_in_the_middle_lose_no_job(tmp_path):
    pytest.importorskip("ray")
    jobs = [("a", ""), ("die once", str(tmp_path / "died")), ("b", ""), ("die", ""), ("c", "")]
    pool = RayPool(work, crashed, 2, remember, "configured")
    assert dict(pool.run(jobs)) == {
        0: "a configured 1",
        1: "die once configured 1",
        2: "b configured 1",
        3: "crashed die",
        4: "c configured 1",
    }


def test_without_ray_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigurationError, match=r"mt3-robot\[ray\]"):
        RayPool(work, crashed, 2, remember, "configured")
