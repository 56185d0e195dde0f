"""A workplace without physics for teleoperation devices, and fake vendors' devices."""

import ctypes
from pathlib import Path

import numpy as np

from mt3.geometry import SE3
from mt3.interfaces import ArmState, GripperState


class StepClock:
    def __init__(self) -> None:
        self.t_s = 100.0

    def now_s(self) -> float:
        return self.t_s

    def sleep_until(self, t_s: float) -> None:
        self.t_s = max(self.t_s, t_s)


class StillArm:
    """Rests, tool down, fingers turned by some angle."""

    T_BE = SE3.from_rotation_translation(
        SE3.from_yaw(0.7).R @ np.diag([-1.0, 1.0, -1.0]), [0.4, 0, 0.3]
    )

    def __init__(self, clock) -> None:
        self.clock = clock

    def state(self) -> ArmState:
        return ArmState(self.clock.now_s(), np.zeros(7), self.T_BE, np.zeros(6))


class StillGripper:
    command = 1.0

    def state(self) -> GripperState:
        return GripperState(0.0, self.command, self.command)


class Rig:
    """What a device's builder needs of a scene, and the arm beside it."""

    def __init__(self, clock=None) -> None:
        self.clock = clock or StepClock()
        self.gripper = StillGripper()
        self.arm = StillArm(self.clock)

    def in_base(self, V_E):
        """A twist's two parts along the axes of the arm's base."""
        R = self.arm.state().T_BE.R
        return np.concatenate([R @ V_E[:3], R @ V_E[3:]])


class FakeHid:
    """A SpaceNavigator at the lowest seam: the reports that hidapi hands over.

    While its cap is deflected it reports all the time, and one last time as it is let go.
    """

    vendor_id, product_id, path = 0x046D, 0xC626, "/dev/hidraw9"
    product_string, manufacturer_string = "SpaceNavigator", "3Dconnexion"
    release_number, serial_number = 1, ""

    def __init__(self, clock) -> None:
        self.clock = clock
        self.is_open = self.unplugged = False
        self.counts = np.zeros(6, dtype=int)  # right, towards the user, down; turns about them
        self.queue = []
        self.reported_s = -1.0
        self.silent = False

    def hold(self, counts) -> None:
        if tuple(self.counts) != tuple(counts):
            self.counts = np.array(counts)
            self._report()

    def press(self, bits: int) -> None:
        self.queue.append(bytes([3, bits, 0, 0, 0, 0, 0]))

    def open(self) -> None:
        self.is_open = True

    def close(self) -> None:
        self.is_open = False

    def set_nonblocking(self, enabled) -> None:
        assert enabled is True

    def read(self, size):
        if self.unplugged:
            raise OSError("Failed to read from HID device: -1")
        if not self.queue and self.counts.any() and self.clock.now_s() > self.reported_s:
            self._report()
        return bytearray(self.queue.pop(0).ljust(size, b"\0")) if self.queue else bytearray()

    def _report(self) -> None:
        if not self.silent:
            self.reported_s = self.clock.now_s()
            for channel, part in ((1, self.counts[:3]), (2, self.counts[3:])):
                self.queue.append(bytes([channel]) + part.astype("<i2").tobytes())


class FakeHidBus:
    """Stands for ``easyhid.Enumeration``."""

    def __init__(self, devices) -> None:
        self.devices = devices

    def __call__(self):
        return self

    def find(self):
        return self.devices


class VirtualPad:
    """A gamepad that SDL itself simulates: pygame cannot tell it from a real one."""

    def __init__(self, pygame) -> None:
        folder = Path(pygame.__file__).parents[1] / "pygame.libs"
        library = next(iter(folder.glob("libSDL2-2*")), None)
        self.sdl = ctypes.CDLL(str(library or "libSDL2-2.0.so.0"))
        self.sdl.SDL_JoystickFromInstanceID.restype = ctypes.c_void_p
        self.sdl.SDL_JoystickOpen.restype = ctypes.c_void_p
        self.plug_in()

    def plug_in(self) -> None:
        gamecontroller, axes, buttons, hats = 1, 6, 15, 0
        self.index = self.sdl.SDL_JoystickAttachVirtual(gamecontroller, axes, buttons, hats)
        assert self.index >= 0
        self.joystick = ctypes.c_void_p(self.sdl.SDL_JoystickOpen(self.index))

    def unplug(self) -> None:
        if self.index >= 0:
            assert self.sdl.SDL_JoystickDetachVirtual(self.index) == 0
        self.index = -1

    def axis(self, number: int, value: float) -> None:
        raw = ctypes.c_int16(round(value * 32767))
        assert self.sdl.SDL_JoystickSetVirtualAxis(self.joystick, number, raw) == 0

    def button(self, number: int, down: bool) -> None:
        assert self.sdl.SDL_JoystickSetVirtualButton(self.joystick, number, int(down)) == 0
