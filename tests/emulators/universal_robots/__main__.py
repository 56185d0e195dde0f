"""Run an emulated UR5e by hand: python tests/emulators/universal_robots --host 127.0.0.2."""

import argparse
import contextlib
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from universal_robots import UrEmulator


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A UR5e controller with a Robotiq gripper.")
    parser.add_argument("--host", default="127.0.0.2", help="loopback address to listen on")
    emulator = UrEmulator(parser.parse_args().host)
    ending = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)  # they wait for ``sigwait``
    with contextlib.suppress(PermissionError):  # a controller has a computer of its own
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    emulator.start()
    for name, endpoint in emulator.endpoints.items():
        print(f"{emulator.host}:{endpoint.port}  {name}")  # noqa: T201
    print("Ctrl-C ends it.", flush=True)  # noqa: T201
    signal.sigwait(ending)
    emulator.stop()


if __name__ == "__main__":
    main()
