"""What is read from a Universal Robots controller without its client library."""

import struct

import numpy as np
import pytest
from universal_robots import primary_messages, ur5e

from hardware.arms.controller_clock import ControllerClock
from hardware.arms.ur_configuration import parse_configuration
from hardware.arms.ur_pose import se3_from_ur
from mt3.errors import DeviceError


def test_limits_and_dimensions_are_found_behind_other_packages() -> None:
    message = primary_messages.robot_state(primary_messages.configuration())
    found = parse_configuration(message)
    np.testing.assert_array_equal(found.lower, ur5e.LOWER)
    np.testing.assert_array_equal(found.upper, ur5e.UPPER)
    np.testing.assert_array_equal(found.dh_a, ur5e.DH.a)
    np.testing.assert_array_equal(found.dh_d, ur5e.DH.d)


def test_fields_that_later_software_appends_are_passed_over() -> None:
    package = primary_messages.configuration() + bytes(12)
    package = struct.pack(">i", len(package)) + package[4:]
    np.testing.assert_array_equal(
        parse_configuration(primary_messages.robot_state(package)).dh_d, ur5e.DH.d
    )


def test_a_message_without_configuration_holds_none() -> None:
    assert parse_configuration(primary_messages.robot_state(b"")) is None
    assert parse_configuration(struct.pack(">iB", 5, 20)) is None


def test_a_cut_off_message_is_refused() -> None:
    message = primary_messages.robot_state(primary_messages.configuration())
    with pytest.raises(DeviceError, match="does not fit"):
        parse_configuration(message[:-20])


def test_a_pose_is_a_point_and_a_rotation_vector() -> None:
    T = se3_from_ur([0.1, 0.2, 0.3, 0.0, 0.0, np.pi / 2])
    np.testing.assert_allclose(T @ np.array([1.0, 0.0, 0.0]), [0.1, 1.2, 0.3], atol=1e-12)


class TestControllerClock:
    def test_the_packet_that_travelled_fastest_sets_the_clock(self) -> None:
        clock, rng = ControllerClock(), np.random.default_rng(0)
        errors = []
        for k in range(5000):
            stamp_s = 0.002 * k
            received_s = stamp_s + 70.0 + 0.001 + rng.exponential(0.002)
            mapped_s = clock.host_time(stamp_s, received_s)
            assert mapped_s <= received_s
            errors.append(mapped_s - (stamp_s + 70.0))
        assert 0.001 <= max(errors[500:]) < 0.0012

    @pytest.mark.parametrize("drift", [1e-4, -1e-4])
    def test_it_follows_a_drift(self, drift) -> None:
        clock = ControllerClock()
        for k in range(100_000):
            stamp_s = 0.01 * k
            received_s = stamp_s * (1 + drift) + 0.001
            mapped_s = clock.host_time(stamp_s, received_s)
        assert abs(mapped_s - received_s) < 0.002
