"""Every teleoperation device keeps the contract; vendors' devices are faked at the lowest seam."""

import signal
import subprocess
import sys

import numpy as np
import pytest
from device_contracts import TeleopContract
from hydra import compose, initialize_config_module
from hydra.core.utils import setup_globals
from hydra.utils import instantiate
from teleop_rig import FakeHid, FakeHidBus, Rig, VirtualPad

from mt3.errors import DeviceError, NotConnectedError, SafetyViolation
from mt3.geometry import SE3
from mt3.motion.tool_limits import ToolLimits
from mt3.safety import GuardedArm, SafetyLimits
from mt3.task import TaskDescription
from sim.staging import stage
from sim.workplace import build_demonstrator_teleop

LIMITS = SafetyLimits(0.02, 0.9, ToolLimits(0.25, 1.0, 2.0, 8.0), (0, -1, -1), (1, 1, 1), 0, 0.005)


def build(name, rig, *typed):
    """A device as its YAML says, and as a session builds it."""
    setup_globals()
    with initialize_config_module("mt3.configs", version_base=None):
        cfg = compose(f"teleop/{name}", overrides=list(typed))
    return instantiate(cfg.teleop, _convert_="all")(scene=rig, arm=rig.arm)


@pytest.fixture
def rig():
    return Rig()


@pytest.fixture
def clock(rig):
    return rig.clock


def held(teleop, clock, seconds=0.6, each=lambda: None):
    """The last command after some time, during which something is done before each read."""
    for _ in range(round(seconds * 60)):
        each()
        command = teleop.read()
        clock.sleep_until(clock.now_s() + 1 / 60)
    return command


class TestKeyboard(TeleopContract):
    stops_within_s = 0.15 + 5 * 0.03

    @pytest.fixture
    def teleop(self, rig):
        self.device = build("keyboard", rig)
        return self.device

    def is_connected(self):
        try:
            self.device.read()
        except NotConnectedError:
            return False
        return True

    def deflect(self, teleop):
        teleop.press(["left"])

    def release(self, teleop):
        pass

    @pytest.mark.parametrize(
        ("key", "axis", "sign"),
        [
            *(("up", 0, 1), ("down", 0, -1), ("left", 1, 1), ("right", 1, -1), ("w", 2, 1)),
            *(("s", 2, -1), (",", 5, 1), (".", 5, -1), ("t", 4, 1), ("v", 3, -1), ("n", 3, 1)),
        ],
    )
    def test_left_is_left_whatever_the_hand_points_to(self, rig, clock, key, axis, sign):
        with build("keyboard", rig) as teleop:
            command = held(teleop, clock, each=lambda: teleop.press([key]))
        expected = np.zeros(6)
        expected[axis] = sign * 0.3 * (0.1 if axis < 3 else 0.5)
        np.testing.assert_allclose(rig.in_base(command.V_BE_E), expected, atol=1e-6)

    def test_left_is_left_from_opposite_the_arm(self, rig, clock):
        with build("keyboard", rig, f"teleop.mapping.operator_yaw_rad={np.pi}") as teleop:
            command = held(teleop, clock, each=lambda: teleop.press(["left"]))
        assert rig.in_base(command.V_BE_E)[1] == pytest.approx(-0.03, abs=1e-6)

    def test_in_the_tool_frame_the_tool_decides(self, rig, clock):
        with build("keyboard", rig, "teleop.mapping.frame=tool") as teleop:
            command = held(teleop, clock, each=lambda: teleop.press(["left"]))
        np.testing.assert_allclose(command.V_BE_E, [0, 0.03, 0, 0, 0, 0], atol=1e-6)

    def test_one_press_is_a_nudge_of_a_fixed_length(self, rig, clock):
        """However fast or slow it is read, and however often the key sat in one read."""
        lengths = []
        for rate_hz, keys in ((60, ["up"]), (200, ["up"]), (60, ["up"] * 30)):
            with build("keyboard", rig, "teleop.smoothing_s=0") as teleop:
                teleop.press(keys)
                moved_m = 0.0
                for _ in range(rate_hz):
                    moved_m += np.linalg.norm(teleop.read().V_BE_E[:3]) / rate_hz
                    clock.sleep_until(clock.now_s() + 1 / rate_hz)
            lengths.append(moved_m)
        np.testing.assert_allclose(lengths, 0.03 * 0.15, atol=0.03 / 60)

    def test_the_opposite_key_turns_round_at_once(self, rig, clock):
        with build("keyboard", rig, "teleop.smoothing_s=0") as teleop:
            teleop.press(["up"])
            teleop.press(["down", "left"])
            V_B = rig.in_base(teleop.read().V_BE_E)
        assert V_B[0] < 0 < V_B[1]
        assert np.linalg.norm(V_B[:3]) == pytest.approx(0.03)  # a diagonal is no faster

    def test_gripper_and_speed_have_keys(self, rig, clock):
        with build("keyboard", rig, "teleop.smoothing_s=0") as teleop:
            teleop.press(["g"])
            assert [teleop.read().opening, teleop.read().opening] == [0.0, None]
            rig.gripper.command = 0.0
            teleop.press(["g"])
            assert teleop.read().opening == 1.0
            teleop.press(["+", "+", "+", "up"])
            assert np.linalg.norm(teleop.read().V_BE_E) == pytest.approx(0.1)
            teleop.press(["-"] * 5)
            assert np.linalg.norm(teleop.read().V_BE_E) == pytest.approx(0.01)


