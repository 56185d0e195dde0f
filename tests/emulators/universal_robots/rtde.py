"""The real-time data exchange of port 30004, version 2.

Source: Universal Robots, "Real-Time Data Exchange (RTDE) Guide": packages, fields and their types.
"""

import struct
from collections.abc import Callable, Mapping

from universal_robots.endpoint import Connection, Peer

_VERSION, _CONTROLLER, _TEXT, _DATA = ord("V"), ord("v"), ord("M"), ord("U")
_OUTPUTS, _INPUTS, _START, _PAUSE = ord("O"), ord("I"), ord("S"), ord("P")

_FORMATS = {
    "BOOL": "?",
    "UINT8": "B",
    "UINT32": "I",
    "UINT64": "Q",
    "INT32": "i",
    "DOUBLE": "d",
    "VECTOR3D": "3d",
    "VECTOR6D": "6d",
    "VECTOR6INT32": "6i",
    "VECTOR6UINT32": "6I",
}
_OUTPUT_NAMES = {
    "DOUBLE": "timestamp actual_execution_time speed_scaling target_speed_fraction "
    "actual_momentum actual_main_voltage actual_robot_voltage actual_robot_current "
    "standard_analog_input0 standard_analog_input1 standard_analog_output0 "
    "standard_analog_output1 payload",
    "VECTOR6D": "target_q target_qd target_qdd target_current target_moment actual_q actual_qd "
    "actual_current joint_control_output actual_TCP_pose actual_TCP_speed actual_TCP_force "
    "target_TCP_pose target_TCP_speed joint_temperatures actual_joint_voltage ft_raw_wrench "
    "payload_inertia tcp_offset",
    "VECTOR3D": "actual_tool_accelerometer payload_cog",
    "VECTOR6INT32": "joint_mode",
    "UINT64": "actual_digital_input_bits actual_digital_output_bits",
    "UINT32": "runtime_state robot_status_bits safety_status_bits",
    "INT32": "robot_mode safety_mode",
}
_TYPES = {name: kind for kind, names in _OUTPUT_NAMES.items() for name in names.split()}


def _output_type(name: str) -> str:
    if name.startswith("output_int_register_"):
        return "INT32"
    if name.startswith("output_double_register_"):
        return "DOUBLE"
    return _TYPES.get(name, "NOT_FOUND")


def _input_type(name: str) -> str:
    if name.startswith("input_int_register_"):
        return "INT32"
    if name.startswith("input_double_register_"):
        return "DOUBLE"
    return "VECTOR6D" if name == "external_force_torque" else "NOT_FOUND"


def _names(text: bytes) -> list[str]:
    """Names of a comma list; ur_rtde ends its own with a comma."""
    return [name for name in text.decode().split(",") if name]


class RtdeClient(Peer):
    """One client: its recipes, and whether it wants data.

    Args:
        connection: To it.
        version: Of the controller's software, four numbers.
        write: Takes what the client sets, by name.
    """

    def __init__(
        self,
        connection: Connection,
        version: tuple[int, int, int, int],
        write: Callable[[Mapping[str, object]], None],
    ) -> None:
        self._connection = connection
        self._version = version
        self._write = write
        self._buffer = b""
        self._inputs: list[tuple[list[str], struct.Struct, list[str]]] = []
        self._outputs: list[str] = []
        self._output_format = struct.Struct(">")
        self._period, self._due = 1, 0  # ticks
        self.started = False

    @property
    def writes(self) -> bool:
        """Whether it has claimed inputs."""
        return bool(self._inputs)

    def received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= 3:
            size, kind = struct.unpack_from(">HB", self._buffer)
            if len(self._buffer) < size:
                return
            payload, self._buffer = self._buffer[3:size], self._buffer[size:]
            self._package(kind, payload)

    def publish(self, tick: int, read: Callable[[str], object]) -> None:
        """Send the outputs it asked for, if this tick is one of its own."""
        if not self.started or tick < self._due or self._connection.congested:
            return
        self._due = tick + self._period
        values: list[object] = []
        for name in self._outputs:
            value = read(name)
            values.extend(value if isinstance(value, list) else [value])
        self._reply(_DATA, b"\1" + self._output_format.pack(*values))

    def _package(self, kind: int, payload: bytes) -> None:
        if kind == _VERSION:
            self._reply(kind, b"\1")
        elif kind == _CONTROLLER:
            self._reply(kind, struct.pack(">4I", *self._version))
        elif kind == _OUTPUTS:
            self._reply(kind, b"\1" + self._set_outputs(payload))
        elif kind == _INPUTS:
            types = self._set_inputs(_names(payload))
            self._reply(kind, bytes([len(self._inputs)]) + types)
        elif kind in (_START, _PAUSE):
            self.started = kind == _START
            self._reply(kind, b"\1")
        elif kind == _DATA:
            self._take(payload)

    def _set_outputs(self, payload: bytes) -> bytes:
        (rate_hz,) = struct.unpack_from(">d", payload)
        fastest_hz = 125 if self._version[0] < 5 else 500
        self._period = max(1, round(500 / min(rate_hz, fastest_hz)))
        self._outputs = _names(payload[8:])
        types = [_output_type(name) for name in self._outputs]
        if "NOT_FOUND" not in types:
            self._output_format = struct.Struct(">" + "".join(_FORMATS[kind] for kind in types))
        return ",".join(types).encode()

    def _set_inputs(self, names: list[str]) -> bytes:
        types = [_input_type(name) for name in names]
        packed = struct.Struct(">" + "".join(_FORMATS[kind] for kind in types))
        self._inputs.append((names, packed, types))
        return ",".join(types).encode()

    def _take(self, payload: bytes) -> None:
        names, packed, types = self._inputs[payload[0] - 1]
        values = list(packed.unpack(payload[1:]))
        found: dict[str, object] = {}
        for name, kind in zip(names, types, strict=True):
            count = 6 if kind == "VECTOR6D" else 1
            found[name] = values[:count] if count > 1 else values[0]
            values = values[count:]
        self._write(found)

    def _reply(self, kind: int, payload: bytes) -> None:
        self._connection.send(struct.pack(">HB", 3 + len(payload), kind) + payload)
