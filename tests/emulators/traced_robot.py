"""An arm and a gripper without a controller, for tests of what drives them from another process.

They do exactly as told at once, and write what they were told into a file, so that a test sees it
after the process that drove them is gone.
"""

import time
from pathlib import Path

import numpy as np

from mt3.errors import NotConnectedError
from mt3.interfaces import ArmState, GripperState


class TracedArm:
    """An ``ArmDriver`` that never moves by itself; each command is a line of the file.

    Args:
        trace: Where the lines go: a time of the monotonic clock and a word.
        joints: That it reports.
        T_BE: That it reports.
        clock: That it sleeps on.
        fails_after: Commands until its connection is lost; None never.
    """

    def __init__(self, trace, joints, T_BE, clock, fails_after=None) -> None:
        self._trace = Path(trace)
        self._joints, self._T_BE, self._clock = np.array(joints), T_BE, clock
        self._left = fails_after
        self._connected = False

    def __enter__(self):
        self._connected = True
        self._write("connect")
        return self

    def __exit__(self, *_) -> None:
        self._write("disconnect")
        self._connected = False

    def state(self) -> ArmState:
        if not self._connected or self._left == 0:
            raise NotConnectedError("arm: the connection was lost")
        return ArmState(time.monotonic(), self._joints, self._T_BE, np.zeros(6))

    def command_twist(self, V_BE_E) -> None:
        self._write("twist" if np.any(V_BE_E) else "rest")
        if self._left:
            self._left -= 1

    def follow(self, trajectory) -> None:
        start_s = self._clock.now_s()
        for t_s in trajectory.t_s:
            self._clock.sleep_until(start_s + t_s)
            self._write("joints")
        self._joints = trajectory.joints[-1]

    def stop(self) -> None:
        self._write("stop")

    def begin_freedrive(self) -> None:
        self._write("freedrive")

    def end_freedrive(self) -> None:
        self._write("held")

    def _write(self, word: str) -> None:
        with self._trace.open("a") as file:
            file.write(f"{time.monotonic()} {word}\n")


class TracedGripper:
    """A ``Gripper`` that is where it is told to be."""

    def __init__(self) -> None:
        self._opening = 1.0

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None: ...

    def state(self) -> GripperState:
        return GripperState(time.monotonic(), self._opening, self._opening)

    def command(self, opening: float) -> None:
        self._opening = opening

    def stop(self) -> None: ...


def trace_of(path) -> list[tuple[float, str]]:
    """Times and words of a file."""
    lines = Path(path).read_text().splitlines() if Path(path).exists() else []
    return [(float(line.split()[0]), line.split()[1]) for line in lines]
