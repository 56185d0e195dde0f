"""A replay check on a real arm: only when asked for, and any key stops it."""

import threading
from types import SimpleNamespace

import pytest

from demos.cli import replay_check
from demos.cli.replay_check import replay_in

STOPPED = SimpleNamespace(outcome="failed", failure_stage="approach", reason="a stop was asked for")


class Control:
    """Remembers whether the arm may move."""

    def __init__(self) -> None:
        self.stopped, self.released = threading.Event(), False

    def request_stop(self) -> None:
        self.stopped.set()

    def release_stop(self) -> None:
        self.released = True


@pytest.fixture
def control(monkeypatch):
    """An arm whose trial lasts until it is stopped."""
    control = Control()

    def run(task):
        assert control.stopped.wait(5.0), "no key was heard"
        assert not control.released
        return STOPPED

    monkeypatch.setattr(replay_check, "OneRecording", lambda recording: None)
    monkeypatch.setattr(replay_check, "build_index", lambda *_: None)
    monkeypatch.setattr(replay_check, "build_executor", lambda *_: SimpleNamespace(run=run))
    return control


def replay(control, execute):
    keys = SimpleNamespace(pressed=lambda: ("x",))
    recording = SimpleNamespace(header=SimpleNamespace(task=None))
    cfg, scene = SimpleNamespace(execute=execute), SimpleNamespace(backend="real")
    return replay_in(cfg, scene, control, keys, recording)


def test_any_key_stops_it_and_the_operator_may_move_the_arm_again(control):
    """No key could: the keys of the session were not read until it was over."""
    assert replay(control, execute=True).endswith("failed at approach: a stop was asked for")
    assert control.released


def test_nothing_moves_unless_it_was_asked_for(control):
    assert "begin with execute=true" in replay(control, execute=False)
    assert not control.stopped.is_set()
