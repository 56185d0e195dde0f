"""Keys of a terminal: decoded from any cut of its bytes, and the terminal left as it was."""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mt3.cli.key_decoder import KeyDecoder
from mt3.cli.keys import TerminalKeys
from mt3.errors import ConfigurationError, NotConnectedError

SENT = {
    b"a": ["a"],
    b"+": ["+"],
    b"\r": ["enter"],
    b"\n": ["enter"],
    b" ": ["space"],
    b"\t": ["tab"],
    b"\x7f": ["backspace"],
    b"\x08": ["backspace"],
    b"\x1b[A": ["up"],
    b"\x1b[B": ["down"],
    b"\x1b[C": ["right"],
    b"\x1b[D": ["left"],
    b"\x1bOA": ["up"],
    b"\x1bOD": ["left"],
    b"\x1b[1;5C": ["right"],
    b"\x1b[15~": [],
    b"\x1b[[A": [],
    b"\x1bOP": [],
    b"\x1b[200~": [],
    b"\x1b[<0;3;4M": [],
    b"\x01": [],
    "ä".encode(): ["ä"],
    "€".encode(): ["€"],
    "🦾".encode(): ["🦾"],
}


@pytest.mark.parametrize(("data", "names"), SENT.items(), ids=repr)
def test_every_key_has_its_name(data, names):
    decoder = KeyDecoder()
    assert decoder.feed(data) == names
    assert not decoder.waits


@given(keys=st.lists(st.sampled_from(list(SENT)), max_size=12), data=st.data())
def test_keys_are_the_same_however_the_bytes_are_cut(keys, data):
    sent, expected = b"".join(keys), [name for key in keys for name in SENT[key]]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=6)))
    decoder, names = KeyDecoder(), []
    for begin, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
        names += decoder.feed(sent[begin:end])
    assert names == expected


@given(st.binary(max_size=40))
def test_no_bytes_are_too_odd(data):
    decoder = KeyDecoder()
    names = decoder.feed(data) + decoder.flush()
    assert all(names)
    assert not decoder.waits
    assert decoder.feed(b"\x1b[A")[-1:] == ["up"]


@pytest.mark.parametrize(
    ("data", "fed", "flushed"),
    [
        (b"\x1b", [], ["escape"]),
        (b"\x1b\x1b", ["escape"], ["escape"]),
        (b"\x1b\x1b[A", ["escape", "up"], []),
        (b"\x1bx", ["escape", "x"], []),
        (b"\x1b[", [], ["escape", "["]),
        (b"\x1bO", [], ["escape", "O"]),
        (b"\x1b[1;", [], []),
        (b"a\x1b", ["a"], ["escape"]),
    ],
)
def test_escape_alone_is_a_key(data, fed, flushed):
    decoder = KeyDecoder()
    assert decoder.feed(data) == fed
    assert decoder.waits == bool(flushed or data == b"\x1b[1;")
    assert decoder.flush() == flushed


@pytest.fixture
def terminal():
    """The person's end of a pseudo-terminal, and the program's."""
    person, program = pty.openpty()
    stream = os.fdopen(program, "r", encoding="utf-8")
    yield person, stream
    stream.close()
    os.close(person)


def settled(keys, count):
    """Keys until there are as many as expected; the pseudo-terminal hands them over later."""
    names, end_s = [], time.monotonic() + 5.0
    while len(names) < count and time.monotonic() < end_s:
        names += keys.pressed()
    return names


def test_keys_come_at_once_and_unseen_and_the_terminal_is_left_as_it_was(terminal):
    person, stream = terminal
    before = termios.tcgetattr(stream.fileno())
    with TerminalKeys(stream) as keys:
        assert list(keys.pressed()) == []
        os.write(person, "ab\x1b[Aü \r\x1b".encode())
        assert settled(keys, 7) == ["a", "b", "up", "ü", "space", "enter", "escape"]
        assert not select.select([person], [], [], 0.05)[0]
        mode = termios.tcgetattr(stream.fileno())
        assert not mode[3] & (termios.ICANON | termios.ECHO)
        assert mode[3] & termios.ISIG
    assert termios.tcgetattr(stream.fileno()) == before


