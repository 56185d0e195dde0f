"""The Franka Hand, through franky over libfranka."""

import logging
import threading
from types import ModuleType, TracebackType
from typing import Any, Self

from hardware.arms.franka_connection import HAND_PORT, open_connection
from hardware.extra import import_extra
from mt3.control.monotonic_clock import MonotonicClock
from mt3.errors import DeviceError, GeometryError, NotConnectedError
from mt3.interfaces import Clock, GripperState
from mt3.types import require_positive

_log = logging.getLogger(__name__)

_LEAST_STROKE_M = 0.01  # below it the hand has not been homed
_ANSWER_S = 2.0  # the hand says at once that a motion was aborted
_JOIN_S = 10.0
_PERIOD_S = 0.01  # between two states, where nothing is ordered
_STOP = "stop"


class FrankaHand:
    """Two fingers; an opening is a share of the width that homing found.

    The hand's own calls block, so a thread makes them, one after another, and reads the state in
    between. To close fully is the hand's grasp, which goes on pressing on what it meets; every
    other opening is its move, which does not.

    Args:
        address: Host name or IP address of the control box.
        force_n: With which it presses, at most the hand's 70 N of continuous force.
        speed_m_s: Of the width; the hand's fingers allow 0.1.
        clock: For time stamps; real time where there is none.

    Raises:
        ConfigurationError: A force or speed that is not positive.
    """

    def __init__(
        self,
        address: str,
        *,
        force_n: float = 20.0,
        speed_m_s: float = 0.1,
        clock: Clock | None = None,
    ) -> None:
        require_positive("force_n", force_n)
        require_positive("speed_m_s", speed_m_s)
        self.clock: Clock = clock or MonotonicClock()
        self._address = address
        self._force_n = force_n
        self._speed_m_s = speed_m_s
        self._loop: _HandLoop | None = None

    def __enter__(self) -> Self:
        """Connect; the fingers stay where they are.

        Raises:
            NotConnectedError: Wrong address, FCI not active, or no hand; the message says.
            DeviceError: franky is not installed, or the hand was not homed.
        """
        vendor = import_extra("franky", "franka")
        hand = open_connection(
            vendor, lambda: vendor.Gripper(self._address), self._address, HAND_PORT
        )
        if hand.state.max_width < _LEAST_STROKE_M:
            raise DeviceError(
                f"{self._address}: got a greatest width of {hand.state.max_width} m, expected that "
                "of a homed hand: home it in Desk, again after every change of fingers"
            )
        self._loop = _HandLoop(vendor, hand, self._force_n, self._speed_m_s, self.clock)
        self._loop.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop fingers that move; a grasp that has ended goes on holding."""
        loop, self._loop = self._loop, None
        if loop is not None and not loop.finish() and exc is None:
            raise DeviceError(f"{self._address}: the hand does not answer; did it stop?")

    def state(self) -> GripperState:
        """The newest measured state.

        Raises:
            NotConnectedError: Outside the ``with`` block, or the connection was lost.
        """
        return self._connected().state()

    def command(self, opening: float) -> None:
        """Begin to move to an opening, or for 0 to grasp; returns at once.

        Raises:
            GeometryError: No fraction.
            NotConnectedError: Outside the ``with`` block, or the connection was lost.
        """
        loop = self._connected()
        if not 0.0 <= opening <= 1.0:
            raise GeometryError(f"opening: got {opening}, expected a fraction from 0 to 1")
        loop.order(opening)

    def stop(self) -> None:
        """Stop moving fingers where they are; returns at once.

        A grasp that has ended is left alone, for the hand's own stop lets go of its force (source:
        franka_ros, franka_gripper::stop). One that is stopped before presses no more.

        Raises:
            NotConnectedError: Outside the ``with`` block, or the connection was lost.
        """
        self._connected().order(_STOP)

    def _connected(self) -> "_HandLoop":
        if self._loop is None:
            raise NotConnectedError(f"{self._address}: not connected, use it inside `with`")
        if self._loop.failure is not None:
            raise NotConnectedError(
                f"{self._address}: connection to the hand lost ({self._loop.failure}); connect "
                "again"
            ) from self._loop.failure
        return self._loop


class _HandLoop(threading.Thread):
    """Carries out the newest order, and measures.

    ``failure`` is what ended it, if anything did.
    """

    def __init__(
        self,
        vendor: ModuleType,
        hand: Any,  # noqa: ANN401  # franky has no types
        force_n: float,
        speed_m_s: float,
        clock: Clock,
    ) -> None:
        super().__init__(name="franka-hand", daemon=True)
        self._vendor, self._hand, self._clock = vendor, hand, clock
        self._force_n, self._speed_m_s = force_n, speed_m_s
        self._lock = threading.Lock()
        self._order: float | str | None = None
        self._ordered = threading.Event()
        self._finishing = False
        self._motion: Any = None
        self.failure: Exception | None = None
        self._max_width_m = float(hand.state.max_width)
        self._command = float(hand.state.width) / self._max_width_m
        self._measure()

    def order(self, order: float | str) -> None:
        """Replace what was ordered last: an opening, or to stop."""
        with self._lock:
            self._order = order
            if not isinstance(order, str):
                self._command = order
        self._ordered.set()

    def state(self) -> GripperState:
        """As last measured."""
        with self._lock:
            return GripperState(self._measured_s, self._opening, self._command)

    def finish(self) -> bool:
        """Stop the fingers and end the thread; False where the hand does not answer."""
        self._finishing = True
        self._ordered.set()
        self.join(_JOIN_S)
        return not self.is_alive()

    def run(self) -> None:
        """Until ``finish``, or until the connection is lost."""
        try:
            while not self._finishing:
                self._ordered.clear()
                with self._lock:
                    order, self._order = self._order, None
                if order is not None:
                    self._carry_out(order)
                self._measure()
                self._note_end()
                self._ordered.wait(_PERIOD_S)
            self._interrupt()
        except Exception as error:  # raised again by the next call
            self.failure = error

    def _carry_out(self, order: float | str) -> None:
        self._interrupt()
        if order == 0.0:
            self._motion = self._hand.grasp_async(
                0.0,
                self._speed_m_s,
                self._force_n,
                epsilon_inner=self._max_width_m,
                epsilon_outer=self._max_width_m,
            )
        elif not isinstance(order, str):
            self._motion = self._hand.move_async(order * self._max_width_m, self._speed_m_s)

    def _interrupt(self) -> None:
        """Stop a motion that runs; franky would wait for its end before it begins another."""
        motion, self._motion = self._motion, None
        if motion is not None and not motion.wait(0.0):
            self._hand.stop()
            motion.wait(_ANSWER_S)

    def _note_end(self) -> None:
        """Say of a motion that has ended whether it failed; the measured opening shows the rest."""
        if self._motion is None or not self._motion.wait(0.0):
            return
        motion, self._motion = self._motion, None
        try:
            motion.get()
        except self._vendor.CommandException as error:
            _log.warning("the hand did not do what it was told: %s", error)

    def _measure(self) -> None:
        width_m = float(self._hand.state.width)
        with self._lock:
            self._measured_s = self._clock.now_s()
            self._opening = width_m / self._max_width_m
