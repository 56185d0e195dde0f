"""The operator's side of the control process."""

import logging
import multiprocessing
import pickle
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType, TracebackType
from typing import Any, Self

from mt3.control.answer import Answer
from mt3.control.control_server import ControlSetup, serve
from mt3.control.real_time import RealTimePriority, take_priority
from mt3.control.shared_state import SharedState, Snapshot
from mt3.control.whole_messages import WholeMessages
from mt3.errors import DeviceError, NotConnectedError, OperatorStopError, StaleDataError
from mt3.execution.interaction import Interaction
from mt3.execution.interaction_log import InteractionFailure, InteractionLog
from mt3.geometry import SE3
from mt3.interfaces import ArmDriver, ArmState, Gripper, GripperState, JointTrajectory
from mt3.motion.robot_model import RobotModel
from mt3.safety import SafetyLimits, Surroundings
from mt3.types import FloatArray, require_bool

_log = logging.getLogger(__name__)

_BEAT_S = 0.01
_CONNECT_S = 60.0  # brakes, activation of grippers, an upload of the controller's program
_SILENT_S = 1.0  # without a new state: longer than a vendor's library may block, as it changes mode
_LEAVE_S = 10.0  # vendors' libraries take seconds to let go of a dead network
_POLL_S = 0.05

_CONTEXT = multiprocessing.get_context("spawn")


