"""What every arm, gripper and camera must do; subclassed once per implementation.

A subclass provides fixtures and the back door, a second way to know the truth that shares no code
with what is tested. Overriding a ``test_`` method is forbidden.
"""

import numpy as np
import pytest

from mt3.errors import DeviceError, GeometryError, NotConnectedError
from mt3.geometry import SE3
from mt3.interfaces import JointTrajectory


def _smooth(start, goal, duration_s: float) -> JointTrajectory:
    u = np.linspace(0.0, 1.0, 60)
    s = u**3 * (10 - 15 * u + 6 * u**2)
    return JointTrajectory(u * duration_s, start + s[:, None] * (goal - start))


class ArmContract:
    """Fixtures: ``arm`` (not connected) and ``clock``.

    Back door: ``true_T_BE`` and ``true_joints``. The slack is for arms whose time nobody stops.
    """

    rate_hz = 60.0
    max_age_s = 0.0  # of a state: none in a simulator, that of a packet on a real arm
    lag_s = 0.0  # of the motion behind the command
    twist_slack = 0.02  # of the reported twist
    joint_slack_rad = 1e-6  # of joints that are measured twice
    pose_slack = 1e-5  # of the pose: m, and rad

    def stream(self, arm, clock, V_BE_E, duration_s: float) -> None:
        end_s = clock.now_s() + duration_s
        while clock.now_s() < end_s - 1e-9:
            arm.command_twist(V_BE_E)
            clock.sleep_until(clock.now_s() + 1.0 / self.rate_hz)

    def test_nothing_works_outside_with(self, arm) -> None:
        for call in (arm.state, arm.stop, lambda: arm.command_twist(np.zeros(6))):
            with pytest.raises(NotConnectedError):
                call()

    def test_state_is_the_true_one_stamped_now(self, arm, clock) -> None:
        with arm:
            clock.sleep_until(clock.now_s() + 0.1)
            state = arm.state()
            assert 0.0 <= clock.now_s() - state.t_s <= self.max_age_s
            np.testing.assert_allclose(state.joints, self.true_joints(), atol=self.joint_slack_rad)
            assert state.T_BE.is_close(self.true_T_BE(), self.pose_slack, self.pose_slack)

    def test_it_rests_until_told_otherwise(self, arm, clock) -> None:
        with arm:
            before = self.true_T_BE()
            clock.sleep_until(clock.now_s() + 1.0)
            assert self.true_T_BE().is_close(before, 5e-4, 1e-3)

    @pytest.mark.parametrize("axis", range(6))
    def test_a_twist_moves_the_tool_along_it_in_its_own_frame(self, arm, clock, axis) -> None:
        V_BE_E = np.zeros(6)
        V_BE_E[axis] = 0.1 if axis < 3 else 0.4
        with arm:
            before = self.true_T_BE()
            start_s = clock.now_s()
            self.stream(arm, clock, V_BE_E, 0.5)
            reported = arm.state().V_BE_E
            moved = before.inverse() @ self.true_T_BE()
            commanded = SE3.from_twist(V_BE_E * (clock.now_s() - start_s))
        lag = self.lag_s * np.linalg.norm(V_BE_E)
        assert moved.is_close(commanded, 1e-3 + lag, 5e-3 + lag)
        np.testing.assert_allclose(reported, V_BE_E, atol=self.twist_slack)

    def test_a_silent_sender_stops_the_arm(self, arm, clock) -> None:
        with arm:
            self.stream(arm, clock, np.array([0.0, 0.0, 0.1, 0.0, 0.0, 0.0]), 0.2)
            clock.sleep_until(clock.now_s() + 0.3)
            before = self.true_T_BE()
            clock.sleep_until(clock.now_s() + 0.3)
            assert self.true_T_BE().is_close(before, 5e-4, 1e-3)

    @pytest.mark.parametrize("leave", ["stop", "exit"])
    def test_stop_and_leaving_end_all_motion(self, arm, clock, leave) -> None:
        with arm:
            self.stream(arm, clock, np.array([0.0, 0.1, 0.0, 0.0, 0.0, 0.0]), 0.2)
            if leave == "stop":
                arm.stop()
                clock.sleep_until(clock.now_s() + 0.1)
        before = self.true_T_BE()
        clock.sleep_until(clock.now_s() + 0.08)
        assert self.true_T_BE().is_close(before, 1e-3, 2e-3)

    def test_an_error_while_it_moves_stops_it_and_comes_through(self, arm, clock) -> None:
        def fail_while_moving() -> None:
            with arm:
                self.stream(arm, clock, np.array([0.0, 0.0, -0.1, 0.0, 0.0, 0.0]), 0.3)
                assert self.true_T_BE().translation_to_m(start) > 0.01
                raise KeyError("mine")

        start = self.true_T_BE()
        with pytest.raises(KeyError, match="mine"):
            fail_while_moving()
        before = self.true_T_BE()
        clock.sleep_until(clock.now_s() + 0.3)
        assert self.true_T_BE().is_close(before, 1e-3, 2e-3)

    def test_follow_ends_at_rest_at_the_last_joints(self, arm) -> None:
        with arm:
            start = arm.state().joints
            goal = start + np.resize([0.2, -0.1, 0.1, 0.2, -0.1, 0.1, 0.3], start.shape)
            arm.follow(_smooth(start, goal, 1.5))
            np.testing.assert_allclose(self.true_joints(), goal, atol=2e-3)
            np.testing.assert_allclose(arm.state().V_BE_E, 0.0, atol=0.01)

    def test_follow_refuses_a_path_that_starts_elsewhere(self, arm) -> None:
        with arm:
            before = self.true_joints()
            start = arm.state().joints + 0.05
            with pytest.raises(DeviceError, match="measured joints"):
                arm.follow(_smooth(start, start + 0.1, 1.0))
            np.testing.assert_allclose(self.true_joints(), before, atol=1e-4)

    def test_a_twist_that_is_no_number_is_refused(self, arm, clock) -> None:
        with arm:
            before = self.true_T_BE()
            with pytest.raises(GeometryError):
                arm.command_twist(np.array([0.0, 0.0, np.nan, 0.0, 0.0, 0.0]))
            clock.sleep_until(clock.now_s() + 0.2)
            assert self.true_T_BE().is_close(before, 5e-4, 1e-3)

    def test_leaving_does_not_hide_an_error(self, arm) -> None:
        with pytest.raises(KeyError, match="mine"), arm:
            raise KeyError("mine")


