"""Run an emulated xArm 6 by hand: python tests/emulators/ufactory --host 127.0.0.3."""

import argparse
import contextlib
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from ufactory.controller import Controller
from ufactory.sockets import PORTS


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description="An xArm 6 controller with an xArm gripper.")
    parser.add_argument("--host", default="127.0.0.3", help="loopback address to listen on")
    controller = Controller(parser.parse_args().host)
    ending = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)  # they wait for ``sigwait``
    with contextlib.suppress(PermissionError):  # a controller has a computer of its own
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    controller.start()
    for number, name in PORTS.items():
        print(f"{controller.host}:{number}  {name}")  # noqa: T201
    print("Ctrl-C ends it.", flush=True)  # noqa: T201
    signal.sigwait(ending)
    controller.stop()


if __name__ == "__main__":
    main()
