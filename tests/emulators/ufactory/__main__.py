"""Run the emulated controller by hand: ``python tests/emulators/ufactory/__main__.py``."""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from ufactory.controller import Controller


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="An emulated xArm 6 with its gripper.")
    parser.add_argument("--host", default="127.0.0.3", help="loopback address (%(default)s)")
    parser.add_argument("--no-gripper", action="store_true", help="without a gripper")
    parser.add_argument(
        "--tcp-offset-mm", type=float, default=172.0, help="z of the tool (%(default)s)"
    )
    parser.add_argument("--payload-kg", type=float, default=0.82, help="(%(default)s)")
    arguments = parser.parse_args()
    controller = Controller(arguments.host, not arguments.no_gripper)
    controller.tell("set_tcp_offset", (0.0, 0.0, arguments.tcp_offset_mm, 0.0, 0.0, 0.0))
    controller.set_up({"payload": (arguments.payload_kg, 0.0, 0.0, 48.0)})
    controller.start()
    sys.stderr.write(f"xArm 6 at {arguments.host}; Ctrl-C ends it\n")
    try:
        while True:
            time.sleep(1.0)
    except KeyboardInterrupt:
        controller.stop()


if __name__ == "__main__":
    main()
