"""An emulated controller in a process of its own, so that its clock does not share our interpreter.

The controller is any object with ``start()`` and ``stop()``; its other methods and attributes are
the back door. They are called here by name and answered over a pipe.
"""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection

_CONTEXT = multiprocessing.get_context("spawn")


class EmulatorProcess:
    """Runs a controller in a child process; ``with`` starts and ends it.

    ``emulator.call("name", *args)`` calls a method of the controller, or reads an attribute. Any
    thread may.

    Args:
        build: Makes the controller, in the child; picklable.
    """

    def __init__(self, build: Callable[[], object]) -> None:
        self._build = build
        self._lock = threading.Lock()

    def __enter__(self) -> "EmulatorProcess":
        self._pipe, theirs = _CONTEXT.Pipe()
        self.process = _CONTEXT.Process(target=_serve, args=(self._build, theirs), daemon=True)
        self.process.start()
        self._answer()  # started, or why not
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.close()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()

    def call(self, name: str, *args: object) -> object:
        """Call a method of the controller by name, or read an attribute."""
        with self._lock:
            self._pipe.send((name, args))
            return self._answer()

    def _answer(self) -> object:
        if not self._pipe.poll(30):
            raise TimeoutError("the emulator did not answer in 30 s")
        error, value = self._pipe.recv()
        if error is not None:
            raise error
        return value


def _serve(build: Callable[[], object], pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program under test
    try:
        controller = build()
        with contextlib.suppress(PermissionError):  # a controller has a computer of its own
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        controller.start()
    except Exception as error:
        pipe.send((error, None))
        return
    pipe.send((None, None))
    try:
        while True:
            name, args = pipe.recv()
            try:
                found = getattr(controller, name)
                pipe.send((None, found(*args) if callable(found) else found))
            except Exception as error:
                pipe.send((error, None))
    except EOFError:
        controller.stop()
