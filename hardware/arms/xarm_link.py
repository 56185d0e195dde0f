"""The conversation with one xArm controller: units, modes and answers."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from hardware import ufactory_sdk
from mt3.errors import DeviceError
from mt3.geometry import SE3
from mt3.types import FloatArray

WATCHDOG_S = 0.05  # the controller gives up a twist that is not renewed for this long

_MM_PER_M = 1000.0
_STOP = 4
_READY_TIMEOUT_S = 1.0


class Mode(IntEnum):
    """Modes of the controller. Source: xarm-python-sdk, ``set_mode``."""

    POSITION = 0
    SERVO = 1
    MANUAL = 2
    CARTESIAN_VELOCITY = 5


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Where the arm is.

    Args:
        t_s: Middle of the request for the pose, on the monotonic clock.
        delay_s: How long that request took.
        joints: (n,), rad, at ``t_s``.
        T_BE: Pose of the tool centre point, as the controller has it.
    """

    t_s: float
    delay_s: float
    joints: FloatArray
    T_BE: SE3


class XArmLink:
    """Sends and reads in SI units; every refusal raises.

    Args:
        api: A connected ``XArmAPI`` in radians.
        axes: Number of joints, n.
    """

    def __init__(self, api: Any, axes: int) -> None:  # noqa: ANN401
        self._api = api
        self._axes = axes
        self._mode: Mode | None = None

    @property
    def mode(self) -> Mode | None:
        """What moves the arm; None where nothing does."""
        return self._mode

    def enter(self, mode: Mode) -> None:
        """Make the controller accept commands of a mode, at rest; does nothing if it does.

        Raises:
            DeviceError: The controller refuses.
        """
        if self._mode is mode:
            return
        self._mode = None
        self._require(self._api.set_mode(int(mode)), f"mode {mode.name.lower()}")
        self._require(self._api.set_state(0), "motion state")
        self._wait_until_ready()
        self._mode = mode
        if mode is Mode.CARTESIAN_VELOCITY:
            self.send_twist(np.zeros(6))

    def send_twist(self, V_BE_E: FloatArray) -> None:
        """Move along a twist of E in B, in E, for at most ``WATCHDOG_S``.

        The controller itself ends it then, whatever has become of us. Source: xarm-python-sdk
        1.18.4, ``vc_set_cartesian_velocity``: mm/s and rad/s, ``duration`` in seconds.
        """
        self.enter(Mode.CARTESIAN_VELOCITY)
        speeds = [*(V_BE_E[:3] * _MM_PER_M).tolist(), *V_BE_E[3:].tolist()]
        code = self._api.vc_set_cartesian_velocity(
            speeds, is_radian=True, is_tool_coord=True, duration=WATCHDOG_S
        )
        self._require(code, "twist")

    def send_joints(self, joints: FloatArray) -> None:
        """Go to joints (n,), rad, at once; steps must be small."""
        code = self._api.set_servo_angle_j(joints.tolist(), is_radian=True)
        self._require(code, "joint target")

    def halt(self) -> None:
        """Brake as hard as the controller does, and accept no command until ``enter``."""
        guided, self._mode = self._mode is Mode.MANUAL, None
        self._require(self._api.set_state(_STOP), "stop")
        if guided:
            self._require(self._api.set_mode(int(Mode.POSITION)), "end of the manual mode")

    def read(self) -> Reading:
        """Ask where the arm is.

        Raises:
            NotConnectedError: No answer.
            DeviceError: The controller has an error.
        """
        asked_s = time.monotonic()
        code, (joints, velocities, *_) = self._api.get_joint_states(is_radian=True)
        self._require(code, "joint states")
        before_s = time.monotonic()
        code, pose = self._api.get_position(is_radian=True)
        after_s = time.monotonic()
        self._require(code, "tool position")
        if self._api.has_err_warn:
            ufactory_sdk.require_no_error(self._api)
        t_s = 0.5 * (before_s + after_s)
        later_s = t_s - 0.5 * (asked_s + before_s)
        q = np.array(joints[: self._axes]) + later_s * np.array(velocities[: self._axes])
        return Reading(t_s, after_s - before_s, q, pose_from_mm_rpy(pose))

    def close(self) -> None:
        """End the conversation; the arm does what it did."""
        self._api.disconnect()

    def _wait_until_ready(self) -> None:
        end_s = time.monotonic() + _READY_TIMEOUT_S
        while True:
            code, state = self._api.get_state()
            self._require(code, "state")
            if state <= 2:
                return
            if time.monotonic() > end_s:
                ufactory_sdk.require_no_error(self._api)
                raise DeviceError(
                    f"controller: got state {state} for {_READY_TIMEOUT_S} s, expected it to be "
                    "ready for motion; enable the arm in UFACTORY Studio"
                )
            time.sleep(0.002)

    def _require(self, code: int, what: str) -> None:
        ufactory_sdk.require(self._api, code, what)


def pose_from_mm_rpy(pose: Sequence[float]) -> SE3:
    """A pose as the controller writes it.

    Args:
        pose: x, y, z in mm, then roll, pitch, yaw in rad about the fixed axes x, y, z.

    Source: xArm Developer Manual V1.8.5, "Terms and Definitions".
    """
    roll, pitch, yaw = pose[3:6]
    about_x = SE3.from_twist([0, 0, 0, roll, 0, 0])
    about_y = SE3.from_twist([0, 0, 0, 0, pitch, 0])
    turned = SE3.from_yaw(yaw) @ about_y @ about_x
    return SE3.from_translation(np.array(pose[:3]) / _MM_PER_M) @ turned
