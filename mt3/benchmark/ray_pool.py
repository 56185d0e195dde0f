"""Jobs over a Ray cluster, with the results that ``WorkerPool`` gives over local processes."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Generic, TypeVar

from mt3.errors import ConfigurationError

Job = TypeVar("Job")
Result = TypeVar("Result")

_ONE_THREAD: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)
_ATTEMPTS: Final = 2


class _Worker:
    """One actor: set up once, then job after job."""

    def __init__(self, set_up: Callable[[str], None], configuration: str) -> None:
        set_up(configuration)

    def do(self, work: Callable[[Any], Any], job: object) -> object:
        """One job."""
        return work(job)


class RayPool(Generic[Job, Result]):
    """Actors of one core each. Every node needs this package, and the same file system for results.

    A job whose actor dies is done again, once, by a new one.

    Args:
        work: Does a job; a function of a module.
        crashed: The result of a job whose actor died twice.
        workers: Number of actors.
        set_up: Called once in each actor, with ``configuration``.
        configuration: Text for ``set_up``.
        address: Of a running cluster, such as ``auto``; None starts one on this computer.

    Raises:
        ConfigurationError: Ray is not installed.
    """

    def __init__(
        self,
        work: Callable[[Job], Result],
        crashed: Callable[[Job], Result],
        workers: int,
        set_up: Callable[[str], None],
        configuration: str,
        address: str | None = None,
    ) -> None:
        try:
            import ray
        except ImportError as error:
            raise ConfigurationError(
                "launcher: got ray, which is not installed, expected its extra: "
                "pip install 'mt3-robot[ray]'"
            ) from error
        self._ray = ray
        self._work, self._crashed, self._workers = work, crashed, workers
        self._set_up, self._configuration, self._address = set_up, configuration, address

    def run(self, jobs: Sequence[Job]) -> Iterator[tuple[int, Result]]:
        """Index and result of each job, as they are done; an interrupt drops those under way."""
        ray = self._ray
        new = {"num_cpus": self._workers, "include_dashboard": False}
        threads = {"env_vars": _ONE_THREAD}
        where = {"address": self._address} if self._address else new
        ray.init(log_to_driver=False, runtime_env=threads, **where)
        try:
            yield from self._run(jobs)
        finally:
            ray.shutdown()

    def _run(self, jobs: Sequence[Job]) -> Iterator[tuple[int, Result]]:
        ray = self._ray
        waiting = [(index, _ATTEMPTS) for index in range(len(jobs))]
        idle = [self._actor() for _ in range(min(self._workers, len(jobs)))]
        under_way: dict[Any, tuple[Any, int, int]] = {}
        while waiting or under_way:
            while waiting and idle:
                (index, attempts), actor = waiting.pop(0), idle.pop()
                under_way[actor.do.remote(self._work, jobs[index])] = (actor, index, attempts - 1)
            done, _ = ray.wait(list(under_way), num_returns=1)
            actor, index, attempts = under_way.pop(done[0])
            try:
                result: Result = ray.get(done[0])
            except ray.exceptions.RayActorError:
                idle.append(self._actor())
                if attempts:
                    waiting.insert(0, (index, attempts))
                else:
                    yield index, self._crashed(jobs[index])
            else:
                idle.append(actor)
                yield index, result

    def _actor(self) -> Any:  # noqa: ANN401  # Ray's handles have no type
        remote = self._ray.remote(num_cpus=1, max_restarts=0)(_Worker)
        return remote.remote(self._set_up, self._configuration)
