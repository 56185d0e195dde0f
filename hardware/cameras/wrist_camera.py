"""A camera that the arm carries."""

import time
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from hardware.cameras.arm_states import ArmStates
from hardware.cameras.camera_driver import CameraDriver
from hardware.cameras.device_thread import DeviceThread
from mt3.errors import NotConnectedError
from mt3.geometry import SE3
from mt3.interfaces import Arm
from mt3.perception import RGBD

_POLL_S = 0.01
_LEAVE_S = 1.0


class WristCamera:
    """Implements ``Camera`` with a driver whose pose follows from the arm's.

    ``T_WC = T_WB @ T_BE @ T_EC``, with ``T_BE`` at the time of the image: from the states before
    and after it, not from the newest, which is some hundredths of a second younger.

    Args:
        driver: Takes the images.
        arm: Carries it, connected before; only its ``state`` is called, from a thread of its own.
        T_WB: Pose of the arm's base in W.
        T_EC: Pose of the camera at the tool centre point.
    """

    def __init__(self, driver: CameraDriver, arm: Arm, T_WB: SE3, T_EC: SE3) -> None:
        self._driver, self._arm = driver, arm
        self._T_WB, self._T_EC = T_WB, T_EC
        self._states = ArmStates()
        self._thread: DeviceThread | None = None
        self._leave = ExitStack()

    def __enter__(self) -> Self:
        """Connect the driver, and begin to note where the arm is.

        Raises:
            DeviceError: The driver's, or the arm's.
        """
        self._states = ArmStates()
        self._states.add(self._arm.state())
        with ExitStack() as undo:
            thread = DeviceThread(f"arm under camera {self._driver.name}", self._note)
            undo.callback(thread.stop, _LEAVE_S)
            thread.start()
            undo.enter_context(self._driver)
            self._thread = thread
            self._leave = undo.pop_all()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._thread = None
        self._leave.__exit__(exc_type, exc, traceback)

    def read(self, max_age_s: float) -> RGBD:
        """The newest images with the camera's pose when they were taken.

        Raises:
            StaleDataError: They are older than ``max_age_s``, or no state of the arm is near them.
            NotConnectedError: Outside the ``with`` block, or camera or arm was lost.
        """
        if self._thread is None:
            name = self._driver.name
            raise NotConnectedError(f"camera {name}: not connected, use it inside `with`")
        self._thread.check()
        i = self._driver.read(max_age_s)
        T_WC = self._T_WB @ self._states.T_BE(i.t_s) @ self._T_EC
        return RGBD(i.color, i.depth_m, i.intrinsics, T_WC, i.t_s, self._driver.name)

    def _note(self) -> None:
        self._states.add(self._arm.state())
        time.sleep(_POLL_S)
