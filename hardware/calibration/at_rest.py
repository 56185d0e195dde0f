"""Measurements of an arm that does not move: its pose, and images that were taken there."""

import numpy as np

from mt3.errors import DeviceError, StaleDataError
from mt3.interfaces import Arm, ArmState, Camera, Clock
from mt3.perception import RGBD

_REST_M_S, _REST_RAD_S = 0.002, 0.01
_SAME_M, _SAME_RAD = 2e-4, 1e-3
_PATIENCE_S, _PERIOD_S = 3.0, 0.02
_MAX_AGE_S = 1.0


class ArmMovesError(DeviceError):
    """An arm that should have been held still."""


def wait_for_rest(arm: Arm, clock: Clock) -> ArmState:
    """The arm's state once it is at rest.

    Raises:
        ArmMovesError: It goes on moving.
    """
    end_s = clock.now_s() + _PATIENCE_S
    while True:
        state = arm.state()
        speed, turn = np.linalg.norm(state.V_BE_E[:3]), np.linalg.norm(state.V_BE_E[3:])
        if speed < _REST_M_S and turn < _REST_RAD_S:
            return state
        if clock.now_s() > end_s:
            raise ArmMovesError(f"arm: still moves at {1e3 * speed:.1f} mm/s, hold it still")
        clock.sleep_until(clock.now_s() + _PERIOD_S)


def read_at_rest(
    arm: Arm, camera: Camera, clock: Clock, count: int = 1
) -> tuple[tuple[RGBD, ...], ArmState]:
    """Images taken after the arm came to rest, all different, and where it was.

    Args:
        arm: The arm.
        camera: The camera.
        clock: Of both.
        count: How many images.

    Raises:
        ArmMovesError: The arm moves.
        StaleDataError: The camera gives no new image.
    """
    state = wait_for_rest(arm, clock)
    frames: list[RGBD] = []
    newest_s, end_s = state.t_s, clock.now_s() + _PATIENCE_S
    while len(frames) < count:
        frame = camera.read(_MAX_AGE_S)
        if frame.t_s > newest_s:
            frames.append(frame)
            newest_s, end_s = frame.t_s, clock.now_s() + _PATIENCE_S
        elif clock.now_s() > end_s:
            raise StaleDataError(f"camera {frame.camera}: no new image for {_PATIENCE_S} s")
        clock.sleep_until(clock.now_s() + _PERIOD_S)
    if not arm.state().T_BE.is_close(state.T_BE, _SAME_M, _SAME_RAD):
        raise ArmMovesError("arm: moved while the image was taken, hold it still")
    return tuple(frames), state
