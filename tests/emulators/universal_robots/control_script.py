"""What ur_rtde's control script does on a controller, without an interpreter for its text.

Source: ur_rtde 1.6.5, rtde_control.script: the numbers of its commands, its handshake over output
integer register 0 (1 ready, 2 done), and its threads, which repeat the last speed or servo target
until they are stopped. It runs once per control cycle.
"""

from collections.abc import Callable, Iterator

import numpy as np
from kinematic_arm import KinematicArm

READY, DONE = 1, 2
_REALTIME = {6, 9, 10, 11, 24, 25, 26, 27, 38, 58, *range(66, 72)}
_AT_REST = 1e-6  # rad/s


class ScriptError(Exception):
    """The script does what a controller stops it for."""


class ControlScript:
    """One run of the script.

    Args:
        arm: What it moves.
        inputs: The controller's input registers by name; read, never written.
        outputs: Its output registers by name.
        tcp_offset: Of the controller, six numbers.
        set_watchdog: Arms the controller's watchdog at a frequency, Hz.
    """

    def __init__(
        self,
        arm: KinematicArm,
        inputs: dict[str, object],
        outputs: dict[str, object],
        tcp_offset: list[float],
        set_watchdog: Callable[[float], None],
    ) -> None:
        self._arm = arm
        self._inputs = inputs
        self._outputs = outputs
        self._tcp_offset = tcp_offset
        self._set_watchdog = set_watchdog
        self._running: Iterator[None] | None = None
        self._executed = False
        self._thread = ""  # the one that moves the arm
        self.teaching = False
        self.ended = False
        self._signal(READY)

    def step(self) -> None:
        """One control cycle.

        Raises:
            ScriptError: The script breaks down.
        """
        command = int(self._inputs.get("input_int_register_0", 0))
        if self._running is not None:
            self._go_on()
        elif command in _REALTIME:
            for _ in self._process(command):
                pass
            self._signal(READY)
        elif command == 0:
            self._executed = False
            self._signal(READY)
        elif not self._executed:
            self._running = self._process(command)
            self._go_on()

    def _go_on(self) -> None:
        try:
            next(self._running)
        except StopIteration:
            self._running, self._executed = None, True
            self._signal(DONE)

    def _process(self, command: int) -> Iterator[None]:
        if command in (1, 9, 10, 11):
            yield from self._move(command)
        elif command in (15, 16, 33, 34):
            yield from self._stop(linear=command != 34, deceleration=self._doubles(0, 1)[0])
        elif command in (18, 19):
            self._claim("")
            self.teaching = command == 18
        elif command == 35:
            self._set_watchdog(float(self._doubles(0, 1)[0]))
        elif command == 40:
            for k, value in enumerate(self._tcp_offset):
                self._outputs[f"output_double_register_{k}"] = value
        elif command == 255:
            self.ended = True
        else:
            raise ScriptError(f"command {command}: not emulated")

    def _move(self, command: int) -> Iterator[None]:
        arm, target = self._arm, self._doubles(0, 6)
        if command == 1:
            self._claim("move")
            arm.move_to(target, *self._doubles(6, 2))
            while np.abs(arm.q - target).max() > 1e-6:
                yield
            self._thread = ""
        elif command == 11:
            self._claim("servo")
            arm.servo_to(target, self._doubles(9, 1)[0])
        else:
            self._claim("speed")
            move = arm.move_by_joint_velocity if command == 9 else arm.move_by_twist
            move(target, self._doubles(6, 1)[0])

    def _claim(self, thread: str) -> None:
        """Two threads that move the arm at once are an error; so is motion while a hand moves it.

        Source: URScript manual, threads: only one thread may control the motion of the robot.
        """
        if self._thread not in ("", thread):
            raise ScriptError(f"{thread}: another thread moves the arm ({self._thread})")
        if self.teaching and thread:
            raise ScriptError(f"{thread}: in teach mode")
        self._thread = thread

    def _stop(self, *, linear: bool, deceleration: float) -> Iterator[None]:
        self._thread = ""
        if linear:
            self._arm.move_by_twist(np.zeros(6), deceleration)
        else:
            self._arm.move_by_joint_velocity(np.zeros(6), deceleration)
        while np.abs(self._arm.qd).max() > _AT_REST:
            yield
        self._arm.hold()

    def _signal(self, state: int) -> None:
        self._outputs["output_int_register_0"] = state

    def _doubles(self, first: int, count: int) -> np.ndarray:
        names = (f"input_double_register_{k}" for k in range(first, first + count))
        return np.array([self._inputs.get(name, 0.0) for name in names], dtype=np.float64)
