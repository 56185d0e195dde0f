"""What presses on a real arm's tool is told in E, and stops a guarded motion."""

import functools

import numpy as np
import pytest
from emulator_process import EmulatorProcess
from franka_rig import HAND, LOWER, UPPER, RunningFranka, fr3_at
from universal_robots import UrEmulator
from universal_robots_rig import ur5e_at

from hardware.arms.description import build_arm_model
from mt3.control.monotonic_clock import MonotonicClock
from mt3.errors import SafetyViolation
from mt3.geometry import SE3
from mt3.motion.tool_limits import ToolLimits
from mt3.safety import GuardedArm, Limit, SafetyLimits
from mt3.tool import ToolFrame

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("priority")]

TURNED = (0.03, -0.02, 0.16, 0.4, -0.3, 0.2)  # x, y, z, and the rotation vector
UP = np.array([0.0, 0.0, -0.05, 0.0, 0.0, 0.0])
LIMITS = SafetyLimits(
    joint_margin_rad=0.02,
    joint_velocity_fraction=0.9,
    tool=ToolLimits(0.25, 1.0, 2.0, 8.0),
    workspace_lower_W=(-1.5, -1.5, -0.5),
    workspace_upper_W=(1.5, 1.5, 1.5),
    table_height_m=-0.6,
    table_clearance_m=0.0,
)


@pytest.fixture(scope="module")
def ur5e():
    with EmulatorProcess(functools.partial(UrEmulator, "127.0.2.6", tcp_offset=TURNED)) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def running():
    with RunningFranka("127.0.33.6") as running:
        yield running


class ExternalForce:
    """Fixtures: ``arm`` (not connected), its ``model``, ``clock``, ``door`` of the emulator."""

    force_slack_N = 0.01

    def test_a_push_on_the_tool_is_told_along_its_axes(self, arm, clock, door) -> None:
        force_B = np.array([6.0, -9.0, 12.0])
        with arm:
            np.testing.assert_allclose(arm.state().wrench_E, 0.0, atol=self.force_slack_N)
            door.call("push", force_B.tolist())
            clock.sleep_until(clock.now_s() + 0.2)
            wrench_E = arm.state().wrench_E
            R_BE = door.call("pose")[:3, :3]
        expected = np.concatenate([R_BE.T @ force_B, np.zeros(3)])
        np.testing.assert_allclose(wrench_E, expected, atol=self.force_slack_N)

    @pytest.mark.parametrize("force_N", [30.0, 50.0])
    def test_a_hard_push_stops_a_guarded_motion(self, arm, model, clock, door, force_N) -> None:
        guarded = GuardedArm(arm, model, LIMITS, SE3.identity(), clock)
        with arm:
            self.stream(guarded, clock, 0.3)
            door.call("push", [0.0, 0.6 * force_N, -0.8 * force_N])
            if force_N < LIMITS.max_force_N:
                self.stream(guarded, clock, 0.5)
                return
            with pytest.raises(SafetyViolation, match="50 N from outside") as caught:
                self.stream(guarded, clock, 2.0)
            assert caught.value.limit == Limit.EXTERNAL_FORCE
            clock.sleep_until(clock.now_s() + 0.3)
            assert np.abs(door.call("joint_speeds")).max() < 0.01

    def stream(self, arm, clock, duration_s: float) -> None:
        end_s = clock.now_s() + duration_s
        while clock.now_s() < end_s:
            arm.command_twist(UP)
            clock.sleep_until(clock.now_s() + LIMITS.command_period_s)


class TestUniversalRobots(ExternalForce):
    tool = ToolFrame(
        SE3.from_translation(TURNED[:3]) @ SE3.from_twist([0.0, 0.0, 0.0, *TURNED[3:]]),
        "robotiq_2f_85",
        0.93,
        (0.0, 0.0, 0.058),
    )

    @pytest.fixture
    def door(self, ur5e):
        ur5e.call("reset")
        return ur5e

    @pytest.fixture
    def clock(self):
        return MonotonicClock()

    @pytest.fixture
    def model(self):
        return build_arm_model("ur5e", self.tool, (), [0.0, -1.57, 1.57, -1.57, -1.57, 0.0])

    @pytest.fixture
    def arm(self, door):
        return ur5e_at("127.0.2.6", tool=self.tool)


class TestFranka(ExternalForce):
    @pytest.fixture
    def door(self, running):
        running.reset()
        T_EK = SE3.from_translation((0.05, 0.0, -0.1)) @ SE3.from_twist([0, 0, 0, 0.5, -0.2, 0.9])
        running.call("put_stiffness_frame", T_EK.matrix)
        return running

    @pytest.fixture
    def clock(self, running):
        return running.clock

    @pytest.fixture
    def model(self):
        return build_arm_model("panda", HAND, (), [0.0, -0.8, 0.0, -2.8, 0.0, 2.0, 0.785])

    @pytest.fixture
    def arm(self, door, clock):
        return fr3_at("127.0.33.6", clock, lower=LOWER, upper=UPPER)


def test_a_cb3_tells_the_torque_about_the_tool_centre_point() -> None:
    tool = TestUniversalRobots.tool
    build = functools.partial(
        UrEmulator, "127.0.2.7", tcp_offset=TURNED, version=(3, 15, 4, 106291)
    )
    with EmulatorProcess(build) as cb3, ur5e_at("127.0.2.7", tool=tool) as arm:
        cb3.call("push", [10.0, 20.0, -5.0])
        MonotonicClock().sleep_until(MonotonicClock().now_s() + 0.2)
        np.testing.assert_allclose(arm.state().wrench_E[3:], 0.0, atol=0.01)
