"""The thread that keeps a twist alive as long as it is wanted, and the state fresh."""

import logging
import threading
import time
from collections import deque

import numpy as np

from hardware.arms.xarm_link import Reading, XArmLink
from mt3.errors import DeviceError, NotConnectedError, StaleDataError
from mt3.interfaces import ArmState
from mt3.types import FloatArray

_log = logging.getLogger(__name__)

_PERIOD_S = 0.02  # well within the controller's watchdog
_SILENCE_S = 0.1  # a twist not commanded anew for this long ends in rest
_MAX_AGE_S = 0.1
_PROMPT_S = 0.005  # of a slower answer it is not known well enough when it was true
_WINDOW = 4  # readings; the twist is the motion over 60 ms
_JOIN_TIMEOUT_S = 3.0


class TwistEstimate:
    """Twist of E from poses, because the controller reports none.

    Readings that took long are left out, unless there was no other for a while: their time is
    not known well enough.
    """

    def __init__(self) -> None:
        self._readings: deque[Reading] = deque(maxlen=_WINDOW)

    def add(self, reading: Reading) -> None:
        """Take in the newest reading."""
        newest_s = self._readings[-1].t_s if self._readings else -np.inf
        if reading.delay_s <= _PROMPT_S or reading.t_s - newest_s > _MAX_AGE_S:
            self._readings.append(reading)

    def twist(self) -> FloatArray | None:
        """V_BE_E, (6,), m/s then rad/s; None before two readings."""
        if len(self._readings) < 2:
            return None
        old, new = self._readings[0], self._readings[-1]
        return (old.T_BE.inverse() @ new.T_BE).as_twist() / (new.t_s - old.t_s)


class XArmKeeper:
    """Renews the last twist and reads the state at 50 Hz, in a thread of its own.

    An error ends the thread and is raised by every later call.

    Args:
        link: To the controller.
    """

    def __init__(self, link: XArmLink) -> None:
        self._link = link
        self._twist: FloatArray | None = None
        self._wanted_s = self._sent_s = 0.0
        self._state: ArmState | None = None
        self._fault: Exception | None = None
        self._closing = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="xarm keeper", daemon=True)

    def start(self) -> None:
        """Begin, and return once there is a state.

        Raises:
            DeviceError: There is none.
        """
        self._thread.start()
        end_s = time.monotonic() + 1.0
        while self._state is None and self._fault is None and time.monotonic() < end_s:
            time.sleep(0.002)
        self.state()

    def close(self) -> None:
        """End the thread, if it ever began; no twist is sent after this."""
        self._closing = True
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(_JOIN_TIMEOUT_S)

    def command(self, V_BE_E: FloatArray) -> None:
        """Stream a twist until ``forget``, or until it is 0.1 s old."""
        self.require_no_fault()
        with self._link.lock:
            self._twist, self._wanted_s, self._sent_s = V_BE_E, time.monotonic(), 0.0
        self._wake.set()

    def forget(self) -> None:
        """Stream no more; the caller holds the link's lock and stops the arm."""
        self._twist = None

    def state(self) -> ArmState:
        """The newest state.

        Raises:
            StaleDataError: It is older than 0.1 s.
            DeviceError: The thread failed; likewise for ``NotConnectedError``.
        """
        self.require_no_fault()
        state, now_s = self._state, time.monotonic()
        age_s = np.inf if state is None else now_s - state.t_s
        if state is None or age_s > _MAX_AGE_S:
            raise StaleDataError(
                f"state: got an age of {age_s:.3f} s, expected at most {_MAX_AGE_S} s; check the "
                "cable to the controller"
            )
        return state

    def require_no_fault(self) -> None:
        """Raise what ended the thread, again."""
        fault = self._fault
        if isinstance(fault, NotConnectedError):
            raise NotConnectedError(str(fault)) from fault
        if fault is not None:
            raise DeviceError(str(fault)) from fault

    def _run(self) -> None:
        estimate = TwistEstimate()
        due_s = time.monotonic()
        try:
            while not self._closing:
                self._renew()
                if time.monotonic() >= due_s:
                    self._read(estimate)
                    due_s = max(due_s + _PERIOD_S, time.monotonic())
                self._wake.wait(max(0.0, due_s - time.monotonic()))
                self._wake.clear()
        except Exception as error:
            self._fault = error
            _log.exception("the connection to the arm ended")

    def _renew(self) -> None:
        with self._link.lock:
            now_s = time.monotonic()
            if self._twist is None or self._closing or now_s - self._sent_s < 0.5 * _PERIOD_S:
                return
            twist = self._twist
            if now_s - self._wanted_s > _SILENCE_S:
                twist = np.zeros(6)
                self._twist = None
            self._link.send_twist(twist)
            self._sent_s = time.monotonic()

    def _read(self, estimate: TwistEstimate) -> None:
        reading = self._link.read()
        estimate.add(reading)
        if (twist := estimate.twist()) is not None:
            self._state = ArmState(reading.t_s, reading.joints, reading.T_BE, twist)
