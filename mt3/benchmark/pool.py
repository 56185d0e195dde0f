"""Jobs over worker processes: none is lost, also when a worker dies or somebody interrupts."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process
from threading import Thread
from typing import Generic, Protocol, TypeVar

import cv2

Job = TypeVar("Job")
Result = TypeVar("Result")
Job_contra = TypeVar("Job_contra", contravariant=True)
Result_co = TypeVar("Result_co", covariant=True)

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Pool(Protocol[Job_contra, Result_co]):
    """What does jobs, wherever."""

    def run(self, jobs: Sequence[Job_contra]) -> Iterator[tuple[int, Result_co]]:
        """Index and result of each job, as they are done."""
        ...


class WorkerPool(Generic[Job, Result]):
    """Spawned processes of one thread each; the results do not depend on their number.

    Args:
        work: Does a job; a function of a module.
        crashed: The result of a job whose process died twice.
        workers: Number of processes.
        set_up: Called once in each process, with ``configuration``.
        configuration: Text for ``set_up``.
    """

    def __init__(
        self,
        work: Callable[[Job], Result],
        crashed: Callable[[Job], Result],
        workers: int,
        set_up: Callable[[str], None],
        configuration: str,
    ) -> None:
        self._work, self._crashed, self._workers = work, crashed, workers
        self._set_up, self._configuration = set_up, configuration

    def run(self, jobs: Sequence[Job]) -> Iterator[tuple[int, Result]]:
        """Index and result of each job, as they are done.

        An interrupt waits for the jobs under way and drops the others.
        """
        with _environment(dict.fromkeys(_THREADS, "1")):
            waiting = list(enumerate(jobs))
            while waiting:
                suspects: list[tuple[int, Job]] = []
                yield from self._run_until_crash(waiting, self._workers, suspects)
                for suspect in suspects:
                    yield from self._run_alone(suspect)

    def _run_alone(self, suspect: tuple[int, Job]) -> Iterator[tuple[int, Result]]:
        """A job that was under way when a process died, in a process of its own."""
        guilty: list[tuple[int, Job]] = []
        yield from self._run_until_crash([suspect], 1, guilty)
        for index, job in guilty:
            yield index, self._crashed(job)

    def _run_until_crash(
        self, waiting: list[tuple[int, Job]], workers: int, suspects: list[tuple[int, Job]]
    ) -> Iterator[tuple[int, Result]]:
        """Take jobs until none is left or a process dies; then what was under way is suspect."""
        executor = ProcessPoolExecutor(
            workers, get_context("spawn"), _start_process, (self._set_up, self._configuration)
        )
        under_way: dict[Future[Result], tuple[int, Job]] = {}
        try:
            while (waiting or under_way) and not suspects:
                while waiting and len(under_way) < workers:
                    item = waiting.pop(0)
                    with _held_back(signal.SIGINT):
                        under_way[executor.submit(self._work, item[1])] = item
                done, _ = wait(under_way, return_when=FIRST_COMPLETED)
                for future in sorted(done, key=lambda one: under_way[one][0]):
                    item = under_way.pop(future)
                    if isinstance(future.exception(), BrokenProcessPool):
                        suspects.append(item)
                    else:
                        yield item[0], future.result()
            suspects.extend(under_way.values())
        except BrokenProcessPool:  # on submitting: the job is waiting no more
            suspects.extend([item, *under_way.values()])
        finally:
            executor.shutdown(wait=True, cancel_futures=True)


def _start_process(set_up: Callable[[str], None], configuration: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt means
    Thread(target=_end_with_parent, daemon=True).start()
    cv2.setNumThreads(1)
    set_up(configuration)


def _end_with_parent() -> None:
    """Without it a process whose parent was killed waits for the next job for ever."""
    if (parent := parent_process()) is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


@contextmanager
def _held_back(number: signal.Signals) -> Iterator[None]:
    """A signal comes after the block, and never to the processes started in it.

    One that came while a process was still importing ended it, and the pool waited for ever.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    """Environment variables for the processes started inside the block."""
    saved = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in saved.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
