"""An emulated controller in a process of its own, so that its clock does not share our interpreter.

The controller is any object with ``start()`` and ``stop()``; its other methods and attributes are
the back door. They are called here by name and answered over a pipe.
"""

import contextlib
import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

_NICENESS = -15
_SWITCH_S = 0.001  # its threads wait for each other no longer than a robot may
_CONTEXT = multiprocessing.get_context("spawn")
_ANSWER_S = 60.0  # a busy computer takes long to import what a controller is made of


class BackDoor:
    """Calls what is in another process by name; it can be handed to a process that is started.

    Args:
        pipe: To that process.
    """

    def __init__(self, pipe: Connection) -> None:
        self._pipe, self._lock = pipe, threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return (BackDoor, (self._pipe,))

    def call(self, name: str, *args: object) -> object:
        """Call a method by name, or read an attribute; any thread may."""
        with self._lock:
            self._pipe.send((name, args))
            return self.answer()

    def answer(self) -> object:
        """What comes next, or what was raised."""
        if not self._pipe.poll(_ANSWER_S):
            raise TimeoutError(f"the emulator did not answer in {_ANSWER_S:.0f} s")
        error, value = self._pipe.recv()
        if error is not None:
            raise error
        return value

    def close(self) -> None:
        """No more calls."""
        self._pipe.close()


class EmulatorProcess:
    """Runs a controller in a child process; ``with`` starts and ends it.

    ``emulator.call("name", *args)`` calls a method of the controller, or reads an attribute. Any
    thread may.

    Args:
        build: Makes the controller, in the child; picklable.
        real_time: Whether it goes before all that is not real-time, as if it had a computer of
            its own. Linux pauses what is real-time for 50 ms where it takes more than 95 % of a
            second (sched(7)): together with a world, a controller had better be only nearly so.

    Attributes:
        other_door: For another process, which then does not wait for our calls.
    """

    def __init__(self, build: Callable[[], object], real_time: bool = True) -> None:
        self._build, self._real_time = build, real_time

    def __enter__(self) -> "EmulatorProcess":
        pipes = [_CONTEXT.Pipe() for _ in range(2)]
        self._door, self.other_door = (BackDoor(ours) for ours, _ in pipes)
        theirs = [pipe for _, pipe in pipes]
        self.process = _CONTEXT.Process(
            target=_serve, args=(self._build, theirs, self._real_time), daemon=True
        )
        self.process.start()
        for pipe in theirs:
            pipe.close()
        self._door.answer()  # started, or why not
        return self

    def __exit__(self, *_: object) -> None:
        self._door.close()
        self.other_door.close()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()

    def call(self, name: str, *args: object) -> object:
        """Call a method of the controller by name, or read an attribute."""
        return self._door.call(name, *args)


def _serve(build: Callable[[], object], doors: list[Connection], real_time: bool) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program under test
    first, *others = doors
    try:
        sys.setswitchinterval(_SWITCH_S)
        controller = build()
        _take_precedence(real_time)
        controller.start()
        gc.freeze()  # a controller does not pause to look at all that it has
    except Exception as error:
        first.send((error, None))
        return
    first.send((None, None))
    for door in others:
        threading.Thread(target=_answer, args=(controller, door), daemon=True).start()
    _answer(controller, first)
    controller.stop()


def _take_precedence(real_time: bool) -> None:
    with contextlib.suppress(PermissionError):
        if real_time:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        else:
            os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)


def _answer(controller: object, door: Connection) -> None:
    """Carry out calls until the door is closed."""
    with contextlib.suppress(EOFError):
        while True:
            name, args = door.recv()
            try:
                found = getattr(controller, name)
                door.send((None, found(*args) if callable(found) else found))
            except Exception as error:
                door.send((error, None))