class TestScripted(TeleopContract):
    acts_alone = True

    @pytest.fixture
    def teleop(self, rig):
        moving = "{t_s: 0.2, twist: [0, 0, 0.03, 0, 0, 0]}"
        steps = f"[{moving}, {{t_s: 0.9, opening: 0.0, buttons: [mark]}}]"
        self.device = build("scripted", rig, f"teleop.steps={steps}")
        return self.device

    is_connected = TestKeyboard.is_connected

    def deflect(self, teleop):
        pass

    def release(self, teleop):
        pass

    def test_nothing_between_two_reads_is_lost(self, teleop, clock):
        with teleop:
            teleop.read()
            clock.sleep_until(clock.now_s() + 5.0)
            command = teleop.read()
            assert (command.opening, command.buttons) == (0.0, ("mark",))
            assert teleop.read().buttons == ()


class TestHandGuiding(TeleopContract):
    asks_for_twists = False

    @pytest.fixture
    def rig(self, guided_arm):
        rig = Rig(guided_arm)
        self.driver = guided_arm
        rig.arm = GuardedArm(guided_arm, guided_arm.model, LIMITS, SE3.identity(), guided_arm)
        return rig

    @pytest.fixture
    def teleop(self, rig):
        return build("hand_guiding", rig)

    def is_connected(self):
        return self.driver.in_freedrive

    def deflect(self, teleop):
        pass

    def release(self, teleop):
        pass

    def test_the_gripper_has_a_key(self, teleop):
        with teleop:
            teleop.press(["g", "x"])
            assert [teleop.read().opening, teleop.read().opening] == [0.0, None]

    def test_a_stale_arm_ends_it(self, teleop):
        with teleop:
            self.driver.state_age_s = 1.0
            with pytest.raises(SafetyViolation):
                teleop.read()
            assert not self.driver.in_freedrive

    def test_a_stop_ends_it_and_is_no_silence(self, teleop, rig):
        with teleop:
            rig.arm.stop()
            with pytest.raises(DeviceError, match="stopped"):
                teleop.read()

    def test_it_goes_on_after_a_stop_where_it_is_told_to(self, teleop, rig):
        with teleop:
            rig.arm.stop()
            teleop.resume()
            assert self.driver.in_freedrive
            assert teleop.read().V_BE_E is None

    def test_one_that_does_not_end_hides_no_error(self, teleop, caplog):
        self.driver.ends_badly = True
        with pytest.raises(KeyError, match="mine"), teleop:
            raise KeyError("mine")
        assert "did not end" in caplog.text


