"""When a RealSense took a frame, on the host's monotonic clock.

How the SDK stamps (librealsense, rs_frame.h, ``rs2_timestamp_domain``): ``get_timestamp`` gives
milliseconds. In the domain GLOBAL_TIME the camera's own clock was converted to the system clock, by
a line that the SDK fits to readings of both clocks all the time (global_timestamp_reader.cpp); in
SYSTEM_TIME the system clock was read when the frame came to the host. The system clock there is
``std::chrono::system_clock``, which is Python's ``time.time()``.

Both are the host's wall clock, which may be set and slewed. So a stamp is turned at once into an
age, and the age is taken off ``time.monotonic()``: only a step of the wall clock between the
exposure and this moment, a few hundredths of a second, can get into the result.

A GLOBAL_TIME stamp marks the beginning of readout, not the exposure. Where the camera also says
when both were on its own clock (``rs2_frame_metadata_value``: FRAME_TIMESTAMP, "when data readout
and transmit commence", and SENSOR_TIMESTAMP, "middle of sensor's exposure", microseconds), their
difference is taken off too. In SYSTEM_TIME exposure, readout and transfer remain inside.
"""

import time
from typing import Any

from mt3.errors import DeviceError

MAX_EARLY_S = 0.005  # the fitted line errs by so much in normal use
_MAX_READOUT_S = 0.2
_COUNTER_US = 1 << 32  # the camera's counter of microseconds begins anew after 72 minutes


def exposure_time_s(rs: Any, frame: Any) -> float:  # noqa: ANN401  # pyrealsense2 has no types
    """Time of the middle of a frame's exposure, on ``time.monotonic()``.

    Args:
        rs: The module pyrealsense2.
        frame: One of its frames, just arrived.

    Returns:
        Seconds; later than now where the SDK's conversion is wrong at the moment.

    Raises:
        DeviceError: The frame is stamped with the camera's own clock, or its stamps make no sense.
    """
    domain = frame.get_frame_timestamp_domain()
    now_s, wall_s = time.monotonic(), time.time()
    age_s = wall_s - frame.get_timestamp() * 1e-3
    if domain == rs.timestamp_domain.global_time:
        age_s += _readout_s(rs, frame)
    elif domain != rs.timestamp_domain.system_time:
        raise DeviceError(
            f"camera stamps: got {domain}, expected global or system time; switch on the sensor "
            "option global_time_enabled"
        )
    return float(now_s - age_s)


def _readout_s(rs: Any, frame: Any) -> float:  # noqa: ANN401
    """From the middle of the exposure to the moment of the frame's stamp; 0 where nobody knows."""
    begin, middle = (
        rs.frame_metadata_value.frame_timestamp,
        rs.frame_metadata_value.sensor_timestamp,
    )
    if not all(frame.supports_frame_metadata(key) for key in (begin, middle)):
        return 0.0
    difference_us = frame.get_frame_metadata(begin) - frame.get_frame_metadata(middle)
    readout_s = (difference_us % _COUNTER_US) * 1e-6
    if readout_s > _MAX_READOUT_S:
        raise DeviceError(
            f"camera stamps: got {readout_s:.3f} s from exposure to readout, expected at most "
            f"{_MAX_READOUT_S} s; update the camera's firmware"
        )
    return float(readout_s)
