"""What a Universal Robots controller tells about its arm: joint limits and dimensions.

Source: Universal Robots, "Primary and Secondary Interfaces" guide, robot state message: sub-package
6, configuration data.
"""

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mt3.errors import DeviceError, NotConnectedError
from mt3.types import FloatArray

PRIMARY_PORT = 30001
_ROBOT_STATE, _CONFIGURATION = 16, 6
_PER_JOINT = 8  # numbers: two limits, speed, acceleration, a, d, alpha, theta
_COMMON_BYTES = 5 * 8 + 4 * 4  # default speeds and accelerations, radius; four versions
_PATIENCE_S = 2.0  # the interface sends ten messages a second


@dataclass(frozen=True, slots=True, eq=False)
class UrConfiguration:
    """Joint limits and nominal dimensions of an arm.

    Args:
        lower: Least joint positions, (n,), rad.
        upper: Greatest joint positions, (n,), rad.
        dh_a: Denavit-Hartenberg a, (n,), metres.
        dh_d: Denavit-Hartenberg d, (n,), metres.
    """

    lower: FloatArray
    upper: FloatArray
    dh_a: FloatArray
    dh_d: FloatArray


def parse_configuration(message: bytes) -> UrConfiguration | None:
    """The configuration in a message of the primary interface, if it holds one.

    Args:
        message: The whole message, its size and type included.

    Raises:
        DeviceError: The message contradicts itself.
    """
    if len(message) < 5 or message[4] != _ROBOT_STATE:
        return None
    bodies = (body for kind, body in _packages(message) if kind == _CONFIGURATION)
    body = next(bodies, None)
    if body is None:
        return None
    n = (len(body) - _COMMON_BYTES) // (8 * _PER_JOINT)
    if n < 1:
        raise DeviceError(f"configuration data: got {len(body)} bytes, expected more")
    numbers = np.frombuffer(body, ">f8", count=_PER_JOINT * n + 5).astype(np.float64)
    limits = numbers[: 2 * n].reshape(n, 2)
    dimensions = numbers[4 * n + 5 :].reshape(4, n)
    return UrConfiguration(limits[:, 0], limits[:, 1], dimensions[0], dimensions[1])


def read_configuration(host: str) -> UrConfiguration:
    """Ask a controller for its configuration.

    Raises:
        NotConnectedError: Its primary interface is closed, or tells nothing.
        DeviceError: A message that contradicts itself.
    """
    try:
        with socket.create_connection((host, PRIMARY_PORT), _PATIENCE_S) as primary:
            for _ in range(20):
                (size,) = struct.unpack(">i", _exactly(primary, 4))
                if not 5 <= size < 1_000_000:
                    raise DeviceError(f"{host}: got a message of {size} bytes, expected a sane one")
                message = struct.pack(">i", size) + _exactly(primary, size - 4)
                if found := parse_configuration(message):
                    return found
    except OSError as error:
        raise NotConnectedError(
            f"{host}:{PRIMARY_PORT}: the primary interface does not answer ({error}); allow it on "
            "the pendant under Settings, Security, Services"
        ) from error
    raise DeviceError(f"{host}: got 20 messages without configuration data, expected it in each")


def _packages(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and body of each sub-package of a robot state message."""
    at = 5
    while at < len(message):
        size, kind = struct.unpack_from(">iB", message, at) if len(message) - at >= 5 else (0, 0)
        if size < 5 or at + size > len(message):
            raise DeviceError(f"robot state: got a sub-package of {size} bytes that does not fit")
        yield kind, message[at + 5 : at + size]
        at += size


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise ConnectionError("closed")
        data += more
    return data
