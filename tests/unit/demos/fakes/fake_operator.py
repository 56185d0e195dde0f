"""An operator at the keys of a session: presses what a plan says, when the screen asks for it."""

import numpy as np
from kinematic_scene import FakeDevice

from demos.session.session_step import Step
from mt3.errors import DeviceError
from mt3.interfaces import TeleopCommand

RIGHT = {
    Step.PICTURE: "p",
    Step.MASK: "enter",
    Step.APPROACH: "b",
    Step.DEMONSTRATE: "n",
    Step.REVIEW: "k",
}


class FakeTeleop(FakeDevice):
    """Goes down while turning, closes the fingers after a while, and never tires."""

    def __init__(self) -> None:
        self.keys = {"w": "forward"}
        self.reads = 0
        self.pressed: list[str] = []
        self.unplug_at: int | None = None

    def read(self) -> TeleopCommand:
        self.reads += 1
        if self.reads == self.unplug_at:
            raise DeviceError("teleop: unplugged")
        down = np.array([0.0, 0.0, 0.05, 0.0, 0.0, 0.2])
        return TeleopCommand(down if self.reads % 200 < 100 else -down, 1.0)

    def resume(self) -> None:
        pass

    def press(self, keys) -> None:
        self.pressed += keys


class HandGuided(FakeTeleop):
    """A hand moves the arm; every stop ends that, as in the arm's own free-drive."""

    def __init__(self) -> None:
        super().__init__()
        self.arm, self._stops = None, 0

    def read(self) -> TeleopCommand:
        if self.arm.stopped != self._stops:
            raise DeviceError("hand guiding: ended because the arm was stopped")
        return TeleopCommand(None, super().read().opening)

    def resume(self) -> None:
        self._stops = self.arm.stopped


class PlannedKeys:
    """Screen and keys at once: presses the right key of each step after some turns of waiting.

    Args:
        plan: Keys to press instead, by (task from 1, step), used up one by one.
        wait: Turns to wait in a step before its key.
    """

    def __init__(self, plan=None, wait=20) -> None:
        self.plan = {where: list(keys) for where, keys in (plan or {}).items()}
        self.wait = wait
        self.recording = None
        self.seen = []
        self.lines = []
        self._where, self._turns = None, 0

    def show(self, status) -> None:
        self.seen.append(status)

    def tell(self, line) -> None:
        self.lines.append(line)

    def pressed(self):
        where = self.recording()
        self._turns = self._turns + 1 if where == self._where else 0
        self._where = where
        if self._turns < self.wait:
            return ()
        self._turns = 0
        planned = self.plan.get(where)
        if planned:
            key = planned.pop(0)
            if isinstance(key, BaseException):
                raise key
            return (key,)
        return (RIGHT[where[1]],)
