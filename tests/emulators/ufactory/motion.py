"""What the controller does with the arm: modes, states, errors, and its own watchdog."""

import math
from collections import deque
from collections.abc import Sequence

import numpy as np

from ufactory.frames import ERROR_BIT, NOT_READY_BIT, Snapshot, matrix
from ufactory.xarm6 import AXES, DEVICE_TYPE, LOWER, START, UPPER, xarm6

POSITION, SERVO, MANUAL, VELOCITY = 0, 1, 2, 5
MOVING, READY, PAUSED, STOPPED, RESET = 1, 2, 3, 4, 5
EMERGENCY_STOP, JOINT_LIMIT = 1, 23

_TICK_S = 0.004  # of the maker's controller: 250 Hz
_SERVO_LAG_S = 0.008
_STILL_RAD_S = 1e-3  # slower than this is no motion
_LOGGED_TICKS = 250 * 120


class Motion:
    """The controller's state machine and the arm it moves; time comes from outside.

    A velocity with a duration is kept at most that long, one without it for ever, whatever becomes
    of the client. Source: xarm-python-sdk 1.18.4, ``vc_set_cartesian_velocity``, ``duration``.

    ``hand_moves``, ``press_emergency_stop``, ``release_emergency_stop`` and ``fail`` are the
    world's.

    Args:
        now_s: Now.
        q: Joints at the start, (6,), rad.
        tcp_offset: x, y, z in mm, then roll, pitch, yaw in rad.
        payload: kg, then its centre of mass, mm.
    """

    def __init__(
        self,
        now_s: float,
        q: Sequence[float] = START,
        tcp_offset: tuple = (0.0,) * 6,
        payload: tuple = (0.0,) * 4,
    ) -> None:
        self.arm = xarm6()
        self._start = tuple(q), tcp_offset, payload
        self.last_packet_s = 0.0
        self._now_s = now_s
        self._counter = 0
        self.start_again()

    def start_again(self) -> None:
        """Be as at the start."""
        q, tcp_offset, self.payload = self._start
        self.set_tcp_offset(tcp_offset)
        self.mode, self.state, self.error = POSITION, STOPPED, 0
        self.enabled, self.simulated, self.queued = True, False, 0
        self.axes, self.device_type = AXES, DEVICE_TYPE
        self.world_offset = (0.0,) * 6
        self.max_acceleration_m_s2 = 2.0
        self.commands: deque = deque(maxlen=10_000)
        self.ticks: deque = deque(maxlen=_LOGGED_TICKS)
        self._pressed = False
        self.arm.place(np.array(q))
        self.arm.qd = np.zeros(len(q))
        self._rest()

    # Commands of a client.

    def set_tcp_offset(self, offset: tuple) -> None:
        self.tcp_offset = tuple(offset)
        self.arm.T_flange_tool = matrix(self.tcp_offset)

    def set_mode(self, mode: int) -> None:
        self._rest()
        self.mode, self.state = mode, RESET

    def set_state(self, state: int) -> None:
        if state != 0:
            self._rest()
            self.state = state
        elif self.error == 0 and self.enabled:
            self.state = READY

    def enable(self, enabled: bool) -> None:
        self._rest()
        self.enabled, self.state = enabled and not self._pressed, RESET

    def clear_error(self) -> None:
        self.error = EMERGENCY_STOP if self._pressed else 0

    def set_twist(self, twist: np.ndarray, in_tool: bool, duration_s: float) -> None:
        """Move at mm/s and rad/s."""
        self.commands.append(("twist", self._now_s, tuple(twist), duration_s))
        if self._obeys(VELOCITY):
            self._twist = np.concatenate([twist[:3] / 1000.0, twist[3:]])
            self._in_tool = in_tool
            self._expires_s = self._now_s + duration_s if duration_s > 0 else math.inf

    def servo_to(self, q: np.ndarray) -> None:
        self.commands.append(("joints", self._now_s, tuple(q)))
        if self._obeys(SERVO):
            if not self.within_limits(q):
                self.fail(JOINT_LIMIT)
            else:
                self.arm.servo_to(q, _SERVO_LAG_S)

    # The world around the controller.

    def fail(self, error: int) -> None:
        """An error, which stops all motion until it is cleared."""
        self._rest()
        self.error, self.state = error, STOPPED

    def press_emergency_stop(self) -> None:
        self._pressed, self.enabled = True, False
        self.fail(EMERGENCY_STOP)

    def release_emergency_stop(self) -> None:
        self._pressed = False

    def hand_moves(self, q: Sequence[float], qd: Sequence[float], t_s: float) -> None:
        """A hand moves the joints, which the controller allows in manual mode only."""
        if self.mode != MANUAL or self.state != READY:
            raise RuntimeError(f"the arm is stiff: mode {self.mode}, state {self.state}")
        self.arm.guide(np.array(q), np.array(qd), max(0.0, self._now_s - t_s))

    # What a client can know.

    def status(self) -> int:
        """Bits that every answer carries."""
        return (ERROR_BIT if self.error else 0) | (NOT_READY_BIT if self.state >= PAUSED else 0)

    def reported_state(self) -> int:
        busy = self.state == READY and (self.moves() or self.queued)
        return MOVING if busy else self.state

    def moves(self) -> bool:
        """Whether the controller commands its joints to move now."""
        return self.mode != MANUAL and bool(np.abs(self.arm.qd).max() > _STILL_RAD_S)

    def within_limits(self, q: np.ndarray) -> bool:
        return bool((q >= LOWER).all() and (q <= UPPER).all())

    def snapshot(self) -> Snapshot:
        self._counter += 1
        return Snapshot(
            self.reported_state(),
            self.mode,
            self.error,
            self.enabled,
            self.arm.q,
            matrix(self.world_offset) @ self.arm.pose(),
            self.tcp_offset,
            self.world_offset,
            self.payload,
            self.axes,
            self.device_type,
            self.simulated,
            self._counter,
        )

    # Time.

    def advance(self, now_s: float) -> None:
        """Move on to a moment."""
        while (left_s := now_s - self._now_s) > 1e-6:
            dt = min(left_s, _TICK_S)
            self._now_s += dt
            self._tick(dt)

    def _tick(self, dt: float) -> None:
        if self._twist is not None:
            if self._now_s >= self._expires_s:
                self._twist = np.zeros(6)
            R = self.arm.pose()[:3, :3] if self._in_tool else np.eye(3)
            V_base = np.concatenate([R @ self._twist[:3], R @ self._twist[3:]])
            self.arm.move_by_twist(V_base, self.max_acceleration_m_s2)
        self.arm.tick(dt)
        if not self.within_limits(self.arm.q):
            self.arm.q = np.clip(self.arm.q, LOWER, UPPER)
            self.fail(JOINT_LIMIT)
        self.ticks.append((self._now_s, self.last_packet_s, self.arm.q, self.arm.qd))

    def _rest(self) -> None:
        self._twist: np.ndarray | None = None
        self._expires_s, self._in_tool = math.inf, False
        self.arm.hold()

    def _obeys(self, mode: int) -> bool:
        return self.mode == mode and self.state == READY
