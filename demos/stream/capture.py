"""What is read from arm, gripper and camera while recording: each state and frame once."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from demos.journal import Entry
from demos.staging import sample_entry
from demos.stream.stream_checks import DROP_PERIODS
from mt3.errors import DeviceError
from mt3.interfaces import Arm, ArmState, Camera, Gripper, GripperState, StateHistory
from mt3.perception import RGBD


@dataclass(frozen=True, slots=True)
class StampedFrame:
    """A frame, and its time once the camera's latency was subtracted."""

    t_s: float
    rgbd: RGBD


class Pace:
    """Counts what came and how fast, and refuses a clock that goes back.

    Args:
        what: Whose times, for the error.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._first_s = 0.0
        self.newest_s: float | None = None
        self.count = 0

    def is_new(self, t_s: float) -> bool:
        """Whether a time stamp is newer than the newest; the same again is not.

        Raises:
            DeviceError: It is older.
        """
        if self.newest_s is not None and t_s < self.newest_s:
            raise DeviceError(
                f"{self._what}: time went back from {self.newest_s:.4f} to {t_s:.4f} s, expected "
                "a clock that only goes forward; this recording is not saved"
            )
        return self.newest_s is None or t_s > self.newest_s

    def add(self, t_s: float) -> None:
        """Count one."""
        if self.count == 0:
            self._first_s = t_s
        self.newest_s = t_s
        self.count += 1

    @property
    def rate_hz(self) -> float:
        """Mean rate so far, 0 before the second."""
        newest_s = self.newest_s
        if newest_s is None or newest_s <= self._first_s:
            return 0.0
        return (self.count - 1) / (newest_s - self._first_s)


class SampleTaker:
    """Takes samples of arm and gripper.

    Args:
        arm: Only read.
        gripper: Only read.
        append: Where each goes.
        latency_s: Of each device by name.
        period_s: Between two samples of an arm that remembers its states.
    """

    def __init__(
        self,
        arm: Arm,
        gripper: Gripper,
        append: Callable[[Entry], None],
        latency_s: Mapping[str, float],
        period_s: float,
    ) -> None:
        self._arm, self._gripper = arm, gripper
        self._append, self._latency_s, self._period_s = append, latency_s, period_s
        self._newest_s = self._due_s = -math.inf
        self.pace = Pace("robot")

    def take(self) -> bool:
        """Take one sample, unless the arm's newest state was taken already.

        An arm that remembers its states gives all that are due since the last look, so a
        recorder that was held up leaves no gap.
        """
        if self.pace.count and isinstance(self._arm, StateHistory):
            return self._take_due(self._arm.states_since(self._newest_s))
        return self._take(self._arm.state(), self._gripper.state())

    def _take_due(self, measured: Sequence[tuple[ArmState, GripperState]]) -> bool:
        before = self.pace.count
        skipped: tuple[ArmState, GripperState] | None = None
        for arm, gripper in measured:
            if skipped is not None and self._is_late(arm):
                self._take(*skipped)  # else it would add to the gap
            if arm.t_s >= self._due_s:
                self._take(arm, gripper)
            skipped = (arm, gripper)
        return self.pace.count > before

    def _is_late(self, arm: ArmState) -> bool:
        return arm.t_s - self._due_s >= 0.5 * self._period_s

    def _take(self, arm: ArmState, gripper: GripperState) -> bool:
        t_s = arm.t_s - self._latency_s.get("robot", 0.0)
        if not self.pace.is_new(t_s):
            return False
        self._append(sample_entry(arm, gripper, self._latency_s))
        self.pace.add(t_s)
        self._newest_s = arm.t_s
        self._due_s = (arm.t_s if self._is_late(arm) else self._due_s) + self._period_s
        return True


class FrameTaker:
    """Takes frames of one camera.

    Args:
        camera: Only read.
        max_age_s: Oldest frame that still counts as the camera being alive.
        rate_hz: Nominal.
        latency_s: Subtracted from the frames' times.
    """

    def __init__(self, camera: Camera, max_age_s: float, rate_hz: float, latency_s: float) -> None:
        self._camera, self._max_age_s = camera, max_age_s
        self._period_s, self._latency_s = 1.0 / rate_hz, latency_s
        self.pace = Pace("camera")
        self.missed = 0

    def take(self) -> StampedFrame | None:
        """The newest frame, or None where it was taken already.

        Raises:
            StaleDataError: The camera gives no new frames.
        """
        rgbd = self._camera.read(self._max_age_s)
        t_s = rgbd.t_s - self._latency_s
        before_s = self.pace.newest_s
        if not self.pace.is_new(t_s):
            return None
        if before_s is not None and t_s - before_s >= DROP_PERIODS * self._period_s:
            self.missed += round((t_s - before_s) / self._period_s) - 1
        self.pace.add(t_s)
        return StampedFrame(t_s, rgbd)