class ControlProcess:
    """Guarded arm, gripper and control loop in a process of their own, which ``with`` starts.

    A busy or dying program does not make the arm late: it stops. While the block lasts a thread
    gives the control process a sign of life; without it, any motion ends within a moment.

    Args:
        build_arm: Makes the driver of the arm, given a ``clock``; crosses to the other process.
        build_gripper: Makes that of the gripper; likewise.
        model: The arm's kinematics and shape.
        limits: What the arm may not exceed.
        T_WB: Pose of its base in W.
        may_move: Whether anything may move at all; a dry run looks and plans.
    """

    def __init__(
        self,
        build_arm: Callable[..., ArmDriver],
        build_gripper: Callable[[], Gripper],
        model: RobotModel,
        limits: SafetyLimits,
        T_WB: SE3,
        *,
        may_move: bool = True,
    ) -> None:
        require_bool("may_move", may_move)
        self._setup = ControlSetup(build_arm, build_gripper, model, limits, T_WB, may_move)
        self._lock = threading.Lock()
        self._leaving = threading.Event()
        self._shared: SharedState | None = None
        self._number = 0  # of the newest request
        self.arm = RemoteArm(self)
        self.gripper = RemoteGripper(self)

    def __enter__(self) -> Self:
        """Start the process and wait until it has connected arm and gripper.

        Raises:
            DeviceError: What a driver said, or the process ended.
            OperatorStopError: A stop was requested meanwhile.
        """
        shared = SharedState(_CONTEXT)
        shared.beat_s = time.monotonic()
        ours, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(
            target=serve, args=(self._setup, theirs, shared), name="control", daemon=True
        )
        self._process.start()
        self._number = 0
        theirs.close()
        self._messages = WholeMessages(ours)
        self._leaving.clear()
        self._beating = threading.Thread(target=self._beat, args=(shared,), daemon=True)
        self._beating.start()
        self._shared = shared  # so that a stop can be requested from now on
        try:
            self._await_answer(0, time.monotonic() + _CONNECT_S).result()
        except BaseException:
            self._shared = None
            self._leave(shared)
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        shared, self._shared = self._require_connection(), None
        self._leave(shared)

    @property
    def process_id(self) -> int:
        """Of the control process.

        Raises:
            NotConnectedError: Outside the ``with`` block.
        """
        self._require_connection()
        return int(self._process.pid or 0)

    def run(self, interaction: Interaction) -> InteractionLog:
        """Follow a reference in the control process; see ``Interaction.run``.

        Ctrl-C here stops it there, and what was seen until then comes back.
        """
        with self._lock:
            try:
                answer = self._ask("run", interaction)
            except KeyboardInterrupt:
                seen = self._stop_requests().result()
                if not isinstance(seen, InteractionLog):  # lost between its arrival and here
                    raise
                return replace(seen, failure=InteractionFailure.INTERRUPTED, reason="interrupted")
            except BaseException:
                self._stop_at_any_rate("run")
                raise
        log: InteractionLog = answer.result()
        return log

    def request_stop(self) -> None:
        """Stop the arm and refuse every further motion; may be called by any thread.

        While ``with`` connects, it ends that.

        Raises:
            NotConnectedError: Before and after the ``with`` block.
        """
        self._require_connection().stop = True

    def release_stop(self) -> None:
        """Let an arm that rests move again after ``request_stop``."""
        self._require_connection().stop = False

    def call(self, name: str, *args: object) -> Any:  # noqa: ANN401  # what the request gives
        """Have the control process do something and wait for its answer.

        Whatever ends the wait, be it Ctrl-C or SIGTERM as an exception, stops the arm first.

        Raises:
            NotConnectedError: Outside the ``with`` block, or the control process is gone.
            Mt3Error: What it raised.
        """
        with self._lock:
            try:
                answer = self._ask(name, *args)
            except BaseException:
                self._stop_at_any_rate(name)
                raise
        return answer.result()

    def stop(self) -> None:
        """Stop the arm now, ending what another thread waits for; later requests move it again.

        Raises:
            NotConnectedError: Outside the ``with`` block, or the control process is gone.
            DeviceError: The arm did not stop.
        """
        self._cancel()
        while not self._lock.acquire(timeout=_POLL_S):
            self._cancel()  # the other thread may just have asked for something more
        try:
            answer = self._ask("stop")
        finally:
            self._lock.release()
        answer.result()

    def snapshot(self) -> Snapshot:
        """The robot as the control process last saw it.

        Raises:
            NotConnectedError: Outside the ``with`` block.
            StaleDataError: The control process writes no states.
            DeviceError: Why it has none.
        """
        snapshot = self._require_connection().read()
        age_s = time.monotonic() - snapshot.t_s
        if age_s > _SILENT_S:
            raise StaleDataError(
                f"control process: got no state for {age_s:.2f} s, expected one every "
                f"{_SILENT_S} s; {self._condition()}"
            )
        return snapshot

    def snapshots_since(self, t_s: float) -> Sequence[Snapshot]:
        """The robot as the control process saw it after a time; see ``SharedState``."""
        return self._require_connection().read_since(t_s)

    def _beat(self, shared: SharedState) -> None:
        take_priority(RealTimePriority.SIGN_OF_LIFE)
        while not self._leaving.is_set():
            shared.beat_s = time.monotonic()
            time.sleep(_BEAT_S)

    def _ask(self, name: str, *args: object) -> Answer:
        """One request and its answer; the caller holds the lock."""
        self._send(name, *args)
        return self._await_answer(self._number)

    def _send(self, name: str, *args: object) -> None:
        self._require_connection().beat_s = time.monotonic()  # whoever asks is alive
        self._number += 1
        self._messages.send((self._number, name, args))

    def _await_answer(self, number: int, deadline_s: float | None = None) -> Answer:
        """The first answer to a request or a later one; who gave up on older ones lost theirs."""
        while True:
            answer = self._receive(deadline_s)
            if answer.number >= number:
                return answer

    def _receive(self, deadline_s: float | None) -> Answer:
        """The next answer, as long as the control process shows that it works."""
        while (answer := self._take_answer()) is None:
            now_s = time.monotonic()
            if deadline_s is None:
                if now_s - self._require_connection().read().t_s > _SILENT_S:
                    raise NotConnectedError(f"control process: no answer; {self._condition()}")
            elif self._require_connection().stop:
                raise OperatorStopError("operator: asked for a stop while the robot was connected")
            elif now_s > deadline_s or not self._process.is_alive():
                raise NotConnectedError(f"control process: did not start; {self._condition()}")
        return answer

    def _take_answer(self) -> Answer | None:
        try:
            answer: Answer | None = self._messages.receive(_POLL_S)
        except (EOFError, OSError, pickle.UnpicklingError) as error:  # the last: half a message
            raise NotConnectedError(f"control process: gone; {self._condition()}") from error
        return answer

    def _cancel(self) -> None:
        """Stop what was asked for until now; the next request is not stopped."""
        self._require_connection().cancelled = self._number

    def _stop_requests(self) -> Answer:
        """Stop what is under way; its answer, or that to the stop where its own was lost."""
        number = self._number
        self._cancel()
        self._send("stop")
        answer = self._await_answer(number)
        stopped = answer if answer.number > number else self._await_answer(self._number)
        stopped.result()
        return answer

    def _stop_at_any_rate(self, name: str) -> None:
        """The same, where another error is already on its way."""
        try:
            self._stop_requests()
        except DeviceError as error:
            _log.warning("%s was given up, and the arm may not have been stopped: %s", name, error)

    def _condition(self) -> str:
        """How the control process is, in words."""
        if self._process.is_alive():
            return "it runs but does not react; the arm's own controller stops the arm"
        return (
            f"it ended with code {self._process.exitcode}; the arm's own controller stops the arm"
        )

    def _require_connection(self) -> SharedState:
        if self._shared is None:
            raise NotConnectedError("control process: not connected, use it inside `with`")
        return self._shared

    def _leave(self, shared: SharedState) -> None:
        """End the process, which stops the arm at once, whatever it is still asked to do."""
        shared.stop = True
        self._messages.close()
        try:
            self._process.join(_LEAVE_S)
            if self._process.is_alive():
                _log.error("the control process did not end, and is killed")
                self._process.kill()
                self._process.join()
        finally:
            self._leaving.set()
            self._beating.join()


