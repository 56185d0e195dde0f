"""The one thread that talks to the arm's controller."""

import contextlib
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, wait

import numpy as np

from hardware.arms.xarm_link import Reading, XArmLink
from hardware.fault_latch import FaultLatch
from mt3.errors import DeviceError, NotConnectedError, StaleDataError
from mt3.interfaces import ArmState
from mt3.types import FloatArray

_log = logging.getLogger(__name__)

_PERIOD_S = 0.01  # of the states: a recorder at 60 Hz finds a new one each time
_RENEW_S = 0.015  # well within the controller's watchdog: every second period
_SILENCE_S = 0.1  # a twist not commanded anew for this long ends in rest
_MAX_AGE_S = 0.3  # who needs fresher states looks at their time
_PROMPT_S = 0.005  # of a slower answer it is not known well enough when it was true
_WINDOW = 7  # readings; the twist is the motion over 60 ms
_START_TIMEOUT_S = 1.0
_JOB_TIMEOUT_S = 5.0
_LOOK_S = 0.02


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
    """Renews the last twist at 50 Hz, reads the state at 100 Hz, and does what it is given between.

    The maker's library swallows Ctrl-C while it waits for an answer (``Port.read`` in
    ``xarm/core/comm/base.py``). So the program's own thread never waits in it.

    An error of a twist or of the state stops the arm, ends the thread, and is raised by every
    later call.

    Args:
        link: To the controller; nobody else may use it from now on.
    """

    def __init__(self, link: XArmLink) -> None:
        self.fault = FaultLatch()
        self._link = link
        self._twist: FloatArray | None = None
        self._sent: FloatArray | None = None
        self._wanted_s = self._sent_s = 0.0
        self._state: ArmState | None = None
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="xarm keeper", daemon=True)

    def start(self) -> None:
        """Begin, and return once there is a state.

        Raises:
            DeviceError: There is none.
        """
        self._thread.start()
        end_s = time.monotonic() + _START_TIMEOUT_S
        while self._state is None and not self.fault.is_set and time.monotonic() < end_s:
            time.sleep(0.002)
        self.state()

    def close(self) -> None:
        """End the thread, if it ever began."""
        self._twist = None
        self._jobs.put(None)
        if self._thread.ident is not None:
            self._thread.join(_JOB_TIMEOUT_S)

    def command(self, V_BE_E: FloatArray) -> None:
        """Stream a twist until the next job, or until it is 0.1 s old; returns at once."""
        self.fault.require_none()
        self._wanted_s, self._twist = time.monotonic(), V_BE_E
        self._jobs.put(_look_up)

    def do(self, job: Callable[[], None]) -> None:
        """End the twist, do something with the link, and return when it is done.

        Raises:
            DeviceError: What the job raises, or the latched error.
        """
        self.fault.require_none()
        self._twist = None
        done: Future[None] = Future()
        self._jobs.put(lambda: _settle(done, job))
        end_s = time.monotonic() + _JOB_TIMEOUT_S
        while not wait([done], _LOOK_S).done:
            self.fault.require_none()  # after it, nobody does the job
            if time.monotonic() > end_s:
                raise NotConnectedError(
                    f"the controller did not answer within {_JOB_TIMEOUT_S} s; connect again"
                )
        done.result()

    def state(self) -> ArmState:
        """The newest state.

        Raises:
            StaleDataError: It is older than 0.3 s.
            DeviceError: The thread failed; likewise for ``NotConnectedError``.
        """
        self.fault.require_none()
        state, now_s = self._state, time.monotonic()
        age_s = np.inf if state is None else now_s - state.t_s
        if state is None or age_s > _MAX_AGE_S:
            raise StaleDataError(
                f"state: got an age of {age_s:.3f} s, expected at most {_MAX_AGE_S} s; check the "
                "cable to the controller"
            )
        return state

    def _run(self) -> None:
        estimate = TwistEstimate()
        due_s = time.monotonic()
        job: Callable[[], None] | None = _look_up
        try:
            while job is not None:
                job()
                self._renew()
                if time.monotonic() >= due_s:
                    self._read(estimate)
                    due_s = max(due_s + _PERIOD_S, time.monotonic())
                job = self._next_job(due_s)
        except Exception as error:
            self.fault.set(error)
            _log.exception("the connection to the arm ended")
            with contextlib.suppress(DeviceError):
                self._link.halt()

    def _next_job(self, due_s: float) -> Callable[[], None] | None:
        try:
            return self._jobs.get(timeout=max(0.0, due_s - time.monotonic()))
        except queue.Empty:
            return _look_up

    def _renew(self) -> None:
        twist, now_s = self._twist, time.monotonic()
        is_fresh = twist is self._sent and now_s - self._sent_s < _RENEW_S
        if twist is None or is_fresh:
            return
        if now_s - self._wanted_s > _SILENCE_S:
            twist, self._twist = np.zeros(6), None
        self._link.send_twist(twist)
        self._sent, self._sent_s = twist, now_s

    def _read(self, estimate: TwistEstimate) -> None:
        reading = self._link.read()
        estimate.add(reading)
        if (twist := estimate.twist()) is not None:
            # No wrench: only the maker's force sensor, an accessory, would tell one.
            self._state = ArmState(reading.t_s, reading.joints, reading.T_BE, twist)


def _look_up() -> None:
    """Wakes the thread for a new twist."""


def _settle(done: "Future[None]", job: Callable[[], None]) -> None:
    try:
        job()
        done.set_result(None)
    except Exception as error:  # it is the caller's
        done.set_exception(error)
