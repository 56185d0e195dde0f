"""What a recording session has done, so that another can go on where it stopped."""

import fcntl
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from demos.description import SCHEMA_VERSION, format_errors, require_known_version
from demos.durable import read_json, storage_errors, write_json
from demos.library import DEMOS, DemoLibrary
from mt3.errors import ConfigurationError
from mt3.task import TaskDescription

SESSIONS = "sessions"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")


@dataclass(frozen=True, slots=True)
class TaskDone:
    """One task that is over.

    Args:
        number: Of the task in the list, from 0.
        demo_id: Its demonstration; empty where the task was skipped.
        seconds: From the task's first prompt to its end.
        tool_seconds: Of these, what the tool itself took: picture, mask, saving.
        keys: Keys and buttons that were pressed for the session, not for the arm.
    """

    number: int
    demo_id: str
    seconds: float
    tool_seconds: float
    keys: int


@contextmanager
def hold_session(library: DemoLibrary, name: str) -> Iterator[None]:
    """Keep a session to this process: two would record the same tasks and forget each other's.

    Raises:
        ConfigurationError: Another process holds it, or the name is no file name.
        StorageError: The library cannot be written.
    """
    path = _path(library, name).with_suffix(".lock")
    with ExitStack() as stack:
        with storage_errors("session", path.parent):
            path.parent.mkdir(exist_ok=True)
            file = stack.enter_context(path.open("w"))
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigurationError(
                f"session.name: {name} is being recorded by another mt3-record; "
                "end that one or give another session.name="
            ) from error
        yield


def _path(library: DemoLibrary, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"session.name: got {name!r}, expected letters, digits, '.', '_' and '-'"
        )
    return library.path / SESSIONS / f"{name}.json"


@dataclass(slots=True)
class SessionLog:
    """The file of one session, in the library's ``sessions`` folder; rewritten as a whole.

    Args:
        path: The file.
        tasks: What is to be recorded, in order.
        done: What is over.
        current: Number of the task under way and the demonstration it is going to be.
    """

    path: Path
    tasks: tuple[str, ...]
    done: list[TaskDone] = field(default_factory=list)
    current: tuple[int, str] | None = None

    @classmethod
    def open(
        cls, library: DemoLibrary, name: str, tasks: Sequence[TaskDescription]
    ) -> "SessionLog":
        """Begin a session, or go on with the one of this name.

        A demonstration that was saved before its session could note it, counts as done.

        Raises:
            ConfigurationError: The name is no file name, or the session was begun with other
                tasks.
            DemoFormatError: Its file is damaged.
        """
        texts = tuple(task.text for task in tasks)
        log = cls(_path(library, name), texts)
        if log.path.exists():
            log._resume(library)
        return log

    @property
    def remaining(self) -> list[int]:
        """Numbers of the tasks that are not over, in order."""
        over = {item.number for item in self.done}
        return [number for number in range(len(self.tasks)) if number not in over]

    @property
    def mean_seconds(self) -> float | None:
        """Mean time of a task that was recorded; None before the first."""
        times = [item.seconds for item in self.done if item.demo_id and item.seconds]
        return sum(times) / len(times) if times else None

    def begin(self, number: int, demo_id: str) -> None:
        """Note that a task is being recorded, and what it is going to be called."""
        self.current = (number, demo_id)
        self._write()

    def abandon(self) -> None:
        """Note that the task under way was left: its name may go to another's demonstration."""
        self.current = None
        self._write()

    def finish(self, item: TaskDone) -> None:
        """Note that a task is over."""
        self.done.append(item)
        self.current = None
        self._write()

    def _resume(self, library: DemoLibrary) -> None:
        document = read_json(self.path)
        require_known_version(document, self.path.name)
        with format_errors(self.path.name):
            texts = tuple(str(text) for text in document["tasks"])
            self.done = [TaskDone(**item) for item in document["done"]]
            current = document["current"]
            self.current = None if current is None else (int(current[0]), str(current[1]))
        if texts != self.tasks:
            raise ConfigurationError(
                f"session.name: {self.path.stem} was begun with other tasks: "
                f"{_difference(texts, self.tasks)}; give another session.name= or the same list"
            )
        if self.current is not None and self.current[1] in library.names(DEMOS):
            self.finish(TaskDone(*self.current, seconds=0.0, tool_seconds=0.0, keys=0))

    def _write(self) -> None:
        self.path.parent.mkdir(exist_ok=True)
        document: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "tasks": list(self.tasks),
            "done": [asdict(item) for item in self.done],
            "current": self.current,
        }
        write_json(self.path, document)


def _difference(begun: Sequence[str], given: Sequence[str]) -> str:
    """Where two lists of tasks first differ, in words."""
    for number, (was, now) in enumerate(zip_longest(begun, given), start=1):
        if was != now:
            return f"task {number} was {was or 'none'!r}, got {now or 'none'!r}"
    return "none differs"