def test_pasted_text_is_all_there(terminal):
    person, stream = terminal
    with TerminalKeys(stream) as keys:
        text = "pick-up-the-mug-" * 60
        os.write(person, text.encode())
        assert "".join(settled(keys, len(text))) == text


def test_it_is_left_as_it_was_after_an_error_and_signals_too(terminal):
    _, stream = terminal
    before = termios.tcgetattr(stream.fileno())
    handlers = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGTSTP)
    with pytest.raises(KeyError, match="mine"), TerminalKeys(stream):
        raise KeyError("mine")
    assert termios.tcgetattr(stream.fileno()) == before
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGTSTP)) == handlers


def test_outside_with_there_are_no_keys(terminal):
    keys = TerminalKeys(terminal[1])
    with pytest.raises(NotConnectedError):
        keys.pressed()
    with keys:
        pass
    with pytest.raises(NotConnectedError):
        keys.pressed()


def test_a_closed_terminal_is_an_error_and_not_silence():
    person, program = pty.openpty()
    with os.fdopen(program, "r") as stream, TerminalKeys(stream) as keys:
        os.close(person)
        with pytest.raises(NotConnectedError, match="closed"):
            keys.pressed()


def test_what_is_no_terminal_is_refused(tmp_path):
    path = tmp_path / "typed.txt"
    path.write_text("abc")
    with (
        path.open() as stream,
        pytest.raises(ConfigurationError, match="no terminal"),
        TerminalKeys(stream),
    ):
        pass


PROGRAM = """
import signal, sys, time
from mt3.cli.keys import TerminalKeys
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup of the tests had it ignored
try:
    with TerminalKeys() as keys:
        print("ready", flush=True)
        while True:
            for key in keys.pressed():
                print("key", key, flush=True)
            time.sleep(0.005)
finally:
    print("left", flush=True)
"""


class Session:
    """A program in a terminal of its own, as a person sees it."""

    def __init__(self, person, program) -> None:
        self.person = person
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            stdin=program,
            stdout=program,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
            process_group=0,  # in an orphaned group, as in CI, SIGTSTP would be ignored
        )
        self.seen = ""

    def wait_for(self, text, seconds=20.0):
        end_s = time.monotonic() + seconds
        while text not in self.seen and time.monotonic() < end_s:
            if select.select([self.person], [], [], 0.05)[0]:
                self.seen += os.read(self.person, 4096).decode()
        assert text in self.seen

    def wait_until_stopped(self, seconds=20.0):
        how = os.WSTOPPED | os.WNOWAIT | os.WNOHANG
        end_s = time.monotonic() + seconds
        while os.waitid(os.P_PID, self.process.pid, how) is None and time.monotonic() < end_s:
            time.sleep(0.05)
        assert os.waitid(os.P_PID, self.process.pid, how) is not None


@pytest.fixture
def session():
    person, program = pty.openpty()
    started = Session(person, program)
    yield started, program
    if started.process.poll() is None:
        started.process.kill()
    started.process.wait()
    os.close(program)
    os.close(person)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_killed_program_leaves_its_blocks_and_the_terminal_as_it_was(session, number):
    """SIGTERM and SIGHUP ended the process on the spot: no echo in the shell, and no stop."""
    started, program = session
    before = termios.tcgetattr(program)
    started.wait_for("ready")
    os.write(started.person, b"\x1b[D")
    started.wait_for("key left")
    assert termios.tcgetattr(program) != before
    started.process.send_signal(number)
    started.wait_for("left\r\n")
    assert started.process.wait(10.0) != 0
    assert termios.tcgetattr(program) == before


def test_a_suspended_program_lends_the_terminal_back_and_goes_on(session):
    started, program = session
    before = termios.tcgetattr(program)
    started.wait_for("ready")
    reading = termios.tcgetattr(program)
    started.process.send_signal(signal.SIGTSTP)
    started.wait_until_stopped()
    assert termios.tcgetattr(program) == before
    started.process.send_signal(signal.SIGCONT)
    os.write(started.person, b"x")
    started.wait_for("key x")
    assert termios.tcgetattr(program) == reading
