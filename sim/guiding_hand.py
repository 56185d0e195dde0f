"""A hand that moves an arm in free-drive: the scripted person's, where nobody is there."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import numpy as np

from mt3.errors import DeviceError, NotConnectedError
from mt3.interfaces import ArmState, Clock, JointTrajectory
from mt3.types import FloatArray, frozen_array
from sim.kinematics import ChainKinematics

_PERIOD_S = 0.004
_LONGEST_STEP_S = 0.05  # a hand that was held up does not make up for it
_FORGOTTEN_S = 0.1  # a twist that is not renewed for so long ends


class GuidingHand:
    """Moves an arm's joints themselves; an ``Arm`` for the demonstrator.

    Args:
        kinematics: Of the arm.
        joints: Where the arm's joints are now, (n,), rad; asked once, when the hand takes hold.
        place: Puts the joints somewhere, as the arm's controller lets a hand do in free-drive:
            where they are, how fast they turn, and when, (n,) rad and rad/s; called every 4 ms
            while the hand moves and once as it comes to rest, from a thread of its own.
        clock: Real time.
    """

    def __init__(
        self,
        kinematics: ChainKinematics,
        joints: Callable[[], FloatArray],
        place: Callable[[FloatArray, FloatArray, float], None],
        clock: Clock,
    ) -> None:
        self._kinematics, self._where, self._place = kinematics, joints, place
        self._clock = clock
        self._lock = threading.Lock()
        self._letting_go = threading.Event()
        self._connected = False
        self._error: Exception | None = None

    def __enter__(self) -> Self:
        self._joints = frozen_array("joints", self._where(), (None,))
        self._error = None
        self._moved = False
        self._connected = True
        self.stop()
        self._letting_go.clear()
        self._thread = threading.Thread(target=self._run, name="guiding hand")
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connected = False
        self._letting_go.set()
        self._thread.join()

    def state(self) -> ArmState:
        """Where the hand has the arm, and how it moves it.

        Raises:
            DeviceError: The joints could not be placed.
        """
        self._require_hold()
        with self._lock:
            joints, velocity = self._joints, self._velocity
        V_BE_E = self._kinematics.jacobian_E(joints) @ velocity
        return ArmState(self._clock.now_s(), joints, self._kinematics.forward(joints), V_BE_E)

    def command_twist(self, V_BE_E: FloatArray) -> None:
        """Move along a twist of E in B, in E, until the next command or for 0.1 s.

        Raises:
            GeometryError: Wrong shape, NaN or infinity.
            DeviceError: The joints could not be placed.
        """
        self._require_hold()
        twist = frozen_array("V_BE_E", V_BE_E, (6,))
        with self._lock:
            self._twist, self._twist_s = twist, self._clock.now_s()

    def follow(self, trajectory: JointTrajectory) -> None:
        """No hand does that.

        Raises:
            DeviceError: Always.
        """
        raise DeviceError("guiding hand: got a joint trajectory, expected twists")

    def stop(self) -> None:
        """Hold the arm still."""
        self._require_hold()
        with self._lock:
            self._twist, self._twist_s = np.zeros(6), self._clock.now_s()
            self._velocity = np.zeros(len(self._joints))

    def _run(self) -> None:
        now_s = self._clock.now_s()
        try:
            while not self._letting_go.is_set():
                self._clock.sleep_until(now_s + _PERIOD_S)
                before_s, now_s = now_s, self._clock.now_s()
                self._move(now_s, min(now_s - before_s, _LONGEST_STEP_S))
        except Exception as error:  # of whatever places the joints; told at the next command
            self._error = error

    def _move(self, now_s: float, dt_s: float) -> None:
        """Move the joints on by a time step; a step out of their range is not made."""
        with self._lock:
            twist = self._twist if now_s - self._twist_s < _FORGOTTEN_S else np.zeros(6)
            velocity = self._kinematics.resolve_twist(self._joints, twist)
            joints = self._joints + velocity * dt_s
            within = (joints >= self._kinematics.lower) & (joints <= self._kinematics.upper)
            if not within.all():
                velocity, joints = np.zeros_like(velocity), self._joints
            moves, self._joints, self._velocity = bool(velocity.any()), joints, velocity
        if moves or self._moved:
            self._place(joints, velocity, now_s)
        self._moved = moves

    def _require_hold(self) -> None:
        if not self._connected:
            raise NotConnectedError("guiding hand: it holds no arm, use it inside `with`")
        if self._error is not None:
            raise DeviceError(
                f"guiding hand: could not move the arm: {self._error}"
            ) from self._error