class TestSpaceMouse(TeleopContract):
    @pytest.fixture
    def teleop(self, rig, monkeypatch):
        pytest.importorskip("pyspacemouse")
        self.hid = FakeHid(rig.clock)
        self.bus = FakeHidBus([self.hid])
        monkeypatch.setattr("pyspacemouse.api.Enumeration", self.bus)
        return build("spacemouse", rig)

    def is_connected(self):
        return self.hid.is_open

    def deflect(self, teleop):
        self.hid.hold([350, 0, 0, 0, 0, 0])

    def release(self, teleop):
        self.hid.hold([0] * 6)

    @pytest.mark.parametrize(
        ("pushed", "axis", "sign"),
        [(0, 1, -1), (1, 0, -1), (2, 2, -1), (3, 4, -1), (4, 3, -1), (5, 5, -1)],
    )
    def test_the_tool_moves_as_the_cap_does(self, teleop, rig, clock, pushed, axis, sign):
        """The cap's axes: right, towards the person, down, right-handed turns about them."""
        counts = np.zeros(6, dtype=int)
        counts[pushed] = 350
        with teleop:
            held(teleop, clock, 0.3)
            command = held(teleop, clock, each=lambda: self.hid.hold(counts))
        expected = np.zeros(6)
        expected[axis] = sign * 0.5 * (0.15 if axis < 3 else 0.7)
        np.testing.assert_allclose(rig.in_base(command.V_BE_E), expected, atol=1e-4)

    def test_a_cap_that_falls_silent_counts_as_let_go(self, teleop, clock):
        with teleop:
            held(teleop, clock, 0.3)
            assert held(teleop, clock, each=lambda: self.deflect(teleop)).V_BE_E.any()
            self.hid.silent = True
            assert held(teleop, clock, 0.15).V_BE_E.any()
            assert not held(teleop, clock, 0.5).V_BE_E.any()

    def test_a_cap_held_while_connecting_moves_nothing_until_let_go(self, teleop, clock):
        self.deflect(teleop)
        with teleop:
            assert not held(teleop, clock, 1.0).V_BE_E.any()
            self.release(teleop)
            held(teleop, clock, 0.1)
            self.deflect(teleop)
            assert held(teleop, clock, 0.5).V_BE_E.any()

    def test_each_press_of_a_button_counts_once(self, teleop):
        with teleop:
            for bits in (2, 0, 2, 2, 0, 1, 0):
                self.hid.press(bits)
            command = teleop.read()
            assert command.buttons == ("mark", "mark")
            assert command.opening == 0.0
            assert teleop.read().buttons == ()

    def test_unplugging_is_an_error(self, teleop):
        with teleop:
            self.hid.unplugged = True
            with pytest.raises(NotConnectedError, match="unplugged"):
                teleop.read()
        assert not self.hid.is_open

    def test_without_one_it_says_what_to_do(self, teleop):
        self.bus.devices = []
        with pytest.raises(NotConnectedError, match="plug it in"), teleop:
            pass