class RemoteArm:
    """The guarded arm of a control process; see ``GuardedArm``."""

    def __init__(self, control: ControlProcess) -> None:
        self._control = control

    @property
    def guided(self) -> bool:
        """Whether a hand moves the arm; ends with every stop."""
        return self._control.snapshot().guided

    @property
    def interventions(self) -> Mapping[str, int]:
        """How many commands were changed, by the name of the ``Limit``."""
        return MappingProxyType(self._control.snapshot().interventions)

    def state(self) -> ArmState:
        """The newest state that the control process measured.

        Raises:
            NotConnectedError: Outside the ``with`` block, or the connection was lost.
            StaleDataError: The control process writes no states.
        """
        snapshot = self._control.snapshot()
        if snapshot.arm is None:
            raise snapshot.error or NotConnectedError("arm: no state")
        return snapshot.arm

    def states_since(self, t_s: float) -> Sequence[tuple[ArmState, GripperState]]:
        """What the control process measured after a time; see ``StateHistory``."""
        self.state()
        return [
            (one.arm, one.gripper)
            for one in self._control.snapshots_since(t_s)
            if one.arm is not None and one.gripper is not None
        ]

    def command_twist(self, V_BE_E: FloatArray) -> None:
        """Move along a twist; see ``GuardedArm.command_twist``."""
        self._control.call("command_twist", V_BE_E)

    def follow(self, trajectory: JointTrajectory) -> None:
        """Move along a joint trajectory; see ``GuardedArm.follow``."""
        self._control.call("follow", trajectory)

    def stop(self) -> None:
        """Stop all motion now and hold still, also what another thread began."""
        self._control.stop()

    def begin_freedrive(self) -> None:
        """Let a hand move the arm; see ``GuardedArm.begin_freedrive``."""
        self._control.call("begin_freedrive")

    def end_freedrive(self) -> None:
        """Hold still again; does nothing where no hand moves the arm."""
        self._control.call("end_freedrive")

    def set_surroundings(self, surroundings: Surroundings | None) -> None:
        """Say what stands around the arm; see ``GuardedArm.set_surroundings``."""
        self._control.call("set_surroundings", surroundings)


class RemoteGripper:
    """The gripper of a control process."""

    def __init__(self, control: ControlProcess) -> None:
        self._control = control

    def state(self) -> GripperState:
        """The newest state that the control process measured; see ``RemoteArm.state``."""
        snapshot = self._control.snapshot()
        if snapshot.gripper is None:
            raise snapshot.error or NotConnectedError("gripper: no state")
        return snapshot.gripper

    def command(self, opening: float) -> None:
        """Begin to move to an opening, 0 closed and 1 open."""
        self._control.call("gripper.command", opening)

    def stop(self) -> None:
        """Stop the fingers where they are, keeping hold of what they hold."""
        self._control.call("gripper.stop")
