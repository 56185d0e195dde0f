"""What every driver of an arm behind a network must do; subclassed beside ``ArmContract``.

Overriding a ``test_`` method is forbidden.
"""

import contextlib
import os
import threading

import numpy as np
import pytest

from mt3.errors import DeviceError, NotConnectedError

UP = np.array([0.0, 0.0, -0.1, 0.0, 0.0, 0.0])  # of a tool that points down


class ConnectionContract:
    """Beside ``ArmContract``. Fixtures: ``arm`` (not connected), ``stray_arm`` and ``clock``.

    ``stray_arm`` is a function: it constructs the driver for an address where nothing listens.

    Back door: ``is_connected`` is what the controller sees, ``cut`` breaks every connection and
    allows no other until ``mend``, ``true_T_BE`` is that of ``ArmContract``.
    """

    lost_within_s = 2.0  # until every call knows

    def is_connected(self) -> bool:
        raise NotImplementedError

    def cut(self) -> None:
        raise NotImplementedError

    def mend(self) -> None:
        raise NotImplementedError

    def test_constructing_opens_nothing_and_entering_needs_somebody(self, stray_arm) -> None:
        before = _open_sockets(), threading.active_count()
        arm = stray_arm()
        assert (_open_sockets(), threading.active_count()) == before
        with pytest.raises(NotConnectedError), arm:
            pass

    def test_it_is_connected_inside_with_and_only_there(self, arm, clock) -> None:
        clock.sleep_until(clock.now_s() + 0.1)
        assert not self.is_connected()
        with arm:
            assert self.is_connected()
        self._wait_until(lambda: not self.is_connected(), clock)

    def test_a_lost_connection_is_raised_by_every_call_until_connected_anew(
        self, arm, clock
    ) -> None:
        calls = (arm.state, arm.stop, lambda: arm.command_twist(UP))
        with arm:
            self.stream(arm, clock, UP, 0.2)
            self.cut()
            with pytest.raises(DeviceError):
                self.stream(arm, clock, UP, 5.0)
            self._wait_until(lambda: _is_lost(arm), clock)
            for call in (*calls, *calls):
                with pytest.raises(NotConnectedError):
                    call()
        self.mend()
        with arm:
            before = self.true_T_BE()
            self.stream(arm, clock, UP, 0.4)
            assert self.true_T_BE().translation_to_m(before) > 0.01

    def _wait_until(self, condition, clock) -> None:
        end_s = clock.now_s() + self.lost_within_s
        while not condition():
            assert clock.now_s() < end_s
            clock.sleep_until(clock.now_s() + 0.02)


def _is_lost(arm) -> bool:
    try:
        arm.state()
    except DeviceError as error:
        return isinstance(error, NotConnectedError)
    return False


def _open_sockets() -> set[str]:
    """Of this process, whoever opened them: a maker's library need not use Python's."""
    found = set()
    for descriptor in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found.add(os.readlink(f"/proc/self/fd/{descriptor}"))
    return {name for name in found if name.startswith("socket:")}
