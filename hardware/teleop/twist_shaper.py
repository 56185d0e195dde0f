"""From the deflections of a device to the twist that it asks for."""

from hardware.teleop.axis_mapping import AxisMapping
from hardware.teleop.low_pass import LowPass
from hardware.teleop.operator_speed import OperatorSpeed
from mt3.interfaces import Arm, Clock
from mt3.types import FloatArray


class TwistShaper:
    """Smooths, scales by the chosen speed, and expresses in the tool's frame.

    Args:
        mapping: Frame of the deflections.
        speed: Speeds, and the steps between them.
        smoothing_s: Time constant of the smoothing; 0 for none.
        arm: Whose measured pose turns the person's frame into the tool's.
        clock: Time for the smoothing.
    """

    def __init__(
        self,
        mapping: AxisMapping,
        speed: OperatorSpeed,
        smoothing_s: float,
        arm: Arm,
        clock: Clock,
    ) -> None:
        self._mapping = mapping
        self._speed = speed
        self._low_pass = LowPass(smoothing_s)
        self._arm = arm
        self._clock = clock
        self._step = speed.start

    def reset(self) -> None:
        """Begin again: at rest, and at the speed to start with."""
        self._low_pass.reset()
        self._step = self._speed.start

    def change_speed(self, steps: int) -> None:
        """Go some steps faster, or slower if negative, as far as there are any."""
        self._step = min(max(self._step + steps, 0), len(self._speed.shares) - 1)

    def twist(self, deflection_O: FloatArray, precise: bool = False) -> FloatArray:
        """The twist of E in B, expressed in E, (6,), m/s and rad/s.

        Args:
            deflection_O: Along the axes of the mapping's frame, (6,), each -1 to 1.
            precise: At the slowest step, whatever is chosen.
        """
        smooth = self._low_pass.apply(deflection_O, self._clock.now_s())
        V_O = self._speed.twist(smooth, 0 if precise else self._step)
        return self._mapping.twist_E(V_O, self._arm.state().T_BE) if V_O.any() else V_O
