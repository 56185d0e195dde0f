"""Messages cross a pipe whole, whatever Ctrl-C breaks off."""

import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import Connection

import numpy as np
import pytest

from mt3.control.whole_messages import WholeMessages

pytestmark = pytest.mark.alone

LARGE = np.arange(200_000.0)  # more than fits into a pipe at once
NEVER_S = 10.0


def echo(pipe: Connection) -> None:
    while True:
        try:
            pipe.send(pipe.recv())
        except (EOFError, OSError):
            return


@pytest.fixture
def pipes():
    ours, theirs = multiprocessing.Pipe()
    messages = WholeMessages(ours)
    yield messages, theirs
    messages.close()
    theirs.close()


def send_and_receive_until_ctrl_c(messages: WholeMessages, delay_s: float) -> None:
    threading.Timer(delay_s, os.kill, (os.getpid(), signal.SIGINT)).start()
    while True:
        messages.send((-1, LARGE))
        messages.receive(NEVER_S)


def test_ctrl_c_leaves_every_message_whole(pipes) -> None:
    """It cut one in two, and the control process was taken for gone."""
    messages, theirs = pipes
    threading.Thread(target=echo, args=(theirs,), daemon=True).start()
    for number, delay_s in enumerate(np.linspace(0.002, 0.02, 20)):
        with pytest.raises(KeyboardInterrupt):
            send_and_receive_until_ctrl_c(messages, delay_s)
        messages.send((number, LARGE))
        while (message := messages.receive(NEVER_S))[0] != number:
            assert np.array_equal(message[1], LARGE)


def test_there_is_none_for_a_while(pipes) -> None:
    messages, theirs = pipes
    assert messages.receive(0.01) is None
    theirs.send("late")
    assert messages.receive(NEVER_S) == "late"


def test_the_end_comes_after_the_last_message_and_stays(pipes) -> None:
    messages, theirs = pipes
    theirs.send("last")
    theirs.close()
    assert messages.receive(NEVER_S) == "last"
    for _ in range(2):
        with pytest.raises(EOFError):
            messages.receive(NEVER_S)
    messages.send("to nobody")


def test_what_is_no_message_is_an_error(pipes) -> None:
    messages, theirs = pipes
    theirs.send_bytes(b"")
    with pytest.raises(EOFError):
        messages.receive(NEVER_S)
