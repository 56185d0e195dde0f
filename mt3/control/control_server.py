"""The control process: drivers, safety gate and control loop, beside nothing else.

It obeys one operator, over a pipe. While anything moves it looks whether the operator's program
lives, and stops the arm when it does not. If this process itself dies or freezes, the controller's
own watchdog stops the arm, because nobody renews its command.
"""

import gc
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Never

import numpy as np

from mt3.control.answer import Answer
from mt3.control.monotonic_clock import MonotonicClock
from mt3.control.operator_watch import OperatorWatch
from mt3.control.real_time import RealTimePriority, take_priority
from mt3.control.shared_state import SharedState, Snapshot
from mt3.control.watched_clock import WatchedClock
from mt3.errors import (
    DeviceError,
    Mt3Error,
    OperatorLostError,
    OperatorStopError,
    SafetyViolation,
)
from mt3.execution.interaction import Interaction
from mt3.execution.interaction_log import InteractionLog
from mt3.geometry import SE3
from mt3.interfaces import ArmDriver, Clock, Gripper
from mt3.motion.robot_model import RobotModel
from mt3.safety import GuardedArm, Limit, SafetyLimits
from mt3.types import FloatArray

_log = logging.getLogger(__name__)

_IDLE_S = 0.005  # between two looks around while nothing is asked


@dataclass(frozen=True, slots=True, eq=False)
class ControlSetup:
    """All that the control process is made of; it crosses to that process.

    Args:
        build_arm: Makes the driver of the arm, given a ``clock``; not connected.
        build_gripper: Makes that of the gripper; not connected.
        model: The arm's kinematics and shape.
        limits: What the arm may not exceed.
        T_WB: Pose of its base in W.
        may_move: Whether anything may move at all; a dry run looks and plans.
    """

    build_arm: Callable[..., ArmDriver]
    build_gripper: Callable[[], Gripper]
    model: RobotModel
    limits: SafetyLimits
    T_WB: SE3
    may_move: bool


def serve(setup: ControlSetup, pipe: Connection, shared: SharedState) -> None:
    """Body of the control process: connect, obey until the pipe is closed, stop, disconnect."""
    os.setsid()  # out of the terminal's reach: Ctrl-C, Ctrl-Z and its end are the operator's
    os.dup2(2, 1)  # vendors' libraries print; standard output is not theirs
    take_priority(RealTimePriority.CONTROL)
    server: _Server | None = None
    try:
        server = _Server(setup, pipe, shared)
        with server.driver, server.gripper:
            gc.freeze()  # what is there stays: no pause to look at it again
            server.publish()
            pipe.send(Answer(0))
            try:
                server.obey()
            finally:
                server.halt()  # before the gripper takes its time to disconnect
    except EOFError:
        return  # the operator's program ended
    except BaseException as error:
        _send_error(pipe, server.number if server else 0, error)
    finally:
        gc.unfreeze()  # else libraries report at exit what was not collected


class _Server:
    """Carries out what the operator's program asks for, one thing after the other."""

    def __init__(self, setup: ControlSetup, pipe: Connection, shared: SharedState) -> None:
        self._pipe, self._shared, self._T_WB = pipe, shared, setup.T_WB
        self._operator = OperatorWatch(shared)
        self._clock: Clock = WatchedClock(self._watch)
        self.driver = setup.build_arm(clock=self._clock)
        self.gripper = setup.build_gripper()
        self._arm = GuardedArm(self.driver, setup.model, setup.limits, setup.T_WB, MonotonicClock())
        self.number = 0  # of the newest request
        self._streaming = False
        self._lost: OperatorLostError | None = None
        moving: dict[str, Callable[..., Any]] = {
            "command_twist": self._command_twist,
            "follow": self._arm.follow,
            "begin_freedrive": self._arm.begin_freedrive,
            "run": self._run,
            "gripper.command": self.gripper.command,
        }
        still: dict[str, Callable[..., Any]] = {
            "set_surroundings": self._arm.set_surroundings,
            "end_freedrive": self._arm.end_freedrive,
            "stop": self.halt,
            "gripper.stop": self.gripper.stop,
        }
        self._requests = still | {
            name: self._moving(move) if setup.may_move else _refused(name)
            for name, move in moving.items()
        }

    def obey(self) -> None:
        """Answer requests until the pipe is closed.

        Raises:
            EOFError: The operator's program ended.
        """
        while True:
            if self._pipe.poll(_IDLE_S):
                self.number, name, args = self._pipe.recv()
                self._answer(self._requests[name], args)
            elif self._streaming or self._arm.guided:
                self._watch_stream()
            self.publish()

    def publish(self) -> None:
        """Write the newest state of the robot where the operator's program sees it."""
        now_s = self._clock.now_s()
        guided, interventions = self._arm.guided, dict(self._arm.interventions)
        try:
            arm, gripper = self._arm.state(), self.gripper.state()
        except DeviceError as error:
            snapshot = Snapshot(now_s, None, None, guided, interventions, error)
        else:
            snapshot = Snapshot(now_s, arm, gripper, guided, interventions)
        self._shared.publish(snapshot)

    def _answer(self, request: Callable[..., Any], args: tuple[Any, ...]) -> None:
        try:
            answer = request(*args)
        except Exception as error:  # the operator's program has to know whatever it is
            if not isinstance(error, Mt3Error):
                _log.exception("unexpected error in the control process")
            self.publish()
            _send_error(self._pipe, self.number, error)
        else:
            self.publish()
            self._pipe.send(Answer(self.number, answer))

    def _command_twist(self, V_BE_E: FloatArray) -> None:
        self._streaming = True
        self._arm.command_twist(V_BE_E)
        self._streaming = bool(np.any(V_BE_E))

    def halt(self) -> None:
        """Stop the arm, and end what a hand may do to it."""
        self._streaming = False
        self._arm.stop()

    def _run(self, interaction: Interaction) -> InteractionLog:
        return interaction.run(self._arm, self.gripper, self._clock, self._T_WB)

    def _moving(self, move: Callable[..., Any]) -> Callable[..., Any]:
        """A request that moves something: only with an operator, and at rest if that fails."""

        def guarded(*args: Any) -> Any:  # noqa: ANN401  # whatever the request takes and gives
            self._require_operator()
            try:
                return move(*args)
            except (OperatorLostError, OperatorStopError):
                self.halt()
                raise

        return guarded

    def _require_operator(self) -> None:
        """Raise once that the operator was lost while twists were streamed, and look now."""
        if self._lost is not None:
            lost, self._lost = self._lost, None
            raise lost
        self._operator.look(self.number)

    def _watch(self) -> None:
        """Called from within every motion, each 10 ms."""
        self._operator.look(self.number)
        self.publish()

    def _watch_stream(self) -> None:
        """The same between requests, while a twist or a hand moves the arm."""
        try:
            self._operator.look(self.number)
        except OperatorLostError as lost:
            self._lost = lost
            self.halt()
        except OperatorStopError:
            self.halt()


def _refused(name: str) -> Callable[..., Never]:
    """What a request that moves something comes to in a dry run."""

    def refuse(*_: object) -> Never:
        raise SafetyViolation(
            f"dry run: got {name}, expected no motion; execute=true lets the arm move, or move it "
            "out of the view by hand",
            Limit.COMMAND.value,
        )

    return refuse


def _send_error(pipe: Connection, number: int, error: BaseException) -> None:
    """Hand the error of a request to the operator's program, if it is still there."""
    try:
        pipe.send(Answer.of_error(number, error))
    except (OSError, ValueError):
        _log.warning("the operator's program is gone: %s", error)
