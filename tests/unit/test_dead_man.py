"""Any key stops a real arm that may move, unless a run without a terminal says otherwise."""

import threading
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

import pytest
from omegaconf import OmegaConf

import mt3.cli.run
from mt3.cli.dead_man import DeadManSwitch
from mt3.cli.run import run_trial
from mt3.cli.settings import yes_or_no
from mt3.errors import ConfigurationError, NotConnectedError


class Terminal:
    """Keys that are pressed once ``press`` was called; or a terminal that was closed."""

    def __init__(self) -> None:
        self.key, self.closed, self.opened, self.watched = threading.Event(), False, False, False

    def __enter__(self):
        self.opened = self.watched = True
        return self

    def __exit__(self, *_) -> None:
        self.watched = False

    def pressed(self):
        if self.closed:
            raise NotConnectedError("the terminal was closed")
        return ("x",) if self.key.is_set() else ()


@pytest.fixture
def terminal(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(mt3.cli.run, "TerminalKeys", lambda: terminal)
    return terminal


class Executor:
    """A trial that lasts until the arm is asked to stop, at most a moment."""

    def __init__(self) -> None:
        self.stopped = threading.Event()

    def run(self, task):
        self.stopped.wait(0.5)
        return SimpleNamespace(outcome="planned")


def workplace(moves_real_arm=True):
    executor = Executor()
    control = SimpleNamespace(request_stop=executor.stopped.set)
    return SimpleNamespace(
        scene=nullcontext(),
        control=control,
        executor=executor,
        judge=None,
        moves_real_arm=moves_real_arm,
    )


@pytest.mark.parametrize("end", ["a key", "a closed terminal"])
def test_a_key_and_a_closed_terminal_stop_the_arm(terminal, end):
    place = workplace()
    terminal.closed = end != "a key"
    terminal.key.set()
    run_trial(place, None)
    assert place.executor.stopped.is_set()


@pytest.mark.parametrize(("real", "dead_man"), [(False, True), (True, False)])
def test_neither_a_simulated_arm_nor_a_run_without_a_terminal_opens_one(terminal, real, dead_man):
    terminal.key.set()
    place = workplace(moves_real_arm=real)
    run_trial(place, None, dead_man=dead_man)
    assert not terminal.opened
    assert not place.executor.stopped.is_set()


def test_keys_are_watched_while_it_connects_and_no_more_when_the_judge_asks(terminal):
    """A gripper moves its fingers as it is activated, and no key was heard then."""
    place, watched = workplace(), {}

    @contextmanager
    def connecting():
        watched["connecting"] = place.executor.stopped.wait(5.0)
        yield

    def success():
        watched["judging"] = terminal.watched
        return True

    record = SimpleNamespace(outcome="completed", judged=lambda *_: "judged")
    place.scene, place.executor.run = connecting(), lambda task: record
    place.judge = SimpleNamespace(success=success, name="operator")
    terminal.key.set()
    assert run_trial(place, None) == "judged"
    assert watched == {"connecting": True, "judging": False}


def test_a_key_that_comes_before_there_is_something_to_stop_is_remembered(terminal):
    connected, stopped = threading.Event(), threading.Event()

    def stop():
        if not connected.is_set():
            connected.set()
            raise NotConnectedError("not yet")
        stopped.set()

    terminal.key.set()
    with DeadManSwitch(terminal, stop):
        assert stopped.wait(5.0)


def test_without_a_key_nothing_stops(terminal):
    stopped = threading.Event()
    with DeadManSwitch(terminal, stopped.set):
        assert not stopped.wait(0.1)


@pytest.mark.parametrize("value", ["no", "nein", 0, None])
def test_what_is_neither_true_nor_false_is_refused(value):
    with pytest.raises(ConfigurationError, match="dead_man: got"):
        yes_or_no(OmegaConf.create({"dead_man": value}), "dead_man")
