"""A list of tasks to record, one per line of a text file."""

from pathlib import Path

from mt3.errors import ConfigurationError, TaskError
from mt3.task import TaskDescription

_MAX_BYTES = 4 * 1024 * 1024


def read_task_list(path: Path) -> list[TaskDescription]:
    """Read the tasks of a file: one per line; empty lines and what follows a ``#`` are left out.

    A task that stands there twice is recorded twice.

    Raises:
        ConfigurationError: The file cannot be read, holds no task, or a line is none.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ConfigurationError(f"tasks: got {path} of over {_MAX_BYTES} bytes")
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigurationError(f"tasks: cannot read {path} ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"tasks: {path} is not text ({error})") from error
    tasks = []
    for number, line in enumerate(lines, start=1):
        words = line.partition("#")[0].strip()
        if not words:
            continue
        try:
            tasks.append(TaskDescription.parse(words))
        except TaskError as error:
            raise ConfigurationError(f"tasks: {path}, line {number}: {error}") from error
    if not tasks:
        raise ConfigurationError(f"tasks: {path} holds none, expected one per line")
    return tasks
