"""A recording session in a pseudo-terminal: what the tool itself costs an operator."""

import shutil
import signal
import statistics
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pexpect

from demos.durable import read_json

_COMMAND = Path(sys.executable).with_name("mt3-record")
_PATIENCE_S = 120.0
_OBJECTS = ("mug", "can", "box", "bottle", "bowl", "hammer", "banana", "pan", "mug", "can")


class TerminalSession:
    """``mt3-record`` with the simulator's demonstrator, in a terminal of its own.

    Args:
        folder: Where list and library are, or are made.
        settings: More of what is typed.
    """

    def __init__(self, folder: Path, *settings: str) -> None:
        self.library = folder / "library"
        self._tasks = folder / "morning.txt"
        self._arguments = [
            f"tasks={self._tasks}",
            "teleop=demonstrator",
            "session.real_time=false",
            f"library={self.library}",
            *settings,
        ]

    def write_tasks(self, count: int) -> None:
        """Write the list of tasks."""
        lines = [f"pick up the {_OBJECTS[k % len(_OBJECTS)]}" for k in range(count)]
        self._tasks.write_text("# what to record this morning\n" + "\n".join(lines) + "\n")

    def __enter__(self) -> Self:
        self._child = pexpect.spawn(
            str(_COMMAND),
            self._arguments,
            dimensions=(50, 120),
            timeout=_PATIENCE_S,
            encoding="utf-8",
            codec_errors="replace",
        )
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._child.close(force=True)

    def begin_task(self, number: int) -> None:
        """Take the picture, accept the mask, and have the scripted person begin."""
        self.await_text(f"task {number} of ")
        self.await_text("Put the object in view")
        self._child.send("p")
        self.await_text("Is the whole object outlined")
        self._child.send("\r")
        self.await_text("Go to the bottleneck")
        self._child.send("g")

    def end_task(self) -> None:
        """Wait for the end of the demonstration, and keep it."""
        self.await_text("Keep it, or try it again")
        self._child.send("k")
        self.await_text("saved as")

    def await_text(self, text: str) -> None:
        """Wait until a text was printed."""
        self._child.expect_exact(text)

    def press(self, keys: str) -> None:
        """Press keys."""
        self._child.send(keys)

    def kill(self) -> None:
        """Kill the process, as a power cut would."""
        self._child.kill(signal.SIGKILL)
        self._child.wait()

    def exit_code(self) -> int | None:
        """Wait for the end."""
        self._child.expect(pexpect.EOF)
        self._child.close()
        return self._child.exitstatus


def measure(tasks: int) -> dict[str, Any]:
    """Record a list of tasks with camera stream, and tell what the tool took of each.

    Args:
        tasks: How many.
    """
    folder = Path(tempfile.mkdtemp(prefix="mt3-session-"))
    try:
        session = TerminalSession(folder)
        session.write_tasks(tasks)
        with session:
            for number in range(1, tasks + 1):
                session.begin_task(number)
                session.end_task()
            code = session.exit_code()
        done = read_json(session.library / "sessions/morning.json")["done"]
    finally:
        shutil.rmtree(folder)
    keys = [item["keys"] + 1 for item in done]  # and the one that the demonstrator begins at
    tool_s = [item["tool_seconds"] for item in done]
    return {
        "what": "scripted session in a pseudo-terminal, simulator, camera stream 640x480 at 30 Hz",
        "tasks": tasks,
        "exit_code": code,
        "keys_per_task_max": max(keys),
        "tool_seconds_per_task_median": round(statistics.median(tool_s), 2),
        "tool_seconds_per_task_max": round(max(tool_s), 2),
        "must_reach": {"keys_per_task_max": 8, "tool_seconds_per_task_max": 10.0},
    }
