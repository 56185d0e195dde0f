"""A connection to a Franka controller through which franky moves the arm."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from hardware.arms.franka_setup import JOINTS, mode_fault, pose_of, tool_wrench
from hardware.fault_latch import FaultLatch
from mt3.errors import DeviceError, NotConnectedError, StaleDataError
from mt3.interfaces import ArmState, Clock
from mt3.types import FloatArray

_HOLD_MS = 100  # a velocity that is not renewed for so long ends in rest
_STALE_S = 0.2
_STOP_S = 5.0  # franky's hardest stop takes some 70 ms; later something is wrong, and it is aborted
# Shares of the robot's own limits of velocity, acceleration and jerk. A stream of small steps at
# full jerk shakes the arm; a tenth spreads a step over about one command period. Stops are full.
_STREAM_DYNAMICS = (1.0, 0.5, 0.1)
_GUIDE_DAMPING = (2.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0)  # Nm s/rad, so that a pushed arm comes to rest
_GUIDE_STOP_RAMP_S = 0.05
_GUIDE_STOP_S = 0.3


class FrankaLink:
    """What a connected robot is asked for; the first failure is raised by every later call.

    Args:
        address: For messages.
        vendor: franky.
        robot: A ``franky.Robot``; it disconnects with the last reference to it.
    """

    def __init__(self, address: str, vendor: ModuleType, robot: Any) -> None:  # noqa: ANN401
        self.vendor = vendor
        self.guided = False
        self._address = address
        self._robot = robot
        self._fault = FaultLatch()
        self._newest = (-1, 0.0)  # the robot's own time of its newest state, and when it came

    def close(self) -> None:
        """Stop the arm, unless something else already did, and disconnect.

        Raises:
            DeviceError: It did not stop.
        """
        try:
            if not self._fault.is_set:
                self.rest()
        finally:
            self._robot = None

    def state(self, clock: Clock) -> ArmState:
        """The newest measured state, stamped when it came.

        Raises:
            NotConnectedError: The connection was lost.
            StaleDataError: The robot sends nothing.
            DeviceError: The controller stopped the arm.
        """
        self._ask(lambda robot: robot.poll_motion())
        state = self._ask(lambda robot: robot.state)
        if (fault := mode_fault(state.robot_mode.name)) and state.robot_mode.name != "Move":
            raise self._latch(DeviceError(f"{self._address}: {fault}"))
        # While in control franky shows its last state again where a newer one did not come.
        if (time_ms := state.time.to_msec()) != self._newest[0]:
            self._newest = (time_ms, clock.now_s())
        if (age_s := clock.now_s() - self._newest[1]) > _STALE_S:
            raise StaleDataError(
                f"{self._address}: got a state {age_s:.2f} s old, expected at most {_STALE_S} s; "
                "the robot sends nothing: check cable and network"
            )
        J_E = self._robot.model.body_jacobian(self.vendor.Frame.EndEffector, state)
        V_BE_E = J_E @ np.asarray(state.dq)
        T_BE, wrench_E = pose_of(state.O_T_EE), tool_wrench(state)
        return ArmState(self._newest[1], state.q, T_BE, V_BE_E, wrench_E)

    def move_tool(self, V_B: FloatArray) -> None:
        """Go over to a velocity of E along the axes of B (libfranka's O_dP_EE); 0.1 s later rest.

        Args:
            V_B: (6,), m/s then rad/s.
        """
        twist = self.vendor.Twist
        self._stream("Cartesian", twist(V_B[:3], V_B[3:]), twist())

    def move_joints(self, speeds: FloatArray) -> None:
        """Go over to joint speeds, (7,), rad/s; 0.1 s later to rest."""
        self._stream("Joint", speeds, np.zeros(JOINTS))

    def guide(self, joints: FloatArray, lower: FloatArray, upper: FloatArray) -> None:
        """Let a hand move the arm from joints at which it rests; all (7,), rad."""
        self.rest()
        motion = self.vendor.JointImpedanceTrackingMotion(
            stiffness=np.zeros(JOINTS),
            damping=np.array(_GUIDE_DAMPING),
            lower_joint_limits=lower,
            upper_joint_limits=upper,
        )
        motion.set_reference(self.vendor.JointReference(q=joints))
        self._ask(lambda robot: robot.move(motion, asynchronous=True))
        self.guided = True

    def rest(self) -> None:
        """Stop whatever motion runs, as hard as the robot can, and wait for its end."""
        kind = self._ask(lambda robot: robot.current_control_signal_type)
        stops = {
            "CartesianVelocities": self.vendor.CartesianVelocityStopMotion,
            "JointVelocities": self.vendor.JointVelocityStopMotion,
            "Torques": self._stop_guiding,
        }
        if kind is not None:
            self._ask(lambda robot: robot.move(stops[kind.name](), asynchronous=True))
        if not self._ask(lambda robot: robot.join_motion(_STOP_S)):
            self._ask(lambda robot: robot.stop())
            raise self._latch(DeviceError(f"{self._address}: did not stop; its motion was aborted"))
        self.guided = False

    def _stream(self, space: str, velocity: object, rest: object) -> None:
        """Replace the motion that runs; franky's names begin with the space."""
        if self.guided:
            raise DeviceError(f"{self._address}: a hand moves the arm; end free-drive first")
        waypoint = getattr(self.vendor, f"{space}VelocityWaypoint")
        motion = getattr(self.vendor, f"{space}VelocityWaypointMotion")(
            [
                waypoint(
                    velocity,
                    relative_dynamics_factor=self.vendor.RelativeDynamicsFactor(*_STREAM_DYNAMICS),
                    hold_target_duration=self.vendor.Duration(_HOLD_MS),
                ),
                waypoint(rest),
            ]
        )
        kind = self._ask(lambda robot: robot.current_control_signal_type)
        if kind is not None and not kind.name.startswith(space):
            self.rest()
        self._ask(lambda robot: robot.move(motion, asynchronous=True))

    def _stop_guiding(self) -> object:
        """Damp the arm, and then hold it even where a hand still pushes."""
        return self.vendor.TorqueStopMotion(
            ramp_duration=_GUIDE_STOP_RAMP_S, max_duration=_GUIDE_STOP_S
        )

    def _ask(self, call: Callable[[Any], Any]) -> Any:  # noqa: ANN401  # franky has no types
        """Call franky, and latch what it raises."""
        self._fault.require_none()
        try:
            return call(self._robot)
        except Exception as error:  # libfranka's are many, and a motion may raise others
            failure = self._latch(self._failure_behind(error))
            # Its traceback would keep franky's robot, and so the connection, after the block.
            raise failure from error.with_traceback(None)

    def _failure_behind(self, error: Exception) -> DeviceError:
        lost = NotConnectedError(f"{self._address}: connection lost ({error}); connect again")
        if isinstance(error, self.vendor.NetworkException):
            return lost
        try:
            fault = mode_fault(self._robot.state.robot_mode.name)
        except Exception:  # a closed connection raises what libfranka did not foresee
            return lost
        return DeviceError(f"{self._address}: {fault or 'motion ended; connect again'} ({error})")

    def _latch(self, failure: DeviceError) -> DeviceError:
        self._fault.set(failure)
        return failure