class ObservedArmContract(ArmContract):
    """An arm whose other end shows what it was told: any simulator and emulator.

    Back door, since the arm was connected: ``first_velocity`` is the first that it was told to move
    at, of tool or joints; ``first_joint_step`` leads from the measured joints, (n,), to the first
    target of a path, in rad.
    """

    def first_velocity(self):
        raise NotImplementedError

    def first_joint_step(self, measured):
        raise NotImplementedError

    def test_a_stream_of_twists_begins_at_rest(self, arm, clock) -> None:
        before = self.true_T_BE()
        with arm:
            clock.sleep_until(clock.now_s() + 0.05)
            self.stream(arm, clock, np.array([0.0, 0.0, -0.1, 0.0, 0.0, 0.0]), 0.3)
        assert self.true_T_BE().translation_to_m(before) > 0.01
        np.testing.assert_allclose(self.first_velocity(), 0.0, atol=2e-3)

    def test_the_first_joint_target_is_the_measured_joints(self, arm) -> None:
        with arm:
            measured = self.true_joints()
            start = arm.state().joints + 0.01
            arm.follow(_smooth(start, start + 0.05, 0.5))
            np.testing.assert_allclose(self.true_joints(), start + 0.05, atol=2e-3)
        np.testing.assert_allclose(self.first_joint_step(measured), 0.0, atol=1e-4)


class GripperContract:
    """Fixtures: ``gripper`` (not connected, empty) and ``clock``. Back door: ``true_width_m``."""

    full_width_m: float
    time_to_move_s = 1.5
    max_age_s = 0.0  # of a state
    stop_slack_m = 0.003  # between the order to stop and rest

    def test_nothing_works_outside_with(self, gripper) -> None:
        for call in (gripper.state, gripper.stop, lambda: gripper.command(0.0)):
            with pytest.raises(NotConnectedError):
                call()

    @pytest.mark.parametrize("opening", [0.0, 0.35, 1.0])
    def test_the_opening_is_a_fraction_0_closed_1_open(self, gripper, clock, opening) -> None:
        with gripper:
            gripper.command(0.5)
            clock.sleep_until(clock.now_s() + self.time_to_move_s)
            gripper.command(opening)
            clock.sleep_until(clock.now_s() + self.time_to_move_s)
            state = gripper.state()
            assert 0.0 <= clock.now_s() - state.t_s <= self.max_age_s
            assert state.command == opening
            assert state.opening == pytest.approx(opening, abs=0.02)
            assert self.true_width_m() == pytest.approx(opening * self.full_width_m, abs=0.002)

    def test_a_command_returns_at_once(self, gripper, clock) -> None:
        with gripper:
            gripper.command(1.0)
            clock.sleep_until(clock.now_s() + self.time_to_move_s)
            t_s = clock.now_s()
            gripper.command(0.0)
            assert clock.now_s() - t_s < 0.05
            assert gripper.state().opening > 0.5

    def test_stop_ends_the_motion(self, gripper, clock) -> None:
        with gripper:
            gripper.command(1.0)
            clock.sleep_until(clock.now_s() + self.time_to_move_s)
            gripper.command(0.0)
            clock.sleep_until(clock.now_s() + 0.2)
            gripper.stop()
            before_m = self.true_width_m()
            clock.sleep_until(clock.now_s() + 0.5)
            assert self.true_width_m() == pytest.approx(before_m, abs=self.stop_slack_m)
            assert 0.1 < gripper.state().opening < 0.95

    @pytest.mark.parametrize("opening", [-0.1, 1.1, float("nan")])
    def test_what_is_no_fraction_is_refused(self, gripper, opening) -> None:
        with gripper, pytest.raises(GeometryError, match="fraction"):
            gripper.command(opening)


