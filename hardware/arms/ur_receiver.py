"""What a Universal Robots controller reports, one consistent packet at a time."""

import time

import numpy as np

from hardware.arms.controller_clock import ControllerClock
from hardware.arms.ur_client import UrClient
from hardware.arms.ur_pose import se3_from_ur
from hardware.arms.wrench import wrench_at_tool
from mt3.errors import StaleDataError
from mt3.interfaces import ArmState
from mt3.types import FloatArray

_STALE_S = 0.1


class UrReceiver:
    """Reads states, and knows how old the newest is.

    Args:
        host: Of the controller, for messages.
        client: Connected ``RTDEReceiveInterface``.
        p_E_sensed: About which point of E the controller tells the torque on the tool, (3,), m.
    """

    def __init__(self, host: str, client: UrClient, p_E_sensed: FloatArray) -> None:
        self.client = client
        self._p_E_sensed = p_E_sensed
        self._host = host
        self._clock = ControllerClock()
        self._stamp_s, self._received_s = -1.0, time.monotonic()

    def age_s(self) -> float:
        """Time since a packet with a new stamp was seen, seconds."""
        stamp_s, now_s = self.client.getTimestamp(), time.monotonic()
        if stamp_s != self._stamp_s:
            self._stamp_s, self._received_s = stamp_s, now_s
            self._clock.host_time(stamp_s, now_s)
        return now_s - self._received_s

    def state(self) -> ArmState:
        """The newest state.

        Raises:
            StaleDataError: It is old.

        Source:
            Universal Robots, script manual e-Series, ``get_tcp_force``, of which RTDE's
            ``actual_TCP_force`` is the value: along the axes of the base. That a tool pushed up
            tells a positive z, is not said there but seen by users of the robots.
        """
        age_s = self.age_s()
        if age_s > _STALE_S:
            raise StaleDataError(
                f"{self._host}: got the last state {age_s:.2f} s ago, expected one within "
                f"{_STALE_S} s; check the network"
            )
        while True:  # the client's getters may answer from one packet each
            stamp_s = self.client.getTimestamp()
            joints = np.array(self.client.getActualQ())
            T_BE = se3_from_ur(self.client.getActualTCPPose())
            v_B, w_B = np.reshape(self.client.getActualTCPSpeed(), (2, 3))
            wrench_B = np.array(self.client.getActualTCPForce())
            if self.client.getTimestamp() == stamp_s:
                break
        R_EB = T_BE.R.T
        V_BE_E = np.concatenate([R_EB @ v_B, R_EB @ w_B])
        wrench_E = wrench_at_tool(R_EB, self._p_E_sensed, wrench_B)
        t_s = self._clock.host_time(stamp_s, time.monotonic())
        return ArmState(t_s, joints, T_BE, V_BE_E, wrench_E)
