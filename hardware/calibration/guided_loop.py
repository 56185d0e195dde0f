"""The loop in which an operator moves the arm, and keys of the terminal take measurements."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mt3.errors import ConfigurationError, SafetyViolation
from mt3.interfaces import Arm, Clock, Keys, Teleop
from mt3.safety import Limit

_NOT_THE_OPERATORS = (Limit.COMMAND, Limit.STALE_STATE)  # limits that no moving back mends


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationRig:
    """The connected devices of a calibration; whoever made it disconnects them.

    Args:
        arm: The guarded arm.
        clock: Of arm and camera.
        keys: Key presses of the operator.
        teleop: What moves the arm; None where the arm's own pendant does.
        rate_hz: Turns of the loop in a second.
        real_time: Let a simulated clock pass no faster than time itself; a person needs it.
    """

    arm: Arm
    clock: Clock
    keys: Keys
    teleop: Teleop | None
    rate_hz: float = 30.0
    real_time: bool = False


class GuidedLoop:
    """Drives the arm as the operator asks, and calls what the keys stand for.

    The gripper is left alone, whatever the operator's device asks: it may hold the board.

    Args:
        rig: The devices.
        actions: What each key does.

    Raises:
        ConfigurationError: The operator's device uses one of these keys.
    """

    def __init__(self, rig: CalibrationRig, actions: Mapping[str, Callable[[], None]]) -> None:
        taken = set(actions) & set(rig.teleop.keys if rig.teleop is not None else ())
        if taken:
            raise ConfigurationError(
                f"teleop: uses the keys {', '.join(sorted(taken))}, which calibration needs; give "
                "the device others"
            )
        self._rig, self._actions = rig, actions
        self._stopped = False
        self.over = False
        self.message = ""

    def run(self, show: Callable[[], None]) -> None:
        """Loop until ``over``; ``show`` is called in each turn. Leaves the arm at rest.

        Raises:
            DeviceError: A device failed.
        """
        clock, period_s = self._rig.clock, 1.0 / self._rig.rate_hz
        try:
            while not self.over:
                begun_s = time.monotonic()
                self._obey_keys()
                self._drive()
                show()
                clock.sleep_until(clock.now_s() + period_s)
                if self._rig.real_time:
                    time.sleep(max(0.0, begun_s + period_s - time.monotonic()))
        finally:
            self._rig.arm.stop()

    def stop_arm(self) -> None:
        """Stop the arm for a measurement; the operator's device goes on afterwards."""
        self._rig.arm.stop()
        self._stopped = True

    def _obey_keys(self) -> None:
        others = []
        for key in self._rig.keys.pressed():
            if key in self._actions:
                self.message = ""
                self._actions[key]()
            else:
                others.append(key)
        if self._rig.teleop is not None:
            self._rig.teleop.press(others)

    def _drive(self) -> None:
        teleop = self._rig.teleop
        if teleop is None or self.over:
            return
        if self._stopped:
            teleop.resume()
            self._stopped = False
        command = teleop.read()
        if command.V_BE_E is None:
            return
        try:
            self._rig.arm.command_twist(command.V_BE_E)
        except SafetyViolation as violation:
            if violation.limit in _NOT_THE_OPERATORS:
                raise
            self.message = f"{violation}: move back"
