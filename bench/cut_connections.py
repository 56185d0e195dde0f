"""How long an arm goes on after its connection was cut at a random moment of an interaction.

python bench/cut_connections.py              200 cuts, half of them of each emulated controller
python bench/cut_connections.py --count 10
"""

import argparse
import json
import threading
import time
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

from mt3.errors import DeviceError
from mt3.execution.interaction_log import InteractionFailure
from mt3.execution.trial_stages import InteractionRecord
from sim.workplace import observe_joints

COUNT = 200
_LIMIT_S = 0.1  # from the last packet to rest
_FAULTS = {"ur5e": ("cut", "fall_silent"), "xarm6": ("cut", "fall_silent")}

_EARLIEST_S, _LATEST_S = 0.5, 3.0
_EXPECTED = (InteractionFailure.DEVICE, InteractionFailure.SAFETY)


def measure(count: int = COUNT, seed: int = 0) -> dict[str, Any]:
    """Cut connections, by resetting them and by silence, in turn.

    Args:
        count: Cuts, shared among the emulated controllers.
        seed: Of the moments.
    """
    rng = np.random.default_rng(seed)
    return {robot: _of_robot(robot, count // len(HOSTS), rng) for robot in HOSTS}


def _of_robot(robot: str, count: int, rng: np.random.Generator) -> dict[str, Any]:
    times_s, typed, said_where, spoiled = [], 0, 0, 0
    with emulated_controller(robot, HOSTS[robot]) as controller:
        while len(times_s) < count:
            fault = _FAULTS[robot][len(times_s) % 2]
            try:
                cut = _cut(robot, controller, fault, rng.uniform(_EARLIEST_S, _LATEST_S))
            except DeviceError:
                cut = None
            if cut is None:
                spoiled += 1
                if spoiled > count:
                    raise SystemExit(f"{robot}: this computer is too busy for its control loop")
                continue
            after_s, log = cut
            times_s.append(after_s)
            typed += log.failure in _EXPECTED
            record = InteractionRecord.from_log(log)
            said_where += record.sample > 0 and record.progress_s > 0.0 and bool(record.reason)
    return {
        "cuts": count,
        "broken_before_the_cut": spoiled,  # by a watchdog, as this computer was held up; cut anew
        "last_packet_to_rest_s": {
            "median": float(np.median(times_s)),
            "worst": float(np.max(times_s)),
        },
        "within_limit": int(sum(t <= _LIMIT_S for t in times_s)),
        "typed_errors": typed,
        "records_that_say_where": said_where,
    }


def _cut(
    robot: str, controller: EmulatorProcess, fault: str, after_s: float
) -> tuple[float, Any] | None:
    """One interaction and one cut in it; None where the link broke before."""
    started_s: list[float] = []
    interaction = swing(robot, _LATEST_S + 10.0)
    controller.call("place", observe_joints(robot))

    def cut() -> None:
        started_s.append(time.monotonic())
        controller.call(fault)

    timer = threading.Timer(after_s, cut)
    try:
        with control_of(robot) as control:
            timer.start()
            log = control.run(interaction)
            if not started_s:
                return None
            _, since_packet_s = stopped_after_s(controller, started_s[0])
            return since_packet_s, log
    finally:
        timer.cancel()
        controller.call("mend")


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=at_least(2), default=COUNT)
    parser.add_argument("--seed", type=at_least(0), default=0)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.count, arguments.seed), indent=1))


if __name__ == "__main__":
    main()
