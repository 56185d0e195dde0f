"""The open clients of one Universal Robots controller, and the thread that keeps them alive."""

import logging
import threading
import time
from collections.abc import Callable

import numpy as np

from hardware.arms.ur_client import UrClient
from hardware.arms.ur_receiver import UrReceiver
from hardware.arms.ur_status import program_runs, require_fit
from mt3.errors import DeviceError, NotConnectedError
from mt3.interfaces import ArmState
from mt3.types import FloatArray

_log = logging.getLogger(__name__)

WATCHDOG_HZ = 20.0  # a controller that hears nothing for 50 ms ends the program
_KEEP_S = 0.005  # period of the keeper
_RENEW_S = 0.012  # the last command is sent again after this long
_LATE_S = 0.03  # until all that belongs to a stop is known to the receiving client
_LOST_S = 0.5
_SERVO_S, _LOOKAHEAD_S, _GAIN = 0.008, 0.05, 300.0
_STOP_M_S2, _STOP_RAD_S2 = 10.0, 30.0
_AT_REST = 0.002  # m/s and rad/s
_SETTLES_S = 1.0

Command = Callable[[], bool]


class UrLink:
    """Sends commands, one thread at a time, and repeats the last one until the next.

    Repeating feeds the controller's watchdog, and a packet that gets lost or is overwritten in the
    controller's registers costs no command. A twist that nobody renews becomes rest. Whatever
    breaks the link is kept, and raised by every later call.

    Source: ur_rtde 1.6.5: the script on the controller repeats the last ``speedl`` or ``servoj``
    until it is told otherwise; the watchdog is off until it is asked for; a blocking command must
    end within the watchdog's time, because nothing can be sent meanwhile.

    Args:
        host: Of the controller, for messages.
        receiver: Of its states, connected.
        control: Connected ``RTDEControlInterface``, its script running.
    """

    def __init__(self, host: str, receiver: UrReceiver, control: UrClient) -> None:
        self._host = host
        self._receiver = receiver
        self._control = control
        self._lock = threading.RLock()
        self._error: DeviceError | None = None
        self._mode = "idle"
        self._repeat: Command = control.kickWatchdog
        self._sent_s = time.monotonic()
        self._expires_s = float("inf")
        self._closing = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name=f"keeper of {host}", daemon=True)

    def open(self) -> None:
        """Arm the controller's watchdog, begin at rest, and keep the link alive from now on."""
        self._finish(lambda: self._control.setWatchdog(WATCHDOG_HZ))
        self._keeper.start()
        self.rest()

    # What the arm does.

    def speed(self, V_B: FloatArray, acceleration: float, valid_s: float = float("inf")) -> None:
        """Move the tool along a twist in the base, (6,), for at most some seconds."""
        target = V_B.tolist()
        self._begin("speed", lambda: self._control.speedL(target, acceleration, 0.0), valid_s)

    def rest(self) -> None:
        """Brake hard to zero twist."""
        self.speed(np.zeros(6), _STOP_M_S2)

    def servo(self, joints: FloatArray) -> None:
        """Chase joints (6,) rad."""
        target = joints.tolist()
        self._begin(
            "servo",
            lambda: self._control.servoJ(target, 0.0, 0.0, _SERVO_S, _LOOKAHEAD_S, _GAIN),
        )

    def guide(self) -> None:
        """Let a hand move the arm."""
        self._finish(self._control.teachMode)
        self._mode = "guided"

    @property
    def guided(self) -> bool:
        """Whether a hand moves the arm."""
        return self._mode == "guided"

    def halt(self) -> None:
        """End whatever moves the arm, so that something else may; returns at rest."""
        with self._lock:
            if self._mode == "speed":
                self.rest()
        if self._mode == "speed":
            self._await_rest()
            self._finish(lambda: self._control.speedStop(_STOP_M_S2))
        elif self._mode == "servo":
            self._finish(lambda: self._control.servoStop(_STOP_RAD_S2))
        elif self._mode == "guided":
            self._finish(self._control.endTeachMode)
        self._mode = "idle"

    def stop(self) -> None:
        """Brake hard, whatever moves the arm; returns before it rests where it can."""
        if self._mode == "speed":
            self.rest()
        else:
            self.halt()

    # What the arm is.

    def state(self) -> ArmState:
        """One snapshot of the newest packet.

        Raises:
            StaleDataError: The newest packet is old.
            DeviceError: The link is broken.
        """
        self.check()
        return self._receiver.state()

    def check(self) -> None:
        """Raise what broke the link, now or earlier.

        Raises:
            NotConnectedError: The connection was lost.
            DeviceError: The controller stopped the arm or its program.
        """
        if self._error is None:
            try:
                self._find_fault()
            except DeviceError as error:
                self._latch(error)
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Stop the arm where the link still works, end the program, and disconnect."""
        try:
            self.halt()
            self._end_keeper()
            self._finish(self._end_program)
        except DeviceError as error:
            _log.warning("%s: could not be told to stop (%s)", self._host, error)
        finally:
            self._end_keeper()
            self._disconnect()

    # How.

    def _begin(self, mode: str, command: Command, valid_s: float = float("inf")) -> None:
        with self._lock:
            self.check()
            if self._mode not in (mode, "idle"):
                raise DeviceError(f"{mode}: got it during {self._mode}, expected a stop before it")
            self._mode, self._repeat = mode, command
            self._expires_s = time.monotonic() + valid_s
            self._send(command)

    def _finish(self, command: Command) -> None:
        """Carry out a command that ends, and keep the watchdog quiet after it."""
        with self._lock:
            self.check()
            self._expires_s = float("inf")
            self._repeat = self._control.kickWatchdog
            self._send(command)

    def _send(self, command: Command) -> None:
        try:
            done = command()
        except (RuntimeError, ValueError) as error:  # what C++ threw
            self._latch(
                NotConnectedError(f"{self._host}: the connection was lost ({error}); connect anew")
            )
            self.check()
        self._sent_s = time.monotonic()
        if not done:
            time.sleep(_LATE_S)
            self.check()
            self._latch(
                DeviceError(
                    f"{self._host}: the controller did not carry out a command; look at the "
                    "pendant, then connect anew"
                )
            )
            self.check()

    def _keep(self) -> None:
        while not self._closing.wait(_KEEP_S):
            try:
                with self._lock:
                    self.check()
                    now_s = time.monotonic()
                    if now_s > self._expires_s:
                        self.rest()
                    elif now_s - self._sent_s > _RENEW_S:
                        self._send(self._repeat)
            except DeviceError as error:
                _log.warning("%s", error)
                return

    def _find_fault(self) -> None:
        receive = self._receiver.client
        if not (receive.isConnected() and self._control.isConnected()):
            raise NotConnectedError(
                f"{self._host}: the controller closed the connection, and its watchdog stops the "
                "arm; connect anew"
            )
        if (silence_s := self._receiver.age_s()) > _LOST_S:
            raise NotConnectedError(
                f"{self._host}: got nothing for {silence_s:.2f} s, expected a state every 2 ms; "
                "check the network, then connect anew"
            )
        require_fit(self._host, receive)
        if not program_runs(receive):
            time.sleep(_LATE_S)
            require_fit(self._host, receive)  # its cause may show later than the end
            raise DeviceError(
                f"{self._host}: the control program on the controller has ended: its watchdog "
                "heard nothing from us in time, or the pendant stopped it; connect anew"
            )

    def _latch(self, error: DeviceError) -> None:
        if self._error is None:
            self._error = error

    def _await_rest(self) -> None:
        deadline_s = time.monotonic() + _SETTLES_S
        while np.abs(self.state().V_BE_E).max() > _AT_REST:
            if time.monotonic() > deadline_s:
                raise DeviceError(f"{self._host}: the arm did not come to rest in {_SETTLES_S} s")
            time.sleep(_KEEP_S)

    def _end_keeper(self) -> None:
        self._closing.set()
        if self._keeper.is_alive():
            self._keeper.join()

    def _end_program(self) -> bool:
        self._control.stopScript()
        return True

    def _disconnect(self) -> None:
        """Let go of the clients.

        Source: ur_rtde 1.6.5: ``disconnect`` waits for a client whose network is dead, so that is
        done first, without the interpreter's lock.
        """
        if self._error is not None:
            self._control.disconnect()
            self._receiver.client.disconnect()
        self._control.drop()
        self._receiver.client.drop()
