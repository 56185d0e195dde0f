"""What a Robotiq gripper does beyond the contract, against the emulated one."""

import functools
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from emulator_process import EmulatorProcess
from universal_robots import UrEmulator

from hardware.grippers.robotiq import RobotiqGripper
from mt3.errors import ConfigurationError, DeviceError, NotConnectedError

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("priority")]

HOST = "127.0.2.3"
MOVED_S = 1.5


@pytest.fixture(scope="module")
def emulators():
    with EmulatorProcess(functools.partial(UrEmulator, HOST)) as emulator:
        yield emulator


@pytest.fixture
def emulator(emulators):
    emulators.call("reset")
    return emulators


def test_constructing_never_connects(emulator) -> None:
    gripper = RobotiqGripper(HOST)
    assert emulator.call("status")["clients"] == 0
    with gripper:
        assert emulator.call("status")["clients"] == 1


def openings_for(emulator, duration_s: float) -> list[float]:
    """What the fingers truly did."""
    openings, end_s = [], time.monotonic() + duration_s
    while time.monotonic() < end_s:
        openings.append(emulator.call("opening"))
        time.sleep(0.01)
    return openings


def test_an_inactive_gripper_moves_only_where_it_may_be_activated(emulator) -> None:
    """A dry run activated it, which opens and closes the fingers."""
    emulator.call("switch_gripper_off")
    with RobotiqGripper(HOST, activate=False) as gripper:
        openings = openings_for(emulator, 0.7)
        assert gripper.state().opening == pytest.approx(openings[-1], abs=0.02)
        with pytest.raises(DeviceError, match="activate=true"):
            gripper.command(0.3)
        gripper.stop()
    openings += openings_for(emulator, 0.3)
    assert max(openings) - min(openings) < 1e-9
    with RobotiqGripper(HOST) as gripper:
        gripper.command(0.5)
        time.sleep(MOVED_S)
    with RobotiqGripper(HOST, activate=False) as gripper:  # active by now, and so it obeys
        gripper.command(1.0)
        time.sleep(MOVED_S)
        assert emulator.call("opening") == pytest.approx(1.0, abs=0.02)


def test_activation_moves_the_fingers(emulator) -> None:
    emulator.call("switch_gripper_off")
    with ThreadPoolExecutor() as pool:
        seen = pool.submit(openings_for, emulator, 1.5)
        with RobotiqGripper(HOST):
            pass
        assert min(seen.result()) < 0.5


def test_an_object_stops_the_fingers_and_stays_held_through_a_stop(emulator) -> None:
    with RobotiqGripper(HOST) as gripper:
        gripper.command(1.0)
        time.sleep(MOVED_S)
        emulator.call("set_obstacle", 0.4)
        gripper.command(0.0)
        time.sleep(MOVED_S)
        assert gripper.state().opening == pytest.approx(0.4, abs=0.02)
        assert gripper.state().command == 0.0
        gripper.stop()
        time.sleep(0.2)
        assert gripper.state().command == 0.0
        emulator.call("set_obstacle", None)  # fingers that still press go on to close
        time.sleep(MOVED_S)
        assert emulator.call("opening") == pytest.approx(0.0, abs=0.02)


def test_leaving_stops_the_fingers(emulator) -> None:
    with RobotiqGripper(HOST, speed_mm_s=20.0) as gripper:
        gripper.command(1.0)
        time.sleep(0.2)
        gripper.command(0.0)
        time.sleep(0.3)
    left_at = emulator.call("opening")
    time.sleep(0.5)
    assert emulator.call("opening") == pytest.approx(left_at, abs=0.01)


@pytest.mark.parametrize("fault", ["cut", "fall_silent"])
def test_a_lost_gripper_is_reported_until_connected_anew(emulator, fault) -> None:
    gripper = RobotiqGripper(HOST)
    with gripper:
        emulator.call(fault)
        time.sleep(1.0)
        for call in (gripper.state, gripper.stop, lambda: gripper.command(0.5)):
            with pytest.raises(NotConnectedError, match="connect anew"):
                call()
    emulator.call("mend")
    with gripper:
        assert gripper.state().opening == pytest.approx(emulator.call("opening"), abs=0.02)


def test_no_gripper_says_what_to_do() -> None:
    with pytest.raises(NotConnectedError, match="URCap"), RobotiqGripper("127.0.2.77"):
        pass


def test_fingers_that_reach_neither_end_are_counted_from_where_they_reach(emulator) -> None:
    with RobotiqGripper(HOST, open_count=15, closed_count=215) as gripper:
        gripper.command(0.5)
        time.sleep(MOVED_S)
        assert emulator.call("opening") == pytest.approx(1.0 - 115 / 255, abs=0.005)
        assert gripper.state().opening == pytest.approx(0.5, abs=0.005)


@pytest.mark.parametrize("wrong", [{"speed_mm_s": 0.0}, {"force_n": -1.0}, {"closed_count": 0}])
def test_values_that_cannot_be_are_refused(wrong) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        RobotiqGripper(HOST, **wrong)