class TestGamepad(TeleopContract):
    @pytest.fixture
    def teleop(self, rig, monkeypatch):
        monkeypatch.setenv("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        pygame = pytest.importorskip("pygame")
        self.device = build("gamepad", rig)
        with pytest.raises(NotConnectedError), self.device:
            pass  # starts SDL, without which there is no virtual pad
        self.pad = VirtualPad(pygame)
        yield self.device
        self.pad.unplug()

    def is_connected(self):
        return self.device._pad is not None

    def deflect(self, teleop):
        self.pad.axis(0, -1.0)

    def release(self, teleop):
        self.pad.axis(0, 0.0)

    @pytest.mark.parametrize(
        ("number", "axis", "sign"), [(0, 1, -1), (1, 0, -1), (2, 5, -1), (3, 2, -1)]
    )
    def test_sticks_move_the_tool_as_they_are_pushed(self, teleop, rig, clock, number, axis, sign):
        with teleop:
            held(teleop, clock, 0.3)
            self.pad.axis(number, 1.0)
            command = held(teleop, clock)
        expected = np.zeros(6)
        expected[axis] = sign * 0.5 * (0.15 if axis < 3 else 0.7)
        np.testing.assert_allclose(rig.in_base(command.V_BE_E), expected, atol=1e-4)

    def test_a_pad_that_falls_silent_counts_as_let_go(self, teleop, clock):
        with teleop:
            held(teleop, clock, 0.3)
            self.pad.axis(0, 0.8)
            assert held(teleop, clock, 1.9).V_BE_E.any()
            assert not held(teleop, clock, 0.6).V_BE_E.any()
            self.pad.axis(0, 0.7)
            assert held(teleop, clock, 0.3).V_BE_E.any()

    def test_buttons_count_once_and_precise_is_slow_while_held(self, teleop, clock):
        with teleop:
            for number in (0, 2):
                self.pad.button(number, True)
            command = held(teleop, clock, 1 / 60)
            assert (command.opening, command.buttons) == (0.0, ("mark",))
            assert held(teleop, clock, 0.3).buttons == ()
            self.pad.axis(1, -1.0)
            fast = np.linalg.norm(held(teleop, clock).V_BE_E)
            self.pad.button(7, True)
            slow = np.linalg.norm(held(teleop, clock).V_BE_E)
        assert fast == pytest.approx(0.075, rel=1e-3)
        assert slow == pytest.approx(0.03, rel=1e-3)

    def test_unplugging_is_an_error(self, teleop):
        with teleop:
            self.pad.unplug()
            with pytest.raises(NotConnectedError, match="unplugged"):
                teleop.read()

    def test_without_one_it_says_what_to_do(self, teleop):
        self.pad.unplug()
        with pytest.raises(NotConnectedError, match="plug one in"), teleop:
            pass

    def test_one_plugged_in_later_is_found(self, teleop):
        self.pad.unplug()
        with pytest.raises(NotConnectedError), teleop:
            pass
        self.pad.plug_in()
        with teleop:
            teleop.read()

    def test_a_process_with_a_pad_can_be_ended(self, teleop):
        """SDL took SIGTERM for itself, and the process lived on."""
        code = """
import os, signal
from hardware.teleop.gamepad import Gamepad
from mt3.errors import NotConnectedError
try:
    Gamepad(None).__enter__()
except NotConnectedError:
    os.kill(os.getpid(), signal.SIGTERM)
"""
        done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
        assert done.returncode == -signal.SIGTERM


class TestSimDemonstrator(TeleopContract):
    acts_alone = True
    deflected_for_s = 2.0
    stops_within_s = 20.0
    fastest_m_s, fastest_rad_s = 0.2, 0.9

    @pytest.fixture
    def scene(self):
        with stage(TaskDescription.parse("push the box"), 6, distractors=0) as scene:
            yield scene

    @pytest.fixture
    def clock(self, scene):
        return scene.clock

    @pytest.fixture
    def teleop(self, scene):
        self.scene, self.begun = scene, False
        self.device = build_demonstrator_teleop(scene, scene.arm, "push the box", 6)
        return self.device

    is_connected = TestKeyboard.is_connected

    def send(self, command):
        self.scene.arm.command_twist(command.V_BE_E)
        if command.opening is not None:
            self.scene.gripper.command(command.opening)

    def deflect(self, teleop):
        if not self.begun:
            teleop.press(["g"])
        self.begun = True

    def release(self, teleop):
        self.begun = False


@pytest.mark.parametrize(
    ("name", "module"), [("spacemouse", "pyspacemouse"), ("gamepad", "pygame._sdl2.controller")]
)
def test_without_the_vendor_package_the_error_names_the_extra(rig, monkeypatch, name, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(DeviceError, match=rf"pip install 'mt3-robot\[{name}\]'"), build(name, rig):
        pass
