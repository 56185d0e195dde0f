"""The robot behind the ports: its arm, its program, its watchdog and its safety system."""

import time
from collections import deque
from collections.abc import Mapping

import cv2
import numpy as np
from kinematic_arm import KinematicArm

from universal_robots import ur5e
from universal_robots.control_script import ControlScript, ScriptError

TICK_S = 0.002
_BOOTED_S = 5000.0  # its clock when the emulator starts: not the host's
_STOPPED, _PLAYING, _PAUSED = 1, 2, 4  # runtime_state
_POWER_OFF, _IDLE, _RUNNING = 3, 5, 7  # robot_mode; idle: the brakes are on
_MOTIONS = {1, 9, 10, 11}
_LOGGED_TICKS = 60_000  # two minutes
_UNMODELLED = {
    **dict.fromkeys(
        (
            "target_qdd",
            "target_current",
            "target_moment",
            "actual_current",
            "joint_control_output",
            "joint_temperatures",
            "actual_joint_voltage",
            "ft_raw_wrench",
            "payload_inertia",
        ),
        [0.0] * 6,
    ),
    "joint_mode": [253] * 6,
    "actual_tool_accelerometer": [0.0] * 3,
    "speed_scaling": 1.0,
    "target_speed_fraction": 1.0,
}


class Machine:
    """A UR5e, moved on by ``tick``.

    A program that its watchdog stops brakes as hard as the joints may: what the maker does not
    say, is assumed here.

    Args:
        q: Joints at the start, (6,), rad.
        tcp_offset: x, y, z, and the rotation vector, in the flange; m and rad.
        payload_kg: Mass of the tool.
        payload_cog: Its centre of mass in the flange, (3,), metres.
        e_series: It tells the torque on its tool about the flange, a CB3 about the tool centre
            point. Source: Universal Robots, script manual, get_tcp_force.
    """

    def __init__(
        self,
        q: np.ndarray,
        tcp_offset: list[float],
        payload_kg: float,
        payload_cog: list[float],
        e_series: bool = True,
    ) -> None:
        T = np.eye(4)
        T[:3, :3] = cv2.Rodrigues(np.array(tcp_offset[3:], float))[0]
        T[:3, 3] = tcp_offset[:3]
        self.arm = KinematicArm(
            ur5e.DH, np.array(q, float), ur5e.MAX_VELOCITY, ur5e.MAX_ACCELERATION, T
        )
        self.tcp_offset = list(tcp_offset)
        self.push_N = np.zeros(3)  # on the tool centre point, along the base
        self._e_series = e_series
        self.payload = (payload_kg, list(payload_cog))
        self.inputs: dict[str, object] = {}
        self.outputs: dict[str, object] = {"output_int_register_0": 0}
        self.program: ControlScript | None = None
        self.foreign_program = False
        self.remote = True
        self.protective_stop = self.emergency_stop = self.brakes_on = False
        self.refusing = False
        self.why_stopped = ""
        self.watchdog_hz = 0.0
        self.last_packet_s = self._started_s = self.now_s = time.monotonic()
        self._fields_at = 0.0
        self._pose_of: np.ndarray | None = None
        self.motions: deque[tuple[float, int, list[float]]] = deque(maxlen=100_000)
        self.log: deque[tuple[float, float, np.ndarray, np.ndarray]] = deque(maxlen=_LOGGED_TICKS)

    # What its ports bring.

    def write(self, values: Mapping[str, object]) -> None:
        """Take input registers from a client."""
        if self.refusing:
            return
        self.last_packet_s = time.monotonic()
        self.inputs.update(values)
        command = int(self.inputs.get("input_int_register_0", 0))
        if command in _MOTIONS and len(values) > 1:
            target = [float(values[f"input_double_register_{k}"]) for k in range(6)]
            self.motions.append((self.last_packet_s, command, target))

    def start_program(self) -> None:
        """Run the control script, if the robot may run a program at all; the last one ends."""
        if not self.remote or not self.ready:
            return
        self.stop_program("replaced")
        self.program = ControlScript(
            self.arm, self.inputs, self.outputs, self.tcp_offset, self._set_watchdog
        )

    def stop_program(self, why: str) -> None:
        """End whatever program runs; watchdogs end with it.

        Source: Universal Robots, script manual, rtde_set_watchdog.
        """
        if self.program is not None or self.foreign_program:
            self.why_stopped = why
        self.program, self.foreign_program, self.watchdog_hz = None, False, 0.0
        self.arm.hold()

    # What happens.

    @property
    def ready(self) -> bool:
        """Whether power is on, brakes are off and no stop is active."""
        return not (self.protective_stop or self.emergency_stop or self.brakes_on)

    def tick(self, now_s: float, dt: float = TICK_S) -> None:
        """Move on by a control cycle; by several at once where the host was late."""
        self.now_s = now_s
        if self.emergency_stop:
            self.stop_program("emergency stop")
        if self.watchdog_hz > 0 and now_s - self.last_packet_s > 1 / self.watchdog_hz:
            self.stop_program("watchdog")
        if self.program is not None and not self.protective_stop and not self.refusing:
            self._run_program(self.program)
        self.arm.tick(dt)
        beyond = (self.arm.q < ur5e.LOWER) | (self.arm.q > ur5e.UPPER)
        if beyond.any() and not self.protective_stop:
            self.stop_for_protection()
        self.log.append((now_s, self.last_packet_s, self.arm.q.copy(), self.arm.qd.copy()))

    def stop_for_protection(self) -> None:
        """Protective stop: the arm brakes, the program is paused."""
        self.protective_stop = True
        self.arm.hold()

    def _run_program(self, program: ControlScript) -> None:
        try:
            program.step()
        except ScriptError as error:
            self.stop_program(str(error))
        else:
            if program.ended:
                self.stop_program("ended")

    def _set_watchdog(self, hz: float) -> None:
        self.watchdog_hz = hz

    # What it tells.

    def output(self, name: str) -> object:
        """A field of the real-time data exchange; zero where nothing is modelled."""
        if name in self.outputs:
            return self.outputs[name]
        if name.startswith("output_"):
            return 0
        return self._fields().get(name, 0)

    def _fields(self) -> dict[str, object]:
        """All fields at this tick, made once."""
        if self._fields_at != self.now_s:
            self._fields_at = self.now_s
            self._made = {**_UNMODELLED, **self._motion(), **self._status()}
        return self._made

    def _motion(self) -> dict[str, object]:
        q, qd = self.arm.q.tolist(), self.arm.qd.tolist()
        if self._pose_of is not self.arm.q:
            pose = self.arm.pose()
            rotvec = cv2.Rodrigues(pose[:3, :3])[0].ravel()  # ten times as fast as scipy's
            self._pose_of, self._pose = self.arm.q, [*pose[:3, 3].tolist(), *rotvec.tolist()]
        speed = self.arm.twist().tolist()
        return {
            "timestamp": self.now_s - self._started_s + _BOOTED_S,
            "target_q": q,
            "actual_q": q,
            "target_qd": qd,
            "actual_qd": qd,
            "actual_TCP_pose": self._pose,
            "target_TCP_pose": self._pose,
            "actual_TCP_speed": speed,
            "target_TCP_speed": speed,
            "actual_TCP_force": self._wrench(),
            "payload": self.payload[0],
            "payload_cog": self.payload[1],
            "tcp_offset": self.tcp_offset,
        }

    def _wrench(self) -> list[float]:
        tool = self.arm.T_flange_tool
        R_base_flange = self.arm.pose()[:3, :3] @ tool[:3, :3].T
        lever_m = R_base_flange @ tool[:3, 3] if self._e_series else np.zeros(3)
        return [*self.push_N.tolist(), *np.cross(lever_m, self.push_N).tolist()]

    def _status(self) -> dict[str, object]:
        running = self.program is not None or self.foreign_program
        powered = not self.emergency_stop
        mode = _POWER_OFF if self.emergency_stop else _IDLE if self.brakes_on else _RUNNING
        paused = running and self.protective_stop
        return {
            "runtime_state": _PAUSED if paused else _PLAYING if running else _STOPPED,
            "robot_mode": mode,
            "safety_mode": 7 if self.emergency_stop else 3 if self.protective_stop else 1,
            "robot_status_bits": int(powered) | int(running and not paused) << 1,
            "safety_status_bits": int(self.ready)
            | int(self.protective_stop) << 2
            | int(self.emergency_stop) << 6
            | int(self.emergency_stop) << 7,
        }
