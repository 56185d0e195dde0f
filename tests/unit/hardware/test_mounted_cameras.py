"""Where a camera is: on a stand, or on a moving wrist at the time of its image."""

import time

import numpy as np
import pytest

from hardware.cameras.arm_states import ArmStates
from hardware.cameras.camera_driver import CameraImages
from hardware.cameras.stand_camera import StandCamera
from hardware.cameras.wrist_camera import WristCamera
from mt3.errors import DeviceError, NotConnectedError, StaleDataError
from mt3.geometry import SE3
from mt3.interfaces import ArmState
from mt3.perception import Intrinsics

INTRINSICS = Intrinsics(50.0, 50.0, 19.5, 14.5, 40, 30)
V_BE_E = np.array([0.2, -0.1, 0.05, 0.3, -0.4, 0.6])
T_BE_0 = SE3.from_yaw(0.7, (0.4, 0.1, 0.3))
T_WB = SE3.from_yaw(-0.5, (0.1, 0.2, 0.0))
T_EC = SE3.from_quat_xyzw((0.1, 0.7, 0.1, 0.7), (0.0, 0.06, -0.05))


def T_BE_true(t_s: float) -> SE3:
    """An arm that always moves along one twist."""
    return T_BE_0 @ SE3.from_twist(V_BE_E * t_s)


def state(t_s: float) -> ArmState:
    return ArmState(t_s, np.zeros(6), T_BE_true(t_s), V_BE_E)


class Driver:
    """Images of some time ago."""

    name = "wrist"

    def __init__(self, age_s=0.06) -> None:
        self.age_s, self.connected, self.seen = age_s, False, []

    def __enter__(self):
        self.connected = True
        return self

    def __exit__(self, exc_type, *_) -> None:
        self.connected = False
        self.seen.append(exc_type)

    def read(self, max_age_s: float) -> CameraImages:
        color, depth_m = np.zeros((30, 40, 3), np.uint8), np.ones((30, 40), np.float32)
        return CameraImages(color, depth_m, INTRINSICS, time.monotonic() - self.age_s)


class Arm:
    """Moves since the test began, and measures itself at every read, or fails."""

    def __init__(self) -> None:
        self.begin_s, self.error, self.reads = time.monotonic(), None, 0

    def state(self) -> ArmState:
        self.reads += 1
        if self.error is not None:
            raise self.error
        t_s = time.monotonic()
        return ArmState(t_s, np.zeros(6), T_BE_true(t_s - self.begin_s), V_BE_E)


def after(seconds: float, done) -> None:
    """Wait for what a thread does soon."""
    due_s = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < due_s
        time.sleep(0.005)


def test_a_camera_on_a_stand_is_where_it_was_calibrated() -> None:
    driver = Driver(age_s=0.0)
    with StandCamera(driver, T_WB) as camera:
        rgbd = camera.read(1.0)
        assert driver.connected
    assert not driver.connected
    assert rgbd.T_WC.is_close(T_WB, 1e-12, 1e-9)
    assert rgbd.camera == "wrist"


def test_between_two_states_the_arm_is_interpolated_on_the_group() -> None:
    states = ArmStates()
    for t_s in (1.0, 1.05, 1.1):
        states.add(state(t_s))
    for t_s in (1.0, 1.01, 1.049, 1.05, 1.08, 1.1):
        assert states.T_BE(t_s).is_close(T_BE_true(t_s), 1e-9, 1e-7)


def test_a_little_beyond_the_newest_state_its_twist_leads_on() -> None:
    states = ArmStates()
    states.add(state(1.0))
    assert states.T_BE(1.02).is_close(T_BE_true(1.02), 1e-9, 1e-7)
    with pytest.raises(StaleDataError, match="since the newest state"):
        states.T_BE(1.04)


def test_a_gap_between_states_is_not_bridged() -> None:
    states = ArmStates()
    states.add(state(1.0))
    states.add(state(1.2))
    with pytest.raises(StaleDataError, match="between two states"):
        states.T_BE(1.1)


def test_before_the_first_state_nothing_is_known() -> None:
    states = ArmStates()
    with pytest.raises(StaleDataError, match="there is none"):
        states.T_BE(1.0)
    for t_s in np.arange(0.0, 5.0, 0.05):
        states.add(state(t_s))
    with pytest.raises(StaleDataError, match="first state that is kept"):
        states.T_BE(2.0)  # it was there once
    states.T_BE(4.0)


def test_the_same_state_again_is_harmless_and_an_older_one_is_refused() -> None:
    states = ArmStates()
    states.add(state(1.0))
    states.add(state(1.0))
    with pytest.raises(DeviceError, match="time went back"):
        states.add(state(0.9))


def test_a_wrist_camera_is_where_the_arm_was_when_it_saw() -> None:
    """The image is 60 ms old; with the newest state the pose would be 14 mm off."""
    arm = Arm()
    with WristCamera(Driver(), arm, T_WB, T_EC) as camera:
        time.sleep(0.15)
        rgbd = camera.read(1.0)
    expected = T_WB @ T_BE_true(rgbd.t_s - arm.begin_s) @ T_EC
    assert rgbd.T_WC.is_close(expected, 1e-6, 1e-6)


def test_an_image_from_before_the_camera_was_connected_has_no_pose() -> None:
    camera = WristCamera(Driver(age_s=0.5), Arm(), T_WB, T_EC)
    with camera, pytest.raises(StaleDataError, match="first state that is kept"):
        camera.read(1.0)


def test_an_arm_that_is_lost_ends_its_camera() -> None:
    arm = Arm()
    with WristCamera(Driver(), arm, T_WB, T_EC) as camera:
        arm.error = NotConnectedError("arm: gone")
        reads = arm.reads
        after(5.0, lambda: arm.reads > reads)
        time.sleep(0.05)
        arm.error = None
        with pytest.raises(NotConnectedError, match="gone"):  # it stays so
            camera.read(1.0)


def test_an_arm_that_is_not_connected_is_said_at_once() -> None:
    arm, driver = Arm(), Driver()
    arm.error = NotConnectedError("arm: not connected")
    with pytest.raises(NotConnectedError, match="arm"), WristCamera(driver, arm, T_WB, T_EC):
        pass
    assert not driver.connected


def test_leaving_disconnects_and_stops_asking_the_arm() -> None:
    arm, driver = Arm(), Driver()
    with pytest.raises(KeyError), WristCamera(driver, arm, T_WB, T_EC) as camera:
        raise KeyError("mine")
    assert driver.seen == [KeyError]
    reads = arm.reads
    time.sleep(0.1)
    assert arm.reads == reads
    with pytest.raises(NotConnectedError, match="inside `with`"):
        camera.read(1.0)
