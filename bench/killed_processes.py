"""How long an arm goes on after a process that drives it was killed or frozen.

  python bench/killed_processes.py              10 times each
  python bench/killed_processes.py --count 2

The operator's program is a process of its own that runs an interaction; its control process is
another. Each is killed (SIGKILL) and frozen (SIGSTOP) at random moments of a motion.
"""

import argparse
import json
import multiprocessing
import os
import signal
import time
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from arguments import at_least
from emulated_arm import (
    HOSTS,
    EmulatorProcess,
    control_of,
    emulated_controller,
    stopped_after_s,
    swing,
)

from sim.workplace import observe_joints

COUNT = 10
_LIMIT_S = 0.15  # from the signal to rest
_EARLIEST_S, _LATEST_S = 0.5, 2.0
_SIGNALS = {"killed": signal.SIGKILL, "frozen": signal.SIGSTOP}
_CONTEXT = multiprocessing.get_context("spawn")


def measure(count: int = COUNT, seed: int = 0) -> dict[str, Any]:
    """Kill and freeze both processes at every emulated controller.

    Args:
        count: Times for each of the controllers, processes and signals.
        seed: Of the moments.
    """
    rng = np.random.default_rng(seed)
    return {robot: _of_robot(robot, count, rng) for robot in HOSTS}


def _of_robot(robot: str, count: int, rng: np.random.Generator) -> dict[str, Any]:
    figures = {}
    with emulated_controller(robot, HOSTS[robot]) as controller:
        for whom in ("operator", "control"):
            for what, number in _SIGNALS.items():
                times_s = [
                    _end(robot, controller, whom, number, rng.uniform(_EARLIEST_S, _LATEST_S))
                    for _ in range(count)
                ]
                figures[f"{whom} process {what}"] = {
                    "count": count,
                    "signal_to_rest_s": {
                        "median": float(np.median(times_s)),
                        "worst": float(np.max(times_s)),
                    },
                    "within_limit": int(sum(t <= _LIMIT_S for t in times_s)),
                }
    return figures


def _end(robot: str, controller: EmulatorProcess, whom: str, number: int, after_s: float) -> float:
    """Start an interaction, end a process in the middle of it, and see when the arm stands."""
    controller.call("place", observe_joints(robot))
    ours, theirs = _CONTEXT.Pipe()
    operator = _CONTEXT.Process(target=_operate, args=(robot, theirs))
    operator.start()
    theirs.close()
    control_id = ours.recv()
    try:
        time.sleep(after_s)
        signalled_s = time.monotonic()
        os.kill(operator.pid if whom == "operator" else control_id, number)
        since_signal_s, _ = stopped_after_s(controller, signalled_s)
    finally:
        for process_id in (operator.pid, control_id):
            try:
                os.kill(process_id, signal.SIGKILL)
            except ProcessLookupError:
                continue
        operator.join()
    return since_signal_s


def _operate(robot: str, pipe: Connection) -> None:
    """The operator's program: one interaction, longer than it is going to live."""
    interaction = swing(robot, 30.0)
    with control_of(robot) as control:
        pipe.send(control.process_id)
        log = control.run(interaction)
    raise SystemExit(f"the interaction ended before its process did: {log.reason}")


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=at_least(1), default=COUNT)
    parser.add_argument("--seed", type=at_least(0), default=0)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.count, arguments.seed), indent=1))


if __name__ == "__main__":
    main()