class CameraContract:
    """Fixtures: ``camera`` (not connected) and ``clock``.

    Back door: ``true_depth_m(u, v)`` of what stands still in view, and ``true_T_WC``.
    """

    depth_tolerance_m = 0.01
    probes_uv = ((320, 240), (200, 300), (450, 300))

    def test_reading_needs_with(self, camera) -> None:
        with pytest.raises(NotConnectedError):
            camera.read(1.0)

    def test_depth_is_metres_along_the_optical_axis(self, camera) -> None:
        with camera:
            rgbd = camera.read(1.0)
        for u, v in self.probes_uv:
            patch = rgbd.depth_m[v - 3 : v + 4, u - 3 : u + 4]
            measured = float(np.median(patch[patch > 0]))
            assert measured == pytest.approx(self.true_depth_m(u, v), abs=self.depth_tolerance_m)

    def test_a_frame_is_fresh_and_knows_its_pose(self, camera, clock) -> None:
        with camera:
            rgbd = camera.read(0.5)
            assert 0.0 <= clock.now_s() - rgbd.t_s <= 0.5
            assert rgbd.T_WC.is_close(self.true_T_WC(), 1e-3, 1e-3)

    def test_a_later_frame_has_a_later_time(self, camera, clock) -> None:
        with camera:
            first = camera.read(1.0)
            clock.sleep_until(clock.now_s() + 0.2)
            assert camera.read(0.1).t_s > first.t_s


class TeleopContract:
    """Fixtures: ``teleop`` (not connected) and ``clock``, on which reading never spends time.

    Back door: ``deflect`` and ``release`` are the hand on the device, ``send`` carries out what it
    asks for, ``is_connected`` is what the device's other end sees.
    """

    rate_hz = 60.0
    asks_for_twists = True
    acts_alone = False  # without a hand on it
    fastest_m_s, fastest_rad_s = 0.15, 0.7
    stops_within_s = 0.6
    deflected_for_s = 0.5

    def send(self, command) -> None:
        """Nothing, where it makes no difference."""

    def read_for(self, teleop, clock, duration_s: float, keep_deflecting: bool = False) -> list:
        commands, end_s = [], clock.now_s() + duration_s
        while clock.now_s() < end_s - 1e-9:
            if keep_deflecting:
                self.deflect(teleop)
            before_s = clock.now_s()
            commands.append(teleop.read())
            assert clock.now_s() == before_s
            self.send(commands[-1])
            clock.sleep_until(before_s + 1.0 / self.rate_hz)
        return commands

    def test_constructing_never_connects_and_reading_needs_with(self, teleop) -> None:
        assert not self.is_connected()
        with pytest.raises(NotConnectedError):
            teleop.read()
        with teleop:
            assert self.is_connected()
            teleop.read()
        assert not self.is_connected()
        with pytest.raises(NotConnectedError):
            teleop.read()

    def test_it_begins_at_rest_each_time(self, teleop, clock) -> None:
        for _ in range(2):
            with teleop:
                first = teleop.read()
                if self.asks_for_twists:
                    np.testing.assert_allclose(first.V_BE_E, 0.0, atol=1e-3)
                else:
                    assert first.V_BE_E is None
                assert first.buttons == ()
                self.read_for(teleop, clock, 0.1, keep_deflecting=True)
            self.release(teleop)

    def test_it_asks_for_motion_within_bounds_and_then_for_exact_rest(self, teleop, clock) -> None:
        with teleop:
            self.read_for(teleop, clock, 0.3)
            moving = self.read_for(teleop, clock, self.deflected_for_s, keep_deflecting=True)
            self.release(teleop)
            self.read_for(teleop, clock, self.stops_within_s)
            last = teleop.read()
        if not self.asks_for_twists:
            assert all(command.V_BE_E is None for command in [*moving, last])
            return
        speeds = [np.linalg.norm(c.V_BE_E.reshape(2, 3), axis=1) for c in moving]
        assert max(v for v, _ in speeds) > 0.005
        assert max(v for v, _ in speeds) <= self.fastest_m_s + 1e-9
        assert max(w for _, w in speeds) <= self.fastest_rad_s + 1e-9
        assert not last.V_BE_E.any()

    def test_openings_are_fractions(self, teleop, clock) -> None:
        with teleop:
            commands = self.read_for(teleop, clock, self.deflected_for_s, keep_deflecting=True)
        openings = [c.opening for c in commands if c.opening is not None]
        assert all(0.0 <= opening <= 1.0 for opening in openings)

    def test_keys_without_a_meaning_are_dropped(self, teleop) -> None:
        with teleop:
            teleop.press(["escape", "F13", "?"])
            teleop.press([])
            command = teleop.read()
        if not self.acts_alone:
            assert command.opening is None
            assert command.V_BE_E is None or not command.V_BE_E.any()
        assert command.buttons == ()

    def test_leaving_does_not_hide_an_error(self, teleop) -> None:
        with pytest.raises(KeyError, match="mine"), teleop:
            raise KeyError("mine")
        assert not self.is_connected()
